"""What requests mean: whose an id is, what buttons do, the way back to a default, the door for files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.osc.server import OscServer
from bridge.session import Session
from engine.spec import DEFAULTS, PARAMETERS
from tests.bridge.rig import Peer

Served = tuple[OscServer, Session]
SLOW = ("techno pause 0.05", "steps", 400)


@pytest.fixture
def peer(served: Served) -> Iterator[Peer]:
    with Peer(served[0].port) as client:
        yield client


def sent(peer: Peer, address: str, *arguments: tuple[str, object]) -> None:
    """Sends arguments of given types."""
    message = OscMessageBuilder(f"/longtake/{address}")
    for tag, value in arguments:
        message.add_arg(value, tag)  # type: ignore[arg-type]
    peer.raw(message.build().dgram)


# --- ids ---


def test_a_button_of_one_id_makes_a_take_at_every_press(peer: Peer) -> None:
    jobs: set[str] = set()
    for _ in range(3):
        ack = peer.ask("generate", "b1", "techno pause 0.02", "duration", 0.5, answer="ack")
        assert peer.ask("generate", "b1", "techno pause 0.02", "duration", 0.5, answer="ack") == ack
        assert peer.wait("done")[:2] == ("b1", ack[1])
        jobs.add(ack[1])
    assert len(jobs) == 3
    assert len(peer.at("done")) == 3


def test_ids_of_what_failed_and_was_cancelled_are_free(peer: Peer) -> None:
    for number in range(2):
        peer.ask("generate", "f", "fails", "duration", 0.5, answer="ack")
        assert peer.wait("error")[:2] == ("f", "not_loaded")
        peer.ask("generate", "c", *SLOW, answer="ack")
        peer.wait("progress", where=2, is_="diffuse")
        peer.send("cancel", "c")
        peer.wait("cancelled")
        assert len({ack[1] for ack in peer.at("ack")}) == 2 * (number + 1)


def test_another_client_with_the_same_id_gets_music_of_its_own(peer: Peer, served: Served) -> None:
    with Peer(served[0].port) as other:
        mine = peer.ask("generate", "1", *SLOW, answer="ack")
        yours = other.ask("generate", "1", *SLOW, answer="ack")
        assert yours[1] != mine[1]
        other.send("cancel", "1")
        assert other.wait("cancelled") == (yours[1],)
        other.send("cancel", "1")
        assert "none of yours" in other.wait("error")[2]
        assert not served[1].jobs.get(mine[1]).finished
        other.send("cancel", mine[1])
        other.wait("cancelled", where=0, is_=mine[1])


def test_an_id_means_the_clients_own_take_before_anothers(peer: Peer, served: Served) -> None:
    with Peer(served[0].port) as other, Peer(served[0].port) as third:
        for client in (peer, other):
            client.ask("generate", "1", "techno", "duration", 0.5, answer="ack")
            client.wait("done")
        mine, yours = peer.at("ack")[0][1], other.at("ack")[0][1]
        assert peer.ask("job/get", "1", answer="job")[0] == mine
        assert other.ask("job/get", "1", answer="job")[0] == yours
        assert third.ask("job/get", "1", answer="job")[0] == yours


def test_who_sends_from_new_ports_is_known_by_the_port_it_named(peer: Peer, served: Served) -> None:
    with Peer(served[0].port) as ears:
        peer.send("reply_to", "127.0.0.1", ears.port)
        ears.wait("reply_to")
        for _ in range(2):
            with Peer(served[0].port) as once:
                once.send("generate", "r1", *SLOW)
                ears.wait("ack")
        assert len(set(ears.at("ack"))) == 1
        with Peer(served[0].port) as settled:
            settled.ping()
            settled.send("cancel", "r1")
            assert "none of yours" in settled.wait("error")[2]
        with Peer(served[0].port) as once:
            once.send("cancel", "r1")
            assert ears.wait("cancelled") == (ears.at("ack")[0][1],)


def test_a_variation_asked_for_again_while_it_waits_is_one_job(peer: Peer) -> None:
    _, job, _ = peer.ask("generate", "g", "techno", "duration", 0.5, answer="ack")
    peer.wait("done")
    peer.ask("generate", "slow", *SLOW, answer="ack")
    first = peer.ask("vary", "v", job, 0.4, answer="ack")
    assert peer.ask("vary", "v", job, 0.4, answer="ack") == first
    assert peer.ask("vary", "v", job, 0.5, answer="ack") != first


def test_a_part_of_a_take_is_made_anew_by_its_own_settings(peer: Peer, served: Served) -> None:
    _, job, _ = peer.ask("generate", "g", "techno", "duration", 2.0, "steps", 3, answer="ack")
    peer.wait("done")
    peer.send("param/steps", 9)
    _, again, _ = peer.ask("remake", "r", job, 0.5, 1.0, answer="ack")
    peer.wait("done")
    spec = served[1].jobs.get(again).spec
    assert (spec.prompt, spec.steps, spec.keep) == ("techno", 3, ((0.0, 0.5), (1.0, 2.0)))
    peer.send("remake", "r", job, 0.0, 2.0)
    assert "nothing is kept" in peer.wait("error")[2]


def test_every_one_of_many_requests_gets_its_ack_or_its_error(peer: Peer) -> None:
    peer.ask("generate", "slow", *SLOW, answer="ack")
    asked = {f"r{number}" for number in range(200)}
    for name in asked:
        peer.send("generate", name, "techno")
    for number in range(100):
        asked.add(f"w{number}")
        peer.send("generate", f"w{number}", "techno", "speed", 3)
    answered: list[str] = []
    while len(answered) < len(asked):
        for message in peer.quiet(0.3) or pytest.fail(f"{len(answered)} answers only"):
            if message.address in ("/longtake/ack", "/longtake/error"):
                answered.append(str(message.arguments[0]))
    assert sorted(answered) == sorted(asked)


def test_an_error_names_the_request_as_it_is_acknowledged(peer: Peer) -> None:
    for tag, value, name in (("f", 1.0, "1"), ("i", 7, "7"), ("s", "x" * 300, "x" * 256)):
        sent(peer, "generate", (tag, value), ("s", "techno"), ("s", "speed"), ("i", 3))
        assert peer.wait("error")[0] == name
    assert peer.ask("generate", 1.0, "techno", "duration", 0.5, answer="ack")[0] == "1"


# --- buttons ---


ANSWERS = {
    "ping": "pong",
    "info": "info",
    "queue": "queue",
    "queue/clear": "queue",
    "unsubscribe": "subscribed",
    "preset/list": "preset/list",
    "model/list": "model/list",
}
PRESSES = [("f", 1.0, 0.0), ("i", 1, 0), ("d", 0.5, 0.0), ("s", "1.0", "0"), ("TF", True, False)]


@pytest.mark.parametrize(("tags", "press", "release"), PRESSES)
def test_a_button_acts_on_its_press_and_is_silent_on_its_release(
    peer: Peer, tags: str, press: object, release: object
) -> None:
    topics = {} if tags == "s" else {"subscribe": "subscribed"}  # Last, since events follow.
    for place, answer in (ANSWERS | topics).items():
        peer.heard.clear()
        sent(peer, place, (tags[-1], release))
        peer.send("help", "/longtake/help")
        peer.wait("help")
        assert [message.address for message in peer.heard] == ["/longtake/help"]
        sent(peer, place, (tags[0], press))
        peer.wait(answer)
        peer.quiet(0.05)
        assert peer.at("error") == []


def test_play_takes_a_button_and_still_takes_an_id(peer: Peer) -> None:
    sent(peer, "play", ("f", 0.0))
    sent(peer, "play", ("F", False))
    peer.ping()
    assert peer.at("error") == []
    sent(peer, "play", ("f", 1.0))
    assert peer.wait("error")[1] == "no_device"
    _, job, _ = peer.ask("generate", 1, *SLOW, answer="ack")
    sent(peer, "play", ("i", 1))
    assert f"Job {job} has made no take yet" in peer.wait("error")[2]


@pytest.mark.parametrize(
    "arguments",
    [(), (("f", 1.0),), (("s", "now"),), (("i", 1), ("i", 2)), (("T", True),), (("b", b"x"),)],
)
def test_panic_is_never_refused(
    peer: Peer, served: Served, arguments: tuple[tuple[str, object], ...]
) -> None:
    _, job, _ = peer.ask("generate", "r", *SLOW, answer="ack")
    sent(peer, "panic", ("f", 0.0))
    peer.ping()
    assert served[1].jobs.get(job).state in ("queued", "running")
    sent(peer, "panic", *arguments)
    assert peer.wait("cancelled") == (job,)


# --- the way back ---


def other_than_the_default(name: str, recording: Path) -> object:
    what = PARAMETERS[name]
    if what.kind in ("path", "files"):
        return str(recording)
    if what.kind == "bool":
        return not DEFAULTS[name]
    if what.kind == "pair":
        return [0.25, 0.5]
    if what.kind == "spans":
        return [[0.0, 1.0]]
    if what.kind == "text":
        return {"model": "stable-audio-3-medium"}.get(name, (what.choices or ("x",))[-1])
    return what.high


@pytest.mark.parametrize("nothing", [("s", ""), ("N", None)])
def test_every_parameter_has_a_way_back_to_its_default(
    peer: Peer, served: Served, tmp_path: Path, nothing: tuple[str, object]
) -> None:
    recording = tmp_path / "idea.wav"
    soundfile.write(recording, np.zeros((800, 1)), 8000)
    parameters = served[1].parameters
    for name, default in DEFAULTS.items():
        parameters.set(name, other_than_the_default(name, recording))
        assert parameters.get(name) != default
        sent(peer, f"param/{name}", nothing)
        peer.ping()
        assert parameters.get(name) == default, name
    assert parameters.chosen() == {}
    assert peer.at("error") == []


def test_what_a_parameter_answers_sets_it_to_the_same(
    peer: Peer, served: Served, tmp_path: Path
) -> None:
    recording = tmp_path / "idea.wav"
    soundfile.write(recording, np.zeros((800, 1)), 8000)
    parameters = served[1].parameters
    for name, default in DEFAULTS.items():
        for value in (default, other_than_the_default(name, recording)):
            parameters.set(name, value)
            kept = parameters.get(name)
            peer.send(f"param/{name}", *peer.ask(f"param/{name}"))
            peer.ping()
            if name != "lora":
                assert parameters.get(name) == kept
    assert peer.at("error") == []


def test_what_every_job_would_refuse_is_refused_where_it_is_set(peer: Peer, served: Served) -> None:
    for place, values in {
        "keep": (2, 1),
        "cfg_interval": (0.8, 0.2),
    }.items():
        peer.send(f"param/{place}", *values)
        assert peer.wait("error")[1] == "out_of_range"
    peer.send("param/keep", 0, 1, 3, 3)
    peer.wait("error")
    assert served[1].parameters.chosen() == {}
    peer.send("param/keep", 1, 2)
    peer.send("generate", "r", "techno")
    assert "keep needs init_audio" in peer.wait("error")[2]
    peer.send("param/keep", "")
    peer.ask("generate", "r", "techno", "duration", 0.5, answer="ack")


def test_nothing_in_a_request_is_as_if_it_were_not_named(peer: Peer, served: Served) -> None:
    served[1].parameters.set("steps", 7)
    served[1].parameters.set("key", "A minor")
    for name, more in {
        "pairs": ("steps", "", "key", "", "batch", "", "duration", 0.5),
        "json": ('{"steps": null, "key": "", "batch": null, "bars": null, "duration": 0.5}',),
    }.items():
        peer.ask("generate", name, "techno", *more, answer="ack")
        spec = served[1].jobs.get(name).spec
        assert (spec.steps, spec.key) == (7, "A minor")


def test_the_prompt_may_come_among_the_settings(peer: Peer, served: Served, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "idea.wav", np.zeros((8000, 1)), 8000)
    sounds = {
        "generate": ("",),
        "transform": ("idea.wav", "", 0.5),
        "continue": ("idea.wav", 2),
        "inpaint": ("idea.wav", 0.2, 0.4),
    }
    for place, arguments in sounds.items():
        for settings in (("prompt", "warm"), ('{"prompt": "warm"}',)):
            peer.ask(place, f"{place}{len(settings)}", *arguments, *settings, answer="ack")
            assert served[1].jobs.get(f"{place}{len(settings)}").spec.prompt == "warm"
    peer.ask("generate", "both", "house", "prompt", "warm", answer="ack")
    assert served[1].jobs.get("both").spec.prompt == "house"


def test_halves_of_characters_are_replaced_at_the_door(peer: Peer) -> None:
    for number, half in enumerate(("\\ud800", "\\udcff", "a\\u0000b")):
        settings = f'{{"prompt": "{half}", "key": "{half}", "duration": 0.5}}'
        peer.ask("generate", f"r{number}", "", settings, answer="ack")
        done = peer.wait("done")
        assert done[0] == f"r{number}"
        assert Path(done[2]).with_suffix(".json").read_text("utf-8").count("\ufffd") >= 2
    peer.send("generate", "p", "", '{"midi": "\\ud800.mid"}')
    assert peer.wait("error")[1] == "bad_path"


# --- files ---


def test_no_way_to_name_a_file_passes_by_the_door(
    served: Served, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.wav").write_bytes(b"RIFF")
    for folder in (outside, tmp_path) if hasattr(os, "mkfifo") else ():
        os.mkfifo(folder / "pipe")
    session = served[1]
    for place in (outside / "secret.wav", outside / "pipe", outside / "missing", tmp_path / "pipe"):
        session.parameters.set("lora", f"{place}:0.5")
        session.presets.save("Odd")
        session.parameters.set("lora", None)
        ways: list[tuple[str, tuple[str | float, ...]]] = [
            ("param/lora", (str(place),)),
            ("param/lora", (f"{place}:0.5, {place}",)),
            ("param/lor?", (str(place),)),
            ("param/init_audio", (str(place),)),
            ("param/midi", (str(place),)),
            ("param/*i*i", (str(place),)),
            ("preset/load", ("Odd",)),
            ("generate", ("r", "x", "lora", str(place))),
            ("generate", ("r", "x", f'{{"lora": "{place}"}}')),
            ("generate", ("r", "x", "midi", str(place))),
            ("transform", ("r", str(place), "x", 0.5)),
            ("transform", ("r", str(place), "x", 0.5, "lora", str(place))),
            ("continue", ("r", str(place), 2)),
            ("inpaint", ("r", str(place), 0, 1)),
        ]
        for address, arguments in ways:
            with Peer(served[0].port) as client:
                client.send(address, *arguments)
                _, code, sentence, _ = client.wait("error")
            assert (address, code) == (address, "bad_path")
            assert "in the folders that OSC may read" in sentence
    assert session.parameters.chosen() == {}
    assert session.jobs.all() == ()


def test_what_lies_inside_is_named_with_its_real_path(
    peer: Peer, served: Served, tmp_path: Path
) -> None:
    (tmp_path / "warm.safetensors").write_bytes(b"x")
    real = (tmp_path / "warm.safetensors").resolve()
    peer.ask("generate", "r", "x", "lora", "warm.safetensors:0.8", "duration", 0.5, answer="ack")
    assert served[1].jobs.get("r").spec.lora == f"{real}:0.8"
    served[1].parameters.set("lora", f"{real}:2")
    served[1].presets.save("Warm")
    served[1].parameters.set("lora", None)
    peer.send("preset/load", "Warm")
    peer.ping()
    assert served[1].parameters.get("lora") == f"{real}:2"
