"""Audio devices by readable names, from what PortAudio lists; and which of them an id means.

Pure functions of PortAudio's lists. An id is host API and name, since numbers change whenever something is plugged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bridge.state import AudioDevice

_SHORT = {
    "JACK Audio Connection Kit": "JACK",
    "Windows WASAPI": "WASAPI",
    "Windows DirectSound": "DirectSound",
    "Windows WDM-KS": "WDM-KS",
}
_DOUBTFUL = ("Windows WDM-KS", "MME", "Windows DirectSound")
"""Host APIs whose devices another one shows better; listed last."""


def audio_devices(
    devices: Sequence[Mapping[str, Any]], host_apis: Sequence[Mapping[str, Any]]
) -> dict[AudioDevice, int]:
    """The devices that have channels -> PortAudio's number of each, doubtful host APIs last.

    Args:
        devices: as `sounddevice.query_devices()` gives them.
        host_apis: as `sounddevice.query_hostapis()` gives them.
    """
    found: list[tuple[bool, AudioDevice, int]] = []
    seen: dict[str, int] = {}
    useful = [i for i, api in enumerate(host_apis) if api["default_output_device"] >= 0]
    useful.sort(key=lambda index: host_apis[index]["name"] in _DOUBTFUL)
    main = useful[0] if useful else -1
    for index, device in enumerate(devices):
        api = host_apis[int(device["hostapi"])]
        inputs, outputs = int(device["max_input_channels"]), int(device["max_output_channels"])
        if not inputs and not outputs:
            continue
        name = " ".join(str(device["name"]).split())
        host_api = _SHORT.get(api["name"], str(api["name"]))
        identity = f"{host_api}: {name}"
        seen[identity] = seen.get(identity, 0) + 1
        if seen[identity] > 1:
            identity = f"{identity} ({seen[identity]})"
        entry = AudioDevice(
            id=identity,
            name=name,
            host_api=host_api,
            inputs=inputs,
            outputs=outputs,
            sample_rate=round(float(device["default_samplerate"])),
            default_input=device["hostapi"] == main and index == api["default_input_device"],
            default_output=device["hostapi"] == main and index == api["default_output_device"],
        )
        found.append((api["name"] in _DOUBTFUL, entry, index))
    return {entry: index for _, entry, index in sorted(found, key=lambda item: item[0])}


def found_under(
    known: Sequence[AudioDevice],
    found: Sequence[AudioDevice],
    opened: Sequence[AudioDevice],
    *,
    jack: bool,
) -> tuple[AudioDevice, ...]:
    """All devices there are now, after a look beside open streams.

    Args:
        known: those listed before.
        found: those listed now: a device that is open may be missing, since some can be opened only once.
        opened: those that are open.
        jack: whether JACK was left out of the look; its devices stay as they were.
    """
    kept = {device.id: device for device in opened}
    kept |= {device.id: device for device in known if jack and device.host_api == "JACK"}
    now = [kept.pop(device.id, device) for device in found]
    return (*now, *(device for device in known if device.id in kept))


def choose(devices: Iterable[AudioDevice], wanted: str, *, output: bool) -> AudioDevice | None:
    """The device an id means: the same id, else the same name elsewhere; '' means the system's default."""
    usable = [d for d in devices if (d.outputs if output else d.inputs)]
    if wanted:
        right = [d for d in usable if d.id == wanted] or [d for d in usable if d.name == wanted]
    else:
        right = [d for d in usable if (d.default_output if output else d.default_input)] or usable
    return right[0] if right else None
