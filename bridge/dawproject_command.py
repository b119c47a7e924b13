"""`longtake dawproject`: takes at their places as one project for Bitwig, Studio One and Cubase, in a terminal.

Knows words and lines; `delivery/dawproject.py` writes it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bridge.delivery.dawproject import export
from bridge.delivery.outgoing import delivery_of
from bridge.delivery_state import NEW, Delivery, Placement
from bridge.takes import sidecar
from engine.errors import AudioError, LongtakeError, SpecError
from engine.parsing import Parser
from engine.sound.targets import exists
from engine.sound.time_reference import time_reference

WRONG = 2
_LAST = 1e6


def main(argv: list[str]) -> int:
    """Runs `longtake dawproject TAKE[@BEAT] ... --out FILE`; 2 if it cannot be done."""
    arguments = _parser().parse_args(argv)
    out = Path(arguments.out).with_suffix(".dawproject")
    try:
        if out.exists() and not arguments.force:
            raise AudioError(exists(out))
        deliveries = [_delivery(word) for word in arguments.takes]
        export(deliveries, out, _signature(arguments.signature))
    except LongtakeError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG
    sys.stdout.write(f"{out}\n")
    return 0


def _delivery(word: str) -> Delivery:
    """A take at the beat that is named with it, else where its file says it belongs, on a track of its own."""
    name, at, beat = word.rpartition("@")
    path, placement = Path(word), Placement("dawproject", track=NEW)
    if at and not path.exists():
        path = Path(name)
        placement = Placement("dawproject", "beat", _beat(beat), track=NEW)
    take = sidecar.read(path.absolute())
    if placement.at != "beat":
        samples = time_reference(path) if path.suffix.lower() == ".wav" else None
        placement = Placement("dawproject", "time", (samples or 0) / take.sample_rate, track=NEW)
    return delivery_of(take, placement)


def _beat(text: str) -> float:
    try:
        beat = float(text)
    except ValueError:
        beat = -1.0
    if not 0 <= beat <= _LAST:
        raise SpecError(f"A beat is a number of quarter notes from 0; it is {text!r}.")
    return beat


def _signature(text: str) -> tuple[int, int]:
    beats, _, unit = text.partition("/")
    if not (
        beats.isdecimal() and unit in ("1", "2", "4", "8", "16", "32") and 0 < int(beats) <= 32
    ):
        raise SpecError(f"A metre is written as 4/4 or 7/8; it is {text!r}.")
    return int(beats), int(unit)


def _parser() -> Parser:
    parser = Parser(
        prog="longtake dawproject",
        description="Writes takes at their places as one project, which Bitwig, Studio One and Cubase open.",
    )
    parser.add_argument(
        "takes",
        metavar="TAKE[@BEAT]",
        nargs="+",
        help="an audio file, and the quarter note where it begins; without, where the file says it belongs",
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="the project")
    parser.add_argument("--signature", default="4/4", metavar="N/N", help="its metre (default 4/4)")
    parser.add_argument("--force", action="store_true", help="replace a file of that name")
    return parser
