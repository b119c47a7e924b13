"""Takes go to a DAW and a DAW's audio comes to us over OSC: with the job, afterwards, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.session import Session
from engine.sound.time_reference import time_reference
from tests.bridge.delivery.daw import Loop
from tests.bridge.parts import noise_file
from tests.bridge.rig import Peer, osc_server


@dataclass
class Studio:
    peer: Peer
    session: Session
    loop: Loop
    riff: Path


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    loop = Loop()
    riff = noise_file(tmp_path / "riff.wav")
    with osc_server(tmp_path, loop) as (server, session), Peer(server.port) as peer:
        session.daws.start(lambda daw, message: None)
        yield Studio(peer, session, loop, riff)


def there(studio: Studio) -> None:
    studio.loop.says(
        "reaper", "hello", program="Reaper 7", project="Lied", instance="i", protocol=1
    )
    studio.loop.says("reaper", "state", tempo=120.0, beat=32.0, playing=False)


def test_a_job_delivers_its_take_to_where_it_was_asked_and_says_so(studio: Studio) -> None:
    there(studio)
    pairs = ("duration", 2, "target", "reaper", "place", "beat 16", "track", "new")
    studio.peer.ask("generate", "r1", "house", *pairs, answer="ack")
    place = studio.loop.wait("place")
    assert (place["at"], place["position"], place["track"]) == ("beat", 16.0, "new")
    done = studio.peer.wait("done")
    assert done[2] == place["path"]
    # At 120 BPM; what a DAW reads that is told to import it to where it belongs.
    assert time_reference(Path(done[2])) == 8 * 44_100
    sent = studio.peer.wait("sent", where=3, is_="sent")
    assert sent[:3] == (place["id"], Path(done[2]).stem, "reaper")
    studio.loop.says("reaper", "answer", id=place["id"], ok=True, text="on track 3")
    assert studio.peer.wait("sent", where=3, is_="placed")[4] == "on track 3"


def test_the_place_is_where_the_daw_stood_when_it_was_asked(studio: Studio) -> None:
    there(studio)
    studio.peer.ask("generate", "r1", "house", "duration", 2, "place", "playhead", answer="ack")
    studio.loop.says("reaper", "state", beat=99.0)
    assert studio.loop.wait("place")["position"] == 32.0


def test_every_job_takes_a_place(studio: Studio) -> None:
    there(studio)
    pairs = ("target", "reaper", "place", "end")
    studio.session.parameters.set("prompt", "house")
    studio.peer.ask("transform", "r1", str(studio.riff), "strings", 0.5, *pairs, answer="ack")
    take = Path(str(studio.loop.wait("place")["path"])).stem
    answer(studio)
    for address, *arguments in (
        ("continue", str(studio.riff), 1.0),
        ("inpaint", str(studio.riff), 0.5, 1.0),
        ("vary", take),
        ("remake", take, 0.5, 1.0),
    ):
        studio.peer.ask(str(address), str(address), *arguments, *pairs, answer="ack")
        assert studio.loop.wait("place")["at"] == "end"
        answer(studio)
    studio.peer.send("vary", "r6", take, "steps", 3)
    assert studio.peer.wait("error")[1] == "unknown_param"


def answer(studio: Studio) -> None:
    """The DAW has placed everything it was sent."""
    for delivery in studio.session.daws.deliveries.all():
        studio.session.daws.deliveries.answered(delivery.id, ok=True)


def test_a_wrong_place_is_an_error_and_no_job(studio: Studio) -> None:
    for number, (pairs, code) in enumerate(
        (
            (("target", "cubase"), "out_of_range"),
            (("place", "end"), "bad_args"),  # No DAW is there to be meant.
            (("target", "reaper", "place", "selection"), "bad_args"),
            (("target", "reaper", "place", "moon"), "out_of_range"),
            (("target", "bitwig"), "not_loaded"),
        )
    ):
        studio.peer.send("generate", f"r{number}", "house", *pairs)
        assert studio.peer.wait("error", where=0, is_=f"r{number}")[1] == code
    assert studio.session.jobs.all() == ()


def test_a_take_is_sent_afterwards_owed_while_the_daw_is_closed_and_once(studio: Studio) -> None:
    studio.peer.ask("generate", "r1", "house", "duration", 2, answer="ack")
    studio.peer.wait("done")
    studio.peer.send("send", "r1")
    assert studio.peer.wait("error")[1] == "bad_args"
    owed = studio.peer.ask("send", "r1", "reaper", "beat 8", "below", answer="sent")
    assert owed[2:4] == ("reaper", "owed")
    there(studio)
    place = studio.loop.wait("place")
    assert (place["id"], place["position"], place["track"]) == (owed[0], 8.0, "below")
    studio.loop.says("reaper", "answer", id=owed[0], ok=False, code="locked", text="It is locked.")
    assert studio.peer.wait("sent", where=3, is_="refused")[4] == "It is locked."
    studio.peer.send("send/again", owed[0])
    again = studio.peer.wait("sent", where=3, is_="owed")
    assert again[0] != owed[0]
    assert studio.loop.wait("place")["id"] == again[0]
    answer(studio)
    studio.peer.wait("sent", where=3, is_="placed")
    studio.peer.send("send/list")
    assert studio.peer.wait("sent")[::3] == (again[0], "placed")
    assert studio.peer.wait("sent")[::3] == (owed[0], "refused")


def test_what_is_owed_is_dropped(studio: Studio) -> None:
    studio.peer.ask("generate", "r1", "house", "duration", 2, answer="ack")
    studio.peer.wait("done")
    owed = studio.peer.ask("send", "r1", "reaper", answer="sent")
    studio.peer.send("send/drop", owed[0])
    assert studio.peer.wait("sent", where=3, is_="dropped")[0] == owed[0]
    there(studio)
    studio.peer.send("send/drop", "nothing")
    assert studio.peer.wait("error")[1] == "bad_args"
    assert [m for _, m in studio.loop.sent if m["kind"] == "place"] == []


def test_daws_are_listed_and_told_when_they_come(studio: Studio) -> None:
    studio.peer.ask("subscribe", "daw", answer="subscribed")
    studio.peer.send("daw/list")
    assert studio.peer.wait("daw", where=0, is_="reaper")[1] in ("waiting", "absent")
    there(studio)
    assert studio.peer.wait("daw", where=1, is_="connected")[::2] == ("reaper", "Reaper 7, Lied")


def test_a_script_hands_audio_over_as_a_recording_and_as_a_place(studio: Studio) -> None:
    there(studio)
    selected = studio.peer.ask(
        "daw/selection", str(studio.riff), 0.5, 1.5, "Bass", 8.0, answer="daw/selected"
    )
    assert selected[1:] == (1.0, "Bass", 8.0)
    wanted = soundfile.read(studio.riff)[0][22_050:66_150]
    assert np.array_equal(soundfile.read(selected[0])[0], wanted)
    pairs = ("target", "reaper", "place", "selection", "track", "below")
    studio.peer.ask("transform", "r1", selected[0], "strings", 0.5, *pairs, answer="ack")
    place = studio.loop.wait("place")
    assert (place["position"], place["beside"], place["seconds"]) == (8.0, "Bass", 1.0)
    whole = studio.peer.ask("daw/selection", str(studio.riff), answer="daw/selected")
    assert whole == (str(studio.riff), 2.0, "", -1.0)
    for start, end in ((1.5, 1.0), (0.0, 3.0), (-1.0, 1.0)):
        studio.peer.send("daw/selection", str(studio.riff), start, end)
        assert studio.peer.wait("error")[1] == "out_of_range"
    studio.peer.send("daw/selection", "/etc/passwd")
    assert studio.peer.wait("error")[1] == "bad_path"
