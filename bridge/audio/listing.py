"""The lists of PortAudio, whatever a device is called; and made anew by a short-lived process while streams are open.

PortAudio lists devices once, when it starts, and it cannot start again under a stream. So whoever has one open asks
another process. Run as a file by its path, this is that process: it knows nothing but `sounddevice`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

Lists = tuple[list[dict[str, Any]], list[dict[str, Any]]]
"""Devices and host APIs, as `sounddevice` gives them."""
WITHIN = 20.0
"""Seconds a look may take; a driver that takes longer hangs, and its process is ended."""


def lists(sd: Any) -> Lists:
    """Both lists of a PortAudio that runs; a name that is no UTF-8 is read as far as it is."""
    devices = [_device(sd, index) for index in _counted(sd)]
    return devices, [dict(api) for api in sd.query_hostapis()]


def look(*, asio: bool = False, jack: bool = True) -> Lists | None:
    """What a new PortAudio lists; None if it cannot.

    Args:
        asio: whether ASIO devices count (Windows).
        jack: whether to look for JACK; each look is a client that comes and goes in its graph.
    """
    environment = dict(os.environ)
    environment["JACK_NO_START_SERVER"] = "1"
    if asio:
        environment["SD_ENABLE_ASIO"] = "1"
    if not jack:
        environment["JACK_DEFAULT_SERVER"] = "longtake-looks-at-no-server"
    try:
        found = subprocess.run(
            [sys.executable, "-P", __file__],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=WITHIN,
            check=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        devices, host_apis = json.loads(found.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return devices, host_apis


def _counted(sd: Any) -> range:
    return range(max(0, int(sd._lib.Pa_GetDeviceCount())))


def _device(sd: Any, index: int) -> dict[str, Any]:
    try:
        return dict(sd.query_devices(index))
    except UnicodeDecodeError:
        info = sd._lib.Pa_GetDeviceInfo(index)
        return {
            "name": sd._ffi.string(info.name).decode(errors="replace"),
            "hostapi": int(info.hostApi),
            "max_input_channels": int(info.maxInputChannels),
            "max_output_channels": int(info.maxOutputChannels),
            "default_samplerate": float(info.defaultSampleRate),
        }


def _main() -> None:
    import sounddevice  # pyright: ignore[reportMissingTypeStubs]

    sys.stdout.write(json.dumps(lists(sounddevice)))


if __name__ == "__main__":
    _main()
