"""`longtake evaluate memorization`: does music repeat the material it was trained on (§4.5)? For any two folders.

Every window of the takes is compared with every window of the material, and so is the material with itself, since what
is in it twice is what models remember. The nearest pairs are written out to be listened to. Knows nothing of models.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.errors import AudioError, DiskError
from engine.evaluation import folders
from engine.evaluation.figures import writing
from engine.evaluation.repeats import Tally, tallied
from engine.evaluation.window_ear import WindowEar, mark_of
from engine.evaluation.window_index import Asked, WindowIndex
from engine.parsing import Parser, check_counts

STEPS = 4
"""Windows of takes begin so many times as often as those of the material: wherever in it a passage is from, one of them
begins within an eighth of a window of it."""
log = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Runs the command.

    Raises:
        LongtakeError: with a sentence for the user.
    """
    arguments = _parser().parse_args(list(argv))
    check_counts(arguments, "closest", "excerpts", least=0)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    folders.need("matplotlib")
    clap = arguments.clap or _own_clap()
    ear = _opened(clap, arguments.device)
    out: Path = arguments.out
    # Said before hours of listening, not after.
    for folder in (arguments.takes, arguments.material, *filter(None, [arguments.beside])):
        folders.check_some(folder)
    index_folder = arguments.index or out / "index"
    with writing(out), WindowIndex(index_folder, ear.width(), mark_of(clap)) as index:
        unread = listened(index, ear, arguments.material)
        if not index.windows:
            raise AudioError(
                f"Nothing can be heard in {arguments.material}; give a folder of music."
            )
        found = judged(index, ear, arguments)
        from engine.evaluation.memorization_report import report

        report(found, arguments, unread, out)
    log.info("the report is in %s", out / "README.md")
    return 0


def listened(index: WindowIndex, ear: WindowEar, material: Path) -> int:
    """Brings the index up to date with a folder; returns how many files could not be read.

    What is in it already and did not change is not heard again, so that it goes on where it was stopped.
    """
    gone = index.forget(lambda name: not (material / name).is_file())
    if gone:
        log.info("%d sounds are gone from the material", gone)
    unread = new = 0
    for path in folders.walk(material):
        name = path.relative_to(material).as_posix()
        try:
            facts = path.stat()
            if index.has(name, facts.st_size, facts.st_mtime_ns):
                continue
            index.add(name, facts.st_size, facts.st_mtime_ns, ear.windows(path))
            new += 1
        except DiskError:
            raise
        except (AudioError, OSError) as error:
            unread += 1
            log.warning("left out: %s", error)
        if new and new % 100 == 0:
            log.info("%d sounds heard, %d in the index", new, index.sounds)
    log.info("%d sounds in the index, %d windows", index.sounds, index.windows)
    return unread


def judged(index: WindowIndex, ear: WindowEar, arguments: argparse.Namespace) -> dict[str, Tally]:
    """Who was asked -> how near they come to the material."""
    found: dict[str, Tally] = {}
    asked = {"takes": arguments.takes, "beside": arguments.beside}
    for name, folder in asked.items():
        if folder is not None:
            matches = index.matches(heard(ear, folder), arguments.device)
            found[name] = tallied(matches, arguments.replica, arguments.closest)
            if not found[name].windows:
                raise AudioError(
                    f"Nothing of {folder} could be compared; give recordings in which something sounds."
                )
    if not arguments.no_repeats:
        matches = index.matches(index.all(), arguments.device)
        found["material"] = tallied(matches, arguments.replica, arguments.closest)
    return found


def heard(ear: WindowEar, folder: Path) -> Iterator[Asked]:
    """The windows of every recording in a folder; those that cannot be read are left out, and said."""
    for path in folders.walk(folder):
        name = path.relative_to(folder).as_posix()
        try:
            for start, vector in ear.windows(path, STEPS):
                yield Asked(name, start, vector)
        except AudioError as error:
            log.warning("left out: %s", error)


def _own_clap() -> Path:
    from engine.model_files import find_weights
    from engine.registry import model_spec

    return find_weights(model_spec("sketch"), None) / "clap"


def _opened(folder: Path, device: str) -> WindowEar:
    from engine.locked_clap import open_clap

    try:
        return WindowEar(open_clap(folder), device)
    except (RuntimeError, AssertionError) as error:
        # Torch says in many lines that there is no such device.
        raise AudioError(f"There is no device {device!r} here; use cpu, cuda or mps.") from error


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="longtake evaluate memorization",
        description="Looks for passages of the material in takes, and for repeats in the material itself.",
    )
    add = parser.add_argument
    add("--takes", type=Path, required=True, help="folder of generated music")
    add("--material", type=Path, required=True, help="folder of the training material")
    add("--beside", type=Path, help="folder of music that was not trained on, for comparison")
    add("--out", type=Path, default=Path("memorization"), help="(default: memorization)")
    add("--index", type=Path, help="folder of the index, for reuse (default: OUT/index)")
    add("--clap", type=Path, help="folder of a CLAP (default: the embedded model's)")
    add("--device", default="cpu", help="cpu, cuda or mps")
    add(
        "--replica", type=float, default=0.001, help="distance of what is the same (default: 0.001)"
    )
    add("--closest", type=int, default=50, help="pairs in the report (default: 50)")
    add("--excerpts", type=int, default=10, help="of them to listen to (default: 10)")
    add("--no-repeats", action="store_true", help="do not compare the material with itself")
    return parser
