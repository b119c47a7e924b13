"""Laws of the input that two may want: open as long as one of them does, and never taken from under the other.

And of a process that has nothing to do.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bridge.audio import supervisor
from bridge.audio.process import Wish
from bridge.audio.supervisor import AudioSupervisor
from bridge.errors import BridgeError
from tests.bridge.real_parts import until

MIC, LINE = Wish(True, "mic"), Wish(True, "line")


@pytest.fixture
def audio() -> AudioSupervisor:
    return AudioSupervisor(lambda told: None)


def test_an_input_stays_open_until_nobody_wants_it(audio: AudioSupervisor) -> None:
    audio.want("input", MIC, "live")
    audio.want("input", Wish(True, "mic", latency="low"))
    assert audio.wish("input") == MIC  # What is open is not opened again.
    audio.want("input", Wish(), "live")
    assert audio.wish("input").device == "mic" and audio.wish("input").on
    audio.want("input", Wish())
    assert not audio.wish("input").on


def test_another_input_than_the_one_in_use_is_refused_with_a_sentence(
    audio: AudioSupervisor,
) -> None:
    audio.want("input", MIC, "live")
    with pytest.raises(BridgeError, match="The input mic is in use") as error:
        audio.want("input", LINE)
    assert error.value.code == "busy" and audio.wish("input") == MIC
    audio.want("input", Wish())  # Whoever has none may say so.
    assert audio.wish("input") == MIC
    audio.want("input", LINE, "live")  # One's own is changed at will.
    assert audio.wish("input") == LINE
    audio.want("input", Wish(), "live")
    audio.want("input", MIC)
    assert audio.wish("input") == MIC


def test_a_process_without_an_audio_system_lives_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(supervisor, "STILL", 3)
    audio = AudioSupervisor(lambda told: None)
    audio.start()
    try:
        until(lambda: "install PortAudio" in audio.told.problem, what="its sentence")
        before = audio.pid
        time.sleep(20 * supervisor.LOOKED)
        assert before and audio.pid == before
    finally:
        audio.close()
