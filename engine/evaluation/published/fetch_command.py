"""`longtake evaluate fetch judges | song-describer`: what the published metrics need and Longtake may not bring along.

Knows nothing of how it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.parsing import Parser


def main(argv: Sequence[str]) -> int:
    """Runs the command; `argv` are the arguments after its name.

    Raises:
        CheckpointError: if a server cannot be reached, or what came is damaged.
    """
    from engine.evaluation.published.judges_files import download_judges, judges_folder
    from engine.evaluation.published.song_describer import (
        fetch_song_describer,
        song_describer_folder,
    )
    from engine.public.hub import Hub

    arguments = _parser().parse_args(list(argv))
    if arguments.what == "judges":
        download_judges(judges_folder(), Hub())
        print(f"The judges are in {judges_folder()}.")  # noqa: T201
    else:
        folder = arguments.to or song_describer_folder()
        fetch_song_describer(folder, audio=not arguments.captions_only)
        print(f"The Song Describer Dataset is in {folder}.")  # noqa: T201
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="longtake evaluate fetch",
        description="Downloads what 'longtake evaluate --judges public' needs: the judges' weights, and the paper's "
        "prompts and recordings.",
    )
    parser.add_argument("what", choices=("judges", "song-describer"))
    parser.add_argument(
        "--to", type=Path, help="song-describer: folder for it (default: Longtake's own)"
    )
    parser.add_argument(
        "--captions-only",
        action="store_true",
        help="song-describer: the lists without the recordings",
    )
    return parser
