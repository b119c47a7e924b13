"""Writes the corpus to disk: `python -m engine.training.corpus --out DIR --hours H --seed S --first K`.

Each item is `<kind>_<seed>.wav` (int16, 44.1 kHz, stereo) beside `<kind>_<seed>.json` (its facts). Existing items
are kept, so that a run can be resumed. Seeds divisible by 50 are held out: never train on them.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from engine.composing.arrangement import KINDS
from engine.composing.composer import compose
from engine.composing.instruments import INSTRUMENTS
from engine.composing.mix import DRUMS, casting
from engine.composing.score import Score
from engine.parsing import Parser
from engine.training.corpus.items import write_item
from engine.training.corpus.renderer import render


def existing(directory: Path, seed: int) -> float | None:
    """Length of this seed's item, s; None if it does not exist or is incomplete."""
    for kind in KINDS:
        path = directory / f"{kind}_{seed:06d}.json"
        if path.exists():
            return float(json.loads(path.read_text(encoding="utf-8"))["seconds"])
    return None


def plays_alone(seed: int) -> bool:
    """Whether this seed's piece is a solo of an instrument other than drums."""
    soloist = casting(seed).soloist
    return soloist is not None and soloist not in DRUMS


def main(arguments: list[str] | None = None) -> None:
    """Renders consecutive seeds until there are enough hours or items."""
    parser = Parser(prog="python -m engine.training.corpus", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="directory of the items")
    parser.add_argument(
        "--hours", type=float, default=1.0, help="stop after so many hours of audio"
    )
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--first", type=int, default=None, help="stop after so many seeds")
    parser.add_argument("--style", default=None, help="only this style")
    parser.add_argument("--alone", action="store_true", help="only one instrument, not drums")
    parser.add_argument(
        "--instrument", choices=sorted(INSTRUMENTS), help="only this one, alone", metavar="NAME"
    )
    parser.add_argument("--scores", action="store_true", help="with what is played in the JSON")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    started, total, made, seed = time.monotonic(), 0.0, 0.0, options.seed
    items = 0
    while total < options.hours * 3600 and (
        options.first is None or seed < options.seed + options.first
    ):
        soloist = casting(seed).soloist
        if (options.alone and not plays_alone(seed)) or options.instrument not in (None, soloist):
            seed += 1
            continue
        seconds = existing(options.out, seed)
        if seconds is None:
            piece = compose(seed, options.style)
            facts = piece.metadata()
            if options.scores:
                facts["score"] = Score.of(piece).to_dict()
            write_item(options.out, f"{piece.kind}_{seed:06d}", render(piece), facts)
            seconds = piece.seconds
            made += seconds
        total += seconds
        seed += 1
        items += 1
        if items % 50 == 0:
            pace = made / max(1e-6, time.monotonic() - started)
            print(
                f"{items} items, {total / 3600:.2f} h, {pace:.0f} x real time",
                flush=True,
            )
    print(f"{items} items, {total / 3600:.2f} h: done", flush=True)


if __name__ == "__main__":
    main()
