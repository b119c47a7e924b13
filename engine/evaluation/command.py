"""`longtake evaluate`: runs the parts of the paper's evaluation and writes one report with plots, in Markdown.

The figures of every part are kept in `figures.json` beside the report, so that each can be repeated on its own.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import logging
import math
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import LongtakeError
from engine.parsing import Parser, check_counts

if TYPE_CHECKING:
    from engine.evaluation.bench import Bench

NEEDED = (
    "auraloss",
    "basic_pitch",
    "librosa",
    "matplotlib",
    "mir_eval",
    "musicnn",
    "onnxruntime",
    "scipy",
    "tinysoundfont",
)
PARTS = (
    "notes",
    "harmony",
    "drums",
    "reconstruction",
    "alignment",
    "tempo",
    "composer",
    "distance",
    "instruments",
    "structure",
    "memorization",
    "transfer",
    "hygiene",
)
"""In order of execution; the last is about the takes of all others."""
COMMANDS = {
    "listening": "engine.evaluation.listening_test.command",
    "memorization": "engine.evaluation.memorization_command",
    "structure": "engine.evaluation.structure_command",
    "fetch": "engine.evaluation.published.fetch_command",
}
"""What `longtake evaluate NAME` runs besides: the module's `main`, with flags of its own."""
JUDGES = ("own", "public")
FORM = 3
"""Counts up when figures of a part change their names or meaning."""
Part = dict[str, Any]
"""Names and figures."""
log = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Runs the command; `argv` are the arguments after its name.

    Raises:
        LongtakeError: with a sentence for the user.
    """
    if argv and argv[0] in COMMANDS:
        return import_module(COMMANDS[argv[0]]).main(list(argv[1:]))
    if _judges(argv) == "public":
        return import_module("engine.evaluation.published.command").main(list(argv))
    arguments = _parser().parse_args(list(argv))
    check_counts(arguments, "pairs", least=2)
    check_counts(arguments, "seed", least=0)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise LongtakeError(
            f"An evaluation needs {', '.join(missing)}. In Longtake's folder: pip install '.[train,evaluate]' "
            "and pip install --no-deps tinysoundfont basic-pitch musicnn."
        )
    with tempfile.TemporaryDirectory(prefix="longtake-evaluate-") as temporary:
        work = arguments.work or Path(temporary)
        # Without the paths of this machine.
        shown = " ".join(Path(word).name if Path(word).is_absolute() else word for word in argv)
        evaluate(_bench(arguments, work), arguments, f"longtake evaluate {shown}")
    return 0


def _judges(argv: Sequence[str]) -> str:
    """Whose judges are asked for; whatever else is typed is read by those who know it."""
    words = [word for typed in argv for word in typed.split("=", 1)]
    return words[words.index("--judges") + 1] if "--judges" in words[:-1] else JUDGES[0]


def evaluate(bench: Bench, arguments: argparse.Namespace, command: str) -> dict[str, Any]:
    """Runs the requested parts and writes `README.md`, `figures.json` and plots to the report's folder.

    The report is updated after every part; other parts keep the figures of earlier runs.
    """
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    figures: dict[str, Any] = {}
    for name in PARTS:
        if name in arguments.parts:
            since = time.monotonic()
            found = {name: MEASURES[name](bench, out)}
            about = {
                "model": bench.model,
                "plays_scores": bench.plays_scores,
                "command": command.strip(),
                "date": datetime.now(UTC).date().isoformat(),
                "machine": f"{os.cpu_count()} CPU cores",
                "minutes": (time.monotonic() - began) / 60,
                "material": [folder.name for folder in bench.folders],
            }
            figures = _written(out, found | {"about": about})
            log.info("%s: %.0f s", name, time.monotonic() - since)
    log.info("the report is in %s", out / "README.md")
    return figures


def _written(out: Path, found: dict[str, Any]) -> dict[str, Any]:
    """Merges figures into the existing ones, and rewrites the report."""
    from engine.evaluation.report import report
    from engine.whole_files import write_whole

    table = out / "figures.json"
    before = json.loads(table.read_text()) if table.exists() else {}
    # Figures that an earlier Longtake measured otherwise are not to stand beside these.
    figures = (before if before.get("form") == FORM else {"form": FORM}) | found
    write_whole(table, json.dumps(figures, ensure_ascii=False, indent=1) + "\n")
    write_whole(out / "README.md", report(json.loads(table.read_text())))
    return figures


def _notes(bench: Bench, out: Path) -> Part:
    from engine.evaluation.notes import noted

    return noted(bench.pairs)


def _harmony(bench: Bench, out: Path) -> Part:
    from engine.evaluation.harmony import harmonies

    return harmonies(bench.pairs)


def _drums(bench: Bench, out: Path) -> Part:
    from engine.evaluation.drums import drummed

    return drummed(bench.pairs)


def _reconstruction(bench: Bench, out: Path) -> Part:
    from engine.evaluation.sounding import reconstructed

    return reconstructed(bench)


def _alignment(bench: Bench, out: Path) -> Part:
    from engine.evaluation.following import aligned

    return aligned(bench)


def _tempo(bench: Bench, out: Path) -> Part:
    from engine.evaluation import pictures
    from engine.evaluation.following import tempi

    found = tempi(bench)
    pictures.tempi(found["points"], out / "tempo.png")
    return found


def _composer(bench: Bench, out: Path) -> Part:
    from engine.evaluation.scoreless import scoreless

    return scoreless(bench)


def _distance(bench: Bench, out: Path) -> Part:
    from engine.evaluation.sounding import apart

    return apart(bench)


def _instruments(bench: Bench, out: Path) -> Part:
    from engine.evaluation.following import instruments

    return instruments(bench)


def _structure(bench: Bench, out: Path) -> Part:
    from engine.evaluation.long_takes import structures

    return structures(bench, out)


def _memorization(bench: Bench, out: Path) -> Part:
    from engine.evaluation.remembering import memorized

    return memorized(bench)


def _transfer(bench: Bench, out: Path) -> Part:
    from engine.evaluation.restyling import transferred

    return transferred(bench, out)


def _hygiene(bench: Bench, out: Path) -> Part:
    from engine.evaluation.sounding import clean

    return clean(bench)


MEASURES: dict[str, Callable[[Any, Path], Part]] = {
    "notes": _notes,
    "harmony": _harmony,
    "drums": _drums,
    "reconstruction": _reconstruction,
    "alignment": _alignment,
    "tempo": _tempo,
    "composer": _composer,
    "distance": _distance,
    "instruments": _instruments,
    "structure": _structure,
    "memorization": _memorization,
    "transfer": _transfer,
    "hygiene": _hygiene,
}


def _bench(arguments: argparse.Namespace, work: Path) -> Bench:
    from dataclasses import replace

    from engine.engine import Engine, load_model
    from engine.evaluation.bench import QUICK, Amounts, Bench
    from engine.evaluation.listening import Listener
    from engine.locked_clap import open_clap
    from engine.model_files import find_weights
    from engine.registry import model_spec

    amounts = QUICK if arguments.quick else Amounts()
    if arguments.pairs is not None:
        amounts = replace(amounts, pairs=arguments.pairs)
    spec = model_spec(arguments.model)
    amounts = amounts.within(math.floor(spec.max_seconds))
    weights = find_weights(spec, arguments.weights)
    model = load_model(spec, weights)
    clap = open_clap(arguments.clap or weights / "clap")
    return Bench(
        model=spec.name,
        engine=Engine(arguments.device, load=lambda _: model),
        autoencoder=model.autoencoder,
        listener=Listener(clap, arguments.spectra or work / "spectra"),
        folders=tuple(arguments.data),
        amounts=amounts,
        work=work,
        seed=arguments.seed,
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="longtake evaluate", description="Evaluates a model as in section 4 of the paper."
    )
    parser.add_argument("--model", default="sketch", help="which model (default: sketch)")
    parser.add_argument(
        "--judges",
        choices=JUDGES,
        default=JUDGES[0],
        help="own: what follows here; public: FD, KL and CLAP score as published, with flags of their own "
        "(longtake evaluate --judges public --help)",
    )
    parser.add_argument("--weights", type=Path, help="folder of the weights (default: installed)")
    parser.add_argument("--clap", type=Path, help="folder of a CLAP (default: the model's own)")
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        default=[],
        help="folders of training pieces and held-out recordings (default: compose a few pieces)",
    )
    parser.add_argument("--out", type=Path, default=Path("docs/sketch"), help="the report's folder")
    parser.add_argument("--work", type=Path, help="folder for rendered pieces, for reuse")
    parser.add_argument(
        "--spectra", type=Path, help="the material's spectrograms: RUN/spectra of CLAP's training"
    )
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=PARTS, help="run only these parts"
    )
    parser.add_argument("--pairs", type=int, help="number of held-out pieces and takes")
    parser.add_argument("--quick", action="store_true", help="small samples, in five minutes")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps")
    parser.add_argument("--seed", type=int, default=1, help="seed of all takes and random choices")
    return parser
