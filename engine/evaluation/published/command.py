"""`longtake evaluate --judges public`: a model, or a folder of takes, before the judges of the paper's Tables 2 and 3.

Takes are kept and resumed; the report is a folder with README.md and figures.json. Knows nothing of how judges hear.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import SpecError
from engine.parsing import Parser
from engine.registry import model_spec

if TYPE_CHECKING:
    from engine.evaluation.published.judging import Heard, Judges
    from engine.evaluation.published.prompts import Prompt
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
        LongtakeError: with a sentence for the user; missing weights and lists are said before any take is made.
    """
    from engine.evaluation.published.judges_files import check_there, judges_folder
    from engine.evaluation.published.judging import Judges, judged, listen
    from engine.precision import device_named

    began = time.monotonic()
    weights = arguments.judges_folder or judges_folder()
    if judges is None:
        check_there(weights)
    prompts = _prompts(arguments)
    out: Path = arguments.out
    device = device_named(arguments.device)
    figures: dict[str, Any] = {"about": _about(arguments, command, device.type)}
    if arguments.takes is None:
        figures |= _made(prompts, arguments, model)
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

    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "figures.json", json.dumps(figures, ensure_ascii=False, indent=1) + "\n")
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
    return prompts[: arguments.limit] if arguments.limit else prompts


def _about(arguments: argparse.Namespace, command: str, device: str) -> dict[str, Any]:
    spec = None if arguments.takes else model_spec(arguments.model)
    longest = spec.max_seconds if spec else arguments.seconds
    return {
        "model": spec.name if spec else arguments.takes.name,
        "seconds": min(arguments.seconds, longest),
        "command": command.strip(),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": device,
    }


def _made(
    prompts: Sequence[Prompt], arguments: argparse.Namespace, model: LatentDiffusion | None
) -> dict[str, Any]:
    """Makes the takes that are missing, and what the autoencoder makes of recordings where that is asked for.

    The model is freed at the end: the judges may need the memory.
    """
    from engine.engine import Engine, load_model
    from engine.evaluation.published.reconstructing import reconstructed
    from engine.evaluation.published.takes import Asked, make_takes
    from engine.model_files import find_weights

    if arguments.autoencoder and arguments.reference is None:
        raise SpecError(
            "The autoencoder is judged by recordings: give their folder with --reference."
        )
    spec = model_spec(arguments.model)
    model = model or load_model(spec, find_weights(spec, arguments.weights))
    engine = Engine(arguments.device, load=lambda _: model)
    seconds = min(arguments.seconds, spec.max_seconds)
    asked = Asked(spec.name, seconds, arguments.seed, arguments.steps, arguments.cfg_scale)
    figures: dict[str, Any] = {"made": make_takes(engine, prompts, asked, arguments.out / "takes")}
    if arguments.autoencoder:
        names = [prompt.reference for prompt in prompts]
        placed = model.autoencoder.to(engine.device)
        figures["autoencoder"] = reconstructed(
            placed, list(dict.fromkeys(names)), arguments.reference
        )
    engine.unload()
    return figures


def _reference(judges: Judges, prompts: Sequence[Prompt], folder: Path | None) -> Heard | None:
    """Each recording once, however many captions it has."""
    from engine.evaluation.published.judging import listen

    if folder is None:
        return None
    names = list(dict.fromkeys(prompt.reference for prompt in prompts))
    return listen(judges, names, folder, texts=False)


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
        "--seconds", type=float, default=SECONDS, help="length of the takes (default: 120)"
    )
    parser.add_argument("--steps", type=int, help="steps of diffusion (default: the model's)")
    parser.add_argument("--cfg-scale", type=float, help="guidance (default: the model's)")
    parser.add_argument("--limit", type=int, help="only so many prompts, from the first on")
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
