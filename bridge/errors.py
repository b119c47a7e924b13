"""Errors of the bridge: a sentence for people and a code for programs (`/longtake/error`).

Knows nothing of sockets or jobs. Codes are those that `/longtake/error` documents and no others.
"""

from __future__ import annotations

from typing import Literal

from engine.errors import AudioError, CheckpointError, LongtakeError, PresetError, SpecError

Code = Literal[
    "unknown_address",
    "bad_args",
    "unknown_param",
    "out_of_range",
    "bad_path",
    "not_audio",
    "too_long",
    "not_loaded",
    "busy",
    "queue_full",
    "no_device",
    "engine",
    "io",
    "cancelled",
    "timeout",
    "internal",
]


class BridgeError(LongtakeError):
    """A call that the bridge cannot carry out now: `code` for programs, the sentence for people."""

    def __init__(self, code: Code, sentence: str) -> None:
        """Keeps code and sentence; both survive pickling between processes."""
        super().__init__(code, sentence)
        self.code: Code = code

    def __str__(self) -> str:
        """The sentence alone."""
        return str(self.args[1])


class EngineDied(BridgeError):
    """The engine process ended in the middle of a take, or hung and was ended; the next job gets a new one."""

    def __init__(self, sentence: str, code: Code = "engine") -> None:
        """Has the code `engine`, or `timeout` if it hung."""
        super().__init__(code, sentence)

    def __reduce__(self) -> tuple[type[EngineDied], tuple[str, Code]]:
        """Pickles as `__init__` takes it."""
        return EngineDied, (str(self), self.code)


def code_of(error: BaseException) -> Code:
    """The code under which an error is answered; errors that are not meant for users are `internal`."""
    if isinstance(error, BridgeError):
        return error.code
    if isinstance(error, (SpecError, PresetError)):
        return "bad_args"
    if isinstance(error, AudioError):
        return "not_audio"
    if isinstance(error, CheckpointError):
        return "not_loaded"
    if isinstance(error, LongtakeError):
        return "engine"
    return "io" if isinstance(error, OSError) else "internal"


def no_device(what: str) -> BridgeError:
    """What a call raises when its device is missing: no audio output, no audio input, no MIDI system."""
    return BridgeError("no_device", f"There is no {what} here; see the devices in the settings.")
