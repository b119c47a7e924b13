"""Audio as a whole when its device goes: said in sentences, with no meter and no clock that stands still."""

from __future__ import annotations

import pytest

from bridge.audio.process import Wish
from bridge.audio.system import AudioOptions, AudioSystem
from bridge.events import Notice
from bridge.ports import StreamFormat
from bridge.state import TransportState
from bridge.takes.recordings import PendingRecording, RecordingDraft
from tests.bridge.conftest import Sounding
from tests.bridge.parts import all_heard
from tests.bridge.real_parts import RATE, JackServer, until


@pytest.mark.real_parts
def test_without_a_device_nothing_plays_and_a_sentence_says_so(
    sounding: Sounding, jack: JackServer
) -> None:
    session = sounding.session
    job = session.generate("noise", seconds_total=60.0)
    ended = until(lambda: (found := session.jobs.get(job.id)).finished and found)
    session.playback.play(session.takes.get(ended.take_ids[0]))
    until(lambda: max(session.levels().out_peak, default=0.0) > 0.1, what="the meter")
    jack.kill()
    until(lambda: session.playback.state().problem, what="the news")
    until(lambda: session.playback.state().state == "waiting", what="the take to wait")
    assert session.levels().out_peak == ()
    sounding.audio.player.open_stream(StreamFormat("j", RATE, 2, RATE))
    all_heard(sounding.hub)
    said = [event.text for event in sounding.events if isinstance(event, Notice)]
    assert any("The take is made, but not heard" in text for text in said)
    assert session.playback.state().take_id == ended.take_ids[0]
    jack.start()
    until(lambda: session.playback.state().state == "playing", what="it to go on")
    until(lambda: max(session.levels().out_peak, default=0.0) > 0.1, what="the meter")


def test_the_chosen_latency_is_that_of_output_and_input() -> None:
    for latency in ("low", "high"):
        options = AudioOptions(input="microphone", latency=latency)
        audio = AudioSystem(lambda event: None, TransportState, refused, options)
        assert audio.recorder.wish == Wish(True, "microphone", latency=latency)


def refused(draft: RecordingDraft) -> PendingRecording:
    raise AssertionError(f"nothing is recorded here: {draft}")
