"""Device names and choices, from lists as PortAudio gives them on the three systems."""

from __future__ import annotations

from typing import Any

from bridge.audio.devices import audio_devices, choose, found_under
from bridge.state import AudioDevice


def device(
    name: str, api: int, inputs: int, outputs: int, rate: float = 48_000.0
) -> dict[str, Any]:
    return {
        "name": name,
        "hostapi": api,
        "max_input_channels": inputs,
        "max_output_channels": outputs,
        "default_samplerate": rate,
    }


def api(name: str, default_input: int, default_output: int) -> dict[str, Any]:
    return {
        "name": name,
        "default_input_device": default_input,
        "default_output_device": default_output,
    }


WINDOWS = [
    device("Speakers (USB)", 0, 0, 2, 44_100.0),
    device("Speakers  (USB)", 1, 0, 2),
    device("Microphone", 1, 1, 0),
    device("Speakers (USB)", 1, 0, 2),
    device("Nothing", 1, 0, 0),
]
WINDOWS_APIS = [api("MME", -1, 0), api("Windows WASAPI", 2, 1)]


def test_ids_are_readable_and_unique_and_doubtful_host_apis_come_last() -> None:
    found = list(audio_devices(WINDOWS, WINDOWS_APIS))
    assert [d.id for d in found] == [
        "WASAPI: Speakers (USB)",
        "WASAPI: Microphone",
        "WASAPI: Speakers (USB) (2)",
        "MME: Speakers (USB)",
    ]
    assert [d.sample_rate for d in found] == [48_000, 48_000, 48_000, 44_100]


def test_each_device_keeps_portaudios_number() -> None:
    for found, index in audio_devices(WINDOWS, WINDOWS_APIS).items():
        assert " ".join(WINDOWS[index]["name"].split()) == found.name


def test_the_default_is_that_of_the_first_useful_host_api_and_only_one() -> None:
    found = audio_devices(WINDOWS, WINDOWS_APIS)
    assert [d.id for d in found if d.default_output] == ["WASAPI: Speakers (USB)"]
    only_mme = audio_devices(WINDOWS[:1], WINDOWS_APIS[:1])
    assert [d.id for d in only_mme if d.default_output] == ["MME: Speakers (USB)"]
    chosen = choose(found, "", output=True)
    assert chosen and chosen.default_output


def test_a_device_is_chosen_by_id_then_by_name_and_never_for_the_wrong_side() -> None:
    found = audio_devices(WINDOWS, WINDOWS_APIS)
    by_id = choose(found, "WASAPI: Speakers (USB) (2)", output=True)
    assert by_id and found[by_id] == 3
    by_name = choose(found, "Speakers (USB)", output=True)
    assert by_name and by_name.id == "WASAPI: Speakers (USB)"
    assert choose(found, "Microphone", output=True) is None
    only_input = choose(found, "", output=False)
    assert only_input and only_input.name == "Microphone"
    assert choose([], "", output=True) is None


def test_a_look_beside_open_streams_keeps_those_and_forgets_what_went() -> None:
    usb, line, gone, jack = (
        AudioDevice(name, name, api, 2, 2, 48_000)
        for name, api in (("usb", "ALSA"), ("line", "ALSA"), ("gone", "ALSA"), ("system", "JACK"))
    )
    busy = AudioDevice("usb", "usb", "ALSA", 2, 0, 48_000)
    assert found_under((usb, gone), (busy, line), [usb], jack=False) == (usb, line)
    assert found_under((usb, gone), (line,), [usb], jack=False) == (line, usb)
    assert found_under((jack, gone), (line,), [jack], jack=True) == (line, jack)
