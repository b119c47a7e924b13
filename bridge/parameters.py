"""The parameters of the next job: what a musician has set, over the defaults of the table in `engine.spec`.

Knows nothing of jobs or presets. Any thread may call it; every change is told as `ParameterChanged`.
"""

from __future__ import annotations

import threading
from typing import Any

from bridge.errors import BridgeError
from bridge.events import ParameterChanged, Publish
from engine.errors import SpecError, choices
from engine.registry import model_spec
from engine.spec import DEFAULTS, PARAMETERS, converted


class Parameters:
    """Values by the names of `PARAMETERS`; None leaves the choice to the model."""

    def __init__(self, publish: Publish) -> None:
        """Starts with every default."""
        self._publish = publish
        self._lock = threading.Lock()
        self._chosen: dict[str, Any] = {}

    def all(self) -> dict[str, Any]:
        """Every parameter with its present value."""
        return DEFAULTS | self.chosen()

    def chosen(self) -> dict[str, Any]:
        """Only those that were set."""
        with self._lock:
            return dict(self._chosen)

    def get(self, name: str) -> Any:
        """One parameter's present value.

        Raises:
            BridgeError: `unknown_param`.
        """
        _check(name)
        with self._lock:
            return self._chosen.get(name, DEFAULTS[name])

    def set(self, name: str, value: Any) -> None:
        """Sets a parameter; None gives it its default back, and the choice to the model where that is none.

        Raises:
            BridgeError: `unknown_param`, or `out_of_range` with the range.
        """
        _check(name)
        if value is None:
            self._take_back(name)
            return
        try:
            value = converted(name, value)
            _check_order(name, value)
            if name == "model":
                model_spec(value)
        except SpecError as error:
            raise BridgeError("out_of_range", str(error)) from error
        if value is None:  # It was asked to be drawn.
            self._take_back(name)
            return
        with self._lock:
            self._chosen[name] = value
            self._publish(ParameterChanged(name, value))

    def _take_back(self, name: str) -> None:
        with self._lock:
            self._chosen.pop(name, None)
            self._publish(ParameterChanged(name, DEFAULTS[name]))

    def reset(self) -> None:
        """Gives every parameter its default back."""
        with self._lock:
            names, self._chosen = list(self._chosen), {}
            for name in names:
                self._publish(ParameterChanged(name, DEFAULTS[name]))


def _check(name: str) -> None:
    if name not in PARAMETERS:
        raise BridgeError(
            "unknown_param", f"Unknown parameter {name}; known are {choices(PARAMETERS)}."
        )


def _check_order(name: str, value: Any) -> None:
    """Refuses a pair that falls and a span without length, which would be refused by every job."""
    if value is None:
        return
    kind = PARAMETERS[name].kind
    if kind == "pair" and value[0] > value[1]:
        raise SpecError(f"{name} ascends, as 0.2 0.8; it is {value[0]:g} {value[1]:g}.")
    for start, end in value if kind == "spans" else ():
        if start >= end:
            raise SpecError(f"A span of {name} starts before it ends; it is {start:g}-{end:g}.")
