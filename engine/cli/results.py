"""Makes what was ordered, and says what came of it: a line for people, a path, or JSON.

A take of several that fails does not stop the others. Knows nothing of how takes are asked for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from engine.cli.making import Order, make
from engine.cli.progress import progress
from engine.errors import LongtakeError
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
        text = reason(error)
        if self.as_json:
            path = None if order.path is None else str(order.path.resolve())
            self._line(json.dumps({"path": path, "error": text}))
        note(f"{order.path} failed: {text}")

    def _line(self, text: str) -> None:
        print(text, file=self.stream, flush=True)


def make_all(orders: Sequence[Order], engine: Generates, saying: Saying) -> int:
    """Makes the takes one after the other with one engine; gives the exit code.

    Raises:
        LongtakeError: if there is one take, and it fails.
    """
    failed = made = 0
    try:
        for number, order in enumerate(orders, 1):
            if len(orders) > 1 and not saying.quiet:
                note(f"take {number} of {len(orders)}: {order.path}")
            rate = model_spec(order.spec.model).sample_rate
            shown = progress(order.spec.frames(rate), quiet=saying.quiet)
            try:
                facts = make(order, engine, shown)
            except BrokenPipeError:
                raise
            except Exception as error:
                if len(orders) == 1:
                    raise
                saying.failure(order, error)
                failed += 1
                continue
            saying.result(order, facts)
            made += 1
    except (KeyboardInterrupt, SystemExit):
        if len(orders) > 1:
            note(f"{made} of {len(orders)} takes were made; --resume goes on with the others.")
        raise
    if failed:
        note(f"{failed} of {len(orders)} takes failed; --resume tries them again.")
    return SOME_FAILED if failed else 0


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


def reason(error: Exception) -> str:
    """Why something failed, in a line."""
    return str(error) if isinstance(error, LongtakeError) else f"{type(error).__name__}: {error}"


def note(text: str) -> None:
    """Says something to whoever sits there, who may have gone."""
    try:
        print(f"longtake: {text}", file=sys.stderr, flush=True)
    except OSError:
        return
