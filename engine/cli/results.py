"""Makes what was ordered, and says what came of it: a line for people, a path, or JSON.

A take of several that fails does not stop the others. Knows nothing of how takes are asked for.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from engine.cli.making import Order, make
from engine.cli.progress import Shown, progress
from engine.errors import sentence
from engine.registry import model_spec
from engine.updates import Generates

SOME_FAILED = 1
_FACTS = (
    "seconds",
    "sample_rate",
    "channels",
    "true_peak_db",
    "loudness_lufs",
    "render_seconds",
    "batch",
    "remarks",
)
"""What of a sidecar is in the JSON line of a take, besides path and seed."""


@dataclass(frozen=True, slots=True)
class Saying:
    """How results are said: to where, as JSON, or as little as possible."""

    stream: TextIO
    as_json: bool = False
    quiet: bool = False

    def result(self, order: Order, facts: dict[str, Any]) -> None:
        """One line about a finished take."""
        if self.as_json:
            told = {name: facts[name] for name in _FACTS if name in facts}
            path = None if order.path is None else str(order.path.resolve())
            self._line(json.dumps({"path": path, "seed": facts["spec"]["seed"]} | told))
        elif not self.quiet:
            self._line(summary(order.path, facts))
        elif order.path is not None:
            self._line(str(order.path))

    def failure(self, order: Order, error: Exception) -> None:
        """One line about a take that failed."""
        text = sentence(error)
        if self.as_json:
            path = None if order.path is None else str(order.path.resolve())
            self._line(json.dumps({"path": path, "error": text}))
        note(f"{order.path} failed: {text}")

    def _line(self, text: str) -> None:
        print(text, file=self.stream, flush=True)


def make_all(
    orders: Sequence[Order],
    engine: Generates,
    saying: Saying,
    arriving: Iterable[int] | None = None,
) -> int:
    """Makes the takes one after the other; gives the exit code.

    Args:
        orders: what is made.
        engine: makes it.
        saying: how results are said.
        arriving: numbers of orders, if they are made elsewhere, in the order in which the engine gives them.

    Raises:
        LongtakeError: if there is one take, and it fails.
    """
    made, failed = 0, list[tuple[Order, Exception]]()
    began = time.monotonic()
    elsewhere = arriving is not None
    try:
        for number, index in enumerate(range(len(orders)) if arriving is None else arriving, 1):
            order = orders[index]
            if elsewhere and number == 1:
                began = (
                    time.monotonic()
                )  # How long a cluster takes to begin says nothing of the rest.
            if len(orders) > 1 and not saying.quiet:
                left = time_left(time.monotonic() - began, number - 1, len(orders))
                note(f"take {number} of {len(orders)}: {order.path}{left}")
            rate = model_spec(order.spec.model).sample_rate
            shown = progress(order.spec.frames(rate), quiet=saying.quiet or elsewhere)
            error = _made(order, engine, saying, shown)
            if error is None:
                made += 1
                continue
            if len(orders) == 1:
                raise error
            saying.failure(order, error)
            # Its traceback would keep the memory of what failed.
            failed.append((order, error.with_traceback(None)))
    except (KeyboardInterrupt, SystemExit):
        if len(orders) > 1:
            note(f"{made} of {len(orders)} takes were made; --resume goes on with the others.")
        raise
    for order, error in failed:
        note(f"  {order.path}: {sentence(error)}")
    if failed:
        note(f"{len(failed)} of {len(orders)} takes failed; --resume tries them again.")
    return SOME_FAILED if failed else 0


def _made(order: Order, engine: Generates, saying: Saying, shown: Shown) -> Exception | None:
    """Makes a take and says so, or gives why it failed; nobody reading results any more ends all takes."""
    try:
        facts = make(order, engine, shown)
    except BrokenPipeError:
        raise
    except Exception as error:
        return error
    saying.result(order, facts)
    return None


def time_left(seconds: float, done: int, total: int) -> str:
    """How long the rest will take, once some are done; it is said of a minute or more."""
    minutes = seconds / max(done, 1) * (total - done) / 60
    if not done or minutes < 1:
        return ""
    return (
        f", about {minutes:.0f} min left" if minutes < 90 else f", about {minutes / 60:.0f} h left"
    )


def summary(path: Path | None, facts: dict[str, Any]) -> str:
    """One line about a finished take."""
    making = facts["render_seconds"] - facts.get("load_seconds", 0.0)
    loading = f" after {facts['load_seconds']:.1f} s of loading" if "load_seconds" in facts else ""
    speed = (
        f"in {making:.1f} s{loading}, {facts['seconds'] / max(making, 1e-3):.1f} times real time"
    )
    if "batch" in facts:
        speed = f"as one of {facts['batch']} at once{loading}"
    return (
        f"{path or 'standard output'}: {facts['seconds']:.3f} s of music {speed}; "
        f"true peak {facts['true_peak_db']:.1f} dB, {facts['loudness_lufs']:.1f} LUFS, "
        f"seed {facts['spec']['seed']}"
    )


def note(text: str) -> None:
    """Says something to whoever sits there, who may have gone."""
    try:
        print(f"longtake: {text}", file=sys.stderr, flush=True)
    except OSError:
        return
