"""Keeps ALSA and JACK from writing to standard error where they are looked for and are not there.

Both write half a page each time, and a MIDI system is looked for every few seconds; what is missing is said once, by
whoever looks. Knows nothing of MIDI but the library that calls them. Elsewhere than on Linux there is nothing to do.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

_TELLS = ("jack_set_error_function", "jack_set_info_function", "snd_lib_error_set_handler")


def quieten(library: str) -> None:
    """Silences the ALSA and JACK that a library is linked with; `library` is its path.

    They call whom they are given from any thread, some in the middle of their own locks, and after Python has ended:
    so it is a function of C that looks at their first text and does nothing.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError):
        nothing = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p)
        linked = ctypes.CDLL(library)
        for name in _TELLS:
            with suppress(AttributeError):  # It may be built without one of them.
                getattr(linked, name)(nothing)
