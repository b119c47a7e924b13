"""`longtake evaluate --judges public`: a model, or a folder of takes, before the judges of the paper's Tables 2 and 3.

Takes are kept and resumed; the report is a folder with README.md and figures.json. Knows nothing of how judges hear.
"""

from __future__ import annotations

import argparse
import logging
import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import SpecError
from engine.evaluation.figures import write_figures, writing
from engine.parsing import Parser, within
from engine.registry import model_spec

if TYPE_CHECKING:
    from engine.evaluation.published.judging import Heard, Judges
    from engine.evaluation.published.prompts import Prompt
    from engine.evaluation.published.takes import Asked
    from engine.latent_diffusion import LatentDiffusion

SECONDS = 120.0
"""The length that all of the paper's models were compared at."""
log = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Runs the command; `argv` are the arguments after `longtake evaluate`.

    Raises:
        LongtakeError: with a sentence for the user.
    """
    arguments = _parser().parse_args(list(argv))
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    shown = " ".join(Path(word).name if Path(word).is_absolute() else word for word in argv)
    evaluate(arguments, f"longtake evaluate {shown}")
    return 0


def evaluate(
    arguments: argparse.Namespace,
    command: str,
    model: LatentDiffusion | None = None,
    judges: Judges | None = None,
) -> dict[str, Any]:
    """Makes the takes that are missing, judges them all, and writes the report.

    Args:
        arguments: of the command.
        command: as it was typed, for the report.
        model: what makes the takes; None loads the one that is named.
        judges: who hears them; None loads those that were downloaded.

    Returns:
        The figures.

    Raises:
        LongtakeError: with a sentence for the user; what is missing, and takes of something else, are said before any
            model is loaded.
    """
    from engine.evaluation.published.judges_files import check_there, judges_folder
    from engine.evaluation.published.judging import Judges, judged, listen
    from engine.evaluation.published.takes import settle
    from engine.precision import device_named

    began = time.monotonic()
    weights = arguments.judges_folder or judges_folder()
    if judges is None:
        check_there(weights)
    prompts = _prompts(arguments)
    _check_folders(prompts, arguments)
    out: Path = arguments.out
    device = device_named(arguments.device)
    asked = None if arguments.takes else _asked(arguments, model)
    with writing(out):
        if asked:
            settle(out / "takes", prompts, asked)
    name = asked.model if asked else arguments.takes.resolve().name
    figures: dict[str, Any] = {"about": _about(name, command, device.type)}
    if asked:
        figures |= _made(prompts, asked, arguments, model)
    judges = judges or Judges.from_folder(weights, device)
    folder = arguments.takes or out / "takes"
    takes = listen(judges, [prompt.name for prompt in prompts], folder, texts=True)
    figures["judged"] = judged(
        judges, prompts, takes, _reference(judges, prompts, arguments.reference)
    )
    figures["about"]["minutes"] = (time.monotonic() - began) / 60
    _write(out, figures)
    return figures


def _write(out: Path, figures: dict[str, Any]) -> None:
    from engine.evaluation.published.report import report
    from engine.whole_files import write_whole

    with writing(out):
        write_figures(out / "figures.json", figures)
        write_whole(out / "README.md", report(figures))
    log.info("the report is in %s", out / "README.md")


def _prompts(arguments: argparse.Namespace) -> list[Prompt]:
    from engine.evaluation.published.prompts import read_prompts
    from engine.evaluation.published.song_describer import NO_SINGING, song_describer_folder

    fetched = song_describer_folder() / NO_SINGING
    if arguments.prompts is None and not fetched.is_file():
        raise SpecError(
            "There is no list of prompts: give one with --prompts, or get the paper's with "
            "'longtake evaluate fetch song-describer'."
        )
    prompts = read_prompts(arguments.prompts or fetched)
    return prompts[: arguments.limit]


def _check_folders(prompts: Sequence[Prompt], arguments: argparse.Namespace) -> None:
    from engine.evaluation.published.takes import check_some

    if arguments.autoencoder and arguments.takes is not None:
        raise SpecError(
            "--autoencoder judges a model's, and with --takes no model is run; leave out one of them."
        )
    if arguments.autoencoder and arguments.reference is None:
        raise SpecError(
            "The autoencoder is judged by recordings: give their folder with --reference."
        )
    if arguments.takes is not None:
        check_some(arguments.takes, [prompt.name for prompt in prompts], "--takes")
    if arguments.reference is not None:
        check_some(arguments.reference, _recordings(prompts), "--reference")


def _recordings(prompts: Sequence[Prompt]) -> list[str]:
    """Each once, however many captions it has."""
    return list(dict.fromkeys(prompt.reference for prompt in prompts))


def _about(name: str, command: str, device: str) -> dict[str, Any]:
    return {
        "model": name,
        "command": command.strip(),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": device,
    }


def _asked(arguments: argparse.Namespace, model: LatentDiffusion | None) -> Asked:
    """What takes are to be made with; a model that is loaded already has weights of no folder."""
    from engine.evaluation.published.takes import Asked, weights_mark
    from engine.model_files import find_weights

    spec = model_spec(arguments.model)
    return Asked(
        spec.name,
        min(arguments.seconds, spec.max_seconds),
        arguments.seed,
        arguments.steps,
        arguments.cfg_scale,
        weights_mark(find_weights(spec, arguments.weights)) if model is None else "",
    )


def _made(
    prompts: Sequence[Prompt],
    asked: Asked,
    arguments: argparse.Namespace,
    model: LatentDiffusion | None,
) -> dict[str, Any]:
    """Makes the takes that are missing, and what the autoencoder makes of recordings where that is asked for.

    The model is freed at the end: the judges may need the memory.
    """
    from engine.engine import Engine, load_model
    from engine.evaluation.published.reconstructing import reconstructed
    from engine.evaluation.published.takes import make_takes

    model = model or load_model(model_spec(asked.model), arguments.weights)
    engine = Engine(arguments.device, load=lambda _: model)
    figures: dict[str, Any] = {"made": make_takes(engine, prompts, asked, arguments.out / "takes")}
    if arguments.autoencoder:
        placed = model.autoencoder.to(engine.device)
        figures["autoencoder"] = reconstructed(placed, _recordings(prompts), arguments.reference)
    engine.unload()
    return figures


def _reference(judges: Judges, prompts: Sequence[Prompt], folder: Path | None) -> Heard | None:
    from engine.evaluation.published.judging import listen

    if folder is None:
        return None
    return listen(judges, _recordings(prompts), folder, texts=False)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="longtake evaluate",
        description="Judges takes as the paper's Tables 2, 3 and 5 do. "
        "Example: longtake evaluate --model sketch --judges public --reference song-describer/tracks",
    )
    parser.add_argument(
        "--judges", choices=("own", "public"), default="public", help="this is public"
    )
    parser.add_argument("--model", default="sketch", help="which model (default: sketch)")
    parser.add_argument(
        "--weights", type=Path, help="folder of the model's weights (default: installed)"
    )
    parser.add_argument(
        "--takes", type=Path, help="folder of takes made elsewhere; then no model is run"
    )
    parser.add_argument(
        "--prompts",
        type=Path,
        help="list of prompts: CSV, JSONL or text (default: the paper's 586)",
    )
    parser.add_argument(
        "--reference", type=Path, help="folder of the recordings that the prompts describe"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=SECONDS,
        help="length of the takes that are made (default: 120)",
    )
    parser.add_argument("--steps", type=_count, help="steps of diffusion (default: the model's)")
    parser.add_argument("--cfg-scale", type=float, help="guidance (default: the model's)")
    parser.add_argument("--limit", type=_count, help="only so many prompts, from the first on")
    parser.add_argument(
        "--autoencoder", action="store_true", help="reconstruct the recordings, too (Table 5)"
    )
    parser.add_argument(
        "--judges-folder", type=Path, help="folder of the judges' weights (default: downloaded)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("judged"), help="the report's folder, with the takes"
    )
    parser.add_argument("--device", default="auto", help="cpu, cuda, mps or auto")
    parser.add_argument("--seed", type=int, default=1, help="seed of all takes")
    return parser


def _count(word: str) -> int:
    return within(word, int, 1, math.inf, "it is a whole number, 1 or more")
