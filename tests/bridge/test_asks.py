"""What a DAW asks for becomes a job whose take goes back to where it was asked; every ask is answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.asks import Asks, placed, selection
from bridge.delivery.messages import FROM_DAW, Message, checked
from bridge.delivery_state import Part, Placement
from bridge.errors import BridgeError
from bridge.events import Event, PanelAsked, SelectionHanded
from bridge.session import Session
from engine.spec import WHOLE
from tests.bridge.delivery.daw import Loop
from tests.bridge.parts import noise_file, wait_for
from tests.bridge.rig import session_in

Fields = dict[str, str | int | float | bool]


@dataclass
class Daw:
    session: Session
    loop: Loop
    riff: Path
    told: list[Event] = field(default_factory=list)

    def asks(self, act: str, **fields: str | int | float | bool) -> None:
        self.loop.says("reaper", "ask", req="r1", act=act, **fields)

    def selected(self, start: float = 0.0, seconds: float = 2.0) -> Fields:
        """The fields of an item of the riff at beat 8 of the track Bass."""
        part: Fields = {"path.1": str(self.riff), "start.1": start, "seconds.1": seconds}
        return part | {"parts": 1, "beat": 8.0, "track": "Bass", "item": "{guid}"}


@pytest.fixture
def daw(tmp_path: Path) -> Iterator[Daw]:
    riff = noise_file(tmp_path / "riff.wav")
    loop = Loop()
    with session_in(tmp_path, loop) as (session, hub):
        asks = Asks(session, hub.publish)
        made = Daw(session, loop, riff)
        session.subscribe(made.told.append)
        asks.start()
        loop.says("reaper", "hello", program="Reaper 7", project="Lied", instance="i", protocol=1)
        loop.says("reaper", "state", tempo=120.0, beat=0.0, playing=False)
        yield made
        asks.close()


def test_generate_makes_the_bars_that_are_selected_and_places_them_there(daw: Daw) -> None:
    daw.loop.says("reaper", "state", tempo=96.0, numerator=3, denominator=4)
    daw.asks("generate", prompt="waltz", at="beat", position=12.0, length=6.0, track="new")
    job = daw.session.jobs.get(str(daw.loop.wait("ack")["job"]))
    assert (job.spec.bars, job.spec.tempo) == (2, 96.0)
    assert "waltz" in job.spec.prompt
    assert job.spec.beats_per_bar == 3
    place = daw.loop.wait("place")
    assert (place["at"], place["position"], place["track"]) == ("beat", 12.0, "new")
    assert soundfile.info(str(place["path"])).frames == round(6 * 60 / 96 * 44_100)
    assert place["beats"] == 6.0
    done = daw.loop.wait("done")
    assert (done["req"], done["path"]) == ("r1", place["path"])
    daw.loop.says("reaper", "answer", id=place["id"], ok=True, text="track 3, bar 5")
    wait_for(lambda: daw.session.daws.deliveries.all()[0].state == "placed")
    assert daw.session.daws.deliveries.all()[0].text == "track 3, bar 5"


def test_a_length_is_counted_as_the_daw_counts_whatever_the_transport_follows(daw: Daw) -> None:
    daw.loop.says("reaper", "state", tempo=96.0, numerator=3, denominator=4)
    daw.loop.says("ardour", "state", tempo=150.0, numerator=4, denominator=4)
    daw.asks("generate", prompt="waltz", at="beat", position=12.0, length=6.0, track="new")
    job = daw.session.jobs.get(str(daw.loop.wait("ack")["job"]))
    assert (job.spec.bars, job.spec.tempo, job.spec.beats_per_bar) == (2, 96.0, 3)
    assert job.placement and job.placement.seconds == 12.0 * 60.0 / 96.0
    daw.loop.says("reaper", "state", tempo=0.0, numerator=0, denominator=0)  # It counts not at all.
    daw.asks("generate", prompt="other", at="beat", position=12.0, length=6.0, track="new")
    job = daw.session.jobs.get(str(daw.loop.wait("ack")["job"]))
    assert job.spec.tempo == 150.0


def test_a_length_that_is_no_whole_bars_is_seconds(daw: Daw) -> None:
    daw.asks("generate", prompt="x", at="beat", position=0.0, length=5.0)
    job = daw.session.jobs.get(str(daw.loop.wait("ack")["job"]))
    assert (job.spec.bars, job.spec.seconds_total) == (None, 2.5)


def test_transform_takes_what_is_selected_and_lays_the_result_below_at_its_start(daw: Daw) -> None:
    daw.asks("transform", prompt="strings", strength=0.5, **daw.selected(0.5, 1.0))
    job = daw.session.jobs.get(str(daw.loop.wait("ack")["job"]))
    assert (job.kind, job.spec.init_noise_level) == ("transform", 0.5)
    source = soundfile.read(str(job.spec.init_audio))[0]
    assert np.array_equal(source, soundfile.read(daw.riff)[0][22_050:66_150])
    place = daw.loop.wait("place")
    assert (place["at"], place["position"]) == ("beat", 8.0)
    assert (place["track"], place["beside"], place["item"]) == ("below", "Bass", "{guid}")
    assert place["seconds"] == 1.0


def test_continue_and_fill_keep_what_is_there(daw: Daw) -> None:
    daw.asks("continue", prompt="house", seconds=1.5, **daw.selected())
    job = daw.session.jobs.get(str(daw.loop.wait("ack")["job"]))
    assert (job.kind, job.spec.keep, job.spec.seconds_total) == ("continue", ((0.0, 2.0),), 3.5)
    daw.loop.wait("done")
    both = daw.selected(0.0, 1.0) | {"parts": 2, "path.2": str(daw.riff), "seconds.2": 0.5}
    daw.asks("fill", prompt="house", gap_start=1.0, gap_end=2.0, **both | {"at.2": 2.0})
    job = daw.session.jobs.get(str(daw.loop.wait("ack")["job"]))
    assert (job.kind, job.spec.keep) == ("inpaint", ((0.0, 1.0), (2.0, 2.5)))


@pytest.mark.parametrize("act", ["transform", "continue", "fill"])
def test_all_that_is_selected_counts_whatever_part_of_another_recording_is_set(
    daw: Daw, act: str
) -> None:
    daw.session.parameters.set("init_span", (4.0, 12.0))
    daw.asks(act, prompt="x", seconds=1.0, gap_start=0.5, gap_end=1.0, **daw.selected())
    job = daw.session.jobs.get(str(daw.loop.wait("ack")["job"]))
    assert job.spec.init_span == WHOLE
    assert daw.loop.wait("place")["seconds"] == (3.0 if act == "continue" else 2.0)


def test_what_is_selected_is_handed_over(daw: Daw) -> None:
    daw.loop.says("reaper", "selection", **daw.selected())
    told = wait_for(lambda: [e for e in daw.told if isinstance(e, SelectionHanded)])
    assert (told[0].selection.track, told[0].selection.beat) == ("Bass", 8.0)
    assert told[0].selection.path == daw.riff


def test_a_daw_leads_the_transport_and_asks_for_the_panel(daw: Daw) -> None:
    daw.loop.says("reaper", "state", tempo=77.0, beat=3.0, playing=False)
    transport = daw.session.transport.state()
    assert (transport.source, transport.tempo, transport.beat) == ("daw", 77.0, 3.0)
    daw.loop.says("reaper", "state", tempo=5000.0)
    assert daw.session.transport.state().tempo == 77.0
    daw.asks("open")
    wait_for(lambda: PanelAsked() in daw.told)


def test_a_cancelled_ask_is_told(daw: Daw) -> None:
    daw.asks("generate", prompt="long", seconds=0.0, at="end")
    daw.loop.wait("ack")
    daw.loop.says("reaper", "cancel", req="r1")
    ended = wait_for(lambda: [m for _, m in daw.loop.sent if m["kind"] in ("error", "done")])
    assert ended[0]["req"] == "r1"


@pytest.mark.parametrize(
    ("act", "fields", "words"),
    [
        ("dance", {}, "generate"),
        ("transform", {}, "Nothing that has audio"),
        ("transform", {"parts": 1, "path.1": "/no/such.wav", "seconds.1": 1.0}, "such.wav"),
        ("transform", {"parts": 1, "path.1": "/no/such.wav"}, "seconds.1"),
        ("fill", {"parts": 1, "path.1": "x", "seconds.1": 1.0}, "no gap"),
    ],
)
def test_what_cannot_be_done_is_answered_in_a_sentence(
    daw: Daw, act: str, fields: Fields, words: str
) -> None:
    daw.asks(act, **fields)
    error = daw.loop.wait("error")
    assert error["req"] == "r1"
    assert words in str(error["text"])
    daw.asks("generate", prompt="and on it goes", at="end")
    daw.loop.wait("ack")


def test_continuing_needs_a_length(daw: Daw) -> None:
    daw.asks("continue", **daw.selected())
    assert "length" in str(daw.loop.wait("error")["text"])


def ask(**fields: str | int | float | bool) -> Message:
    return checked({"kind": "ask"} | fields, FROM_DAW)


def test_where_a_result_goes() -> None:
    words = "asked in the DAW"
    assert placed("reaper", ask(at="end", track="Bass")) == Placement(
        "reaper", "end", track="Bass", words=words
    )
    one = {"parts": 1, "path.1": "x", "seconds.1": 1.0}
    below = Placement("reaper", "beat", 8.0, track="below", beside="Bass", words=words)
    assert placed("reaper", ask(beat=8.0, track="Bass", **one)) == below
    assert placed("reaper", ask(beat=8.0, track="below", beside="Bass", **one)) == below
    taken = placed(
        "reaper", ask(beat=8.0, track="Bass", beside="Bass", form="take", item="g", **one)
    )
    assert (taken.track, taken.form, taken.item) == ("Bass", "take", "g")
    assert placed("reaper", ask(at="nowhere", form="song")).at == "playhead"


def test_a_selection_has_its_parts_in_order() -> None:
    said = {"parts": 2, "path.1": "/a", "seconds.1": 1.0, "path.2": "/b", "seconds.2": 2.0}
    found = selection("reaper", ask(beat=4.0, beside="Bass", **said | {"at.2": 1.5, "rate.2": 2.0}))
    assert found.parts == (Part(Path("/a"), 0.0, 1.0), Part(Path("/b"), 0.0, 2.0, 2.0, 1.5))
    assert (found.seconds, found.track, found.beat) == (3.5, "Bass", 4.0)
    assert selection("reaper", ask(**said)).beat is None
    for count in (0, 65, -1):
        with pytest.raises(BridgeError, match="Nothing that has audio"):
            selection("reaper", ask(**said | {"parts": count}))
