"""The server as clients see it, over real sockets, around a real session with a fake engine."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.errors import BridgeError
from bridge.events import Hub
from bridge.osc.framing import wrap_slip
from bridge.osc.packet import decode, encode
from bridge.osc.server import TRAFFIC_PER_SECOND, OscOptions, OscServer, PortInUse
from bridge.session import Session
from tests.bridge.real_parts import PATIENCE
from tests.bridge.rig import Peer, osc_server, session_in


@pytest.fixture
def peer(served: tuple[OscServer, Session]) -> Iterator[Peer]:
    with Peer(served[0].port) as client:
        yield client


def test_a_take_from_request_to_file(peer: Peer) -> None:
    req, job, position = peer.ask(
        "generate", "r1", "techno", "duration", 1.5, "seed", 7, answer="ack"
    )
    assert (req, position) == ("r1", 1)
    done = peer.wait("done")
    assert done[:2] == ("r1", job)
    assert done[7:] == (7, 1, 1)
    path = Path(done[2])
    assert soundfile.info(path).frames == round(1.5 * done[4])
    assert done[3] == 1.5
    progress = [arguments[1] for arguments in peer.at("progress")]
    assert progress == sorted(progress)
    assert peer.ask("job/get", job, answer="job")[:4] == (job, "done", 1.0, str(path))


def test_a_batch_is_done_once_for_each_file(peer: Peer) -> None:
    peer.ask("generate", "b", "pads", '{"duration": 0.5, "batch": 3, "seed": 4}', answer="ack")
    done = [peer.wait("done") for _ in range(3)]
    assert [arguments[7:] for arguments in done] == [(4, 1, 3), (5, 2, 3), (6, 3, 3)]
    assert len({arguments[2] for arguments in done}) == 3


def test_progress_comes_at_most_ten_times_a_second_and_never_after_done(peer: Peer) -> None:
    peer.ask("generate", "p", "pause 0.004", "duration", 1, "steps", 100, answer="ack")
    before = time.monotonic()
    peer.wait("done")
    spent = time.monotonic() - before
    peer.quiet()
    assert [message.address for message in peer.heard].index("/longtake/done") > 0
    assert len(peer.at("progress")) <= 10 * spent + 8  # Each new stage is told at once.
    last = peer.heard[-1]
    assert last.address == "/longtake/done"


def test_cancel_ends_a_job_and_the_next_one_works(peer: Peer) -> None:
    _, job, _ = peer.ask("generate", "c", "pause 0.05", "steps", 400, answer="ack")
    peer.wait("progress", where=2, is_="diffuse")
    peer.send("cancel", "c")
    assert peer.wait("cancelled") == (job,)
    peer.ask("generate", "d", "techno", "duration", 0.5, answer="ack")
    assert peer.wait("done")[0] == "d"


def test_a_failed_job_says_so_with_its_request(peer: Peer) -> None:
    _, job, _ = peer.ask("generate", "f", "fails", "duration", 0.5, answer="ack")
    assert peer.wait("error") == (
        "f",
        "not_loaded",
        "The weights are damaged; get them again.",
        job,
    )


def test_a_recording_is_transformed_continued_and_inpainted(peer: Peer, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "beat.wav", np.zeros((44_100, 2)), 44_100)
    path = str(tmp_path / "beat.wav")
    peer.ask("transform", "t", path, "kit", 0.6, "seed", 1, answer="ack")
    assert peer.wait("done")[3] == pytest.approx(1.0)
    peer.ask("continue", "k", path, 2, "prompt", "on", answer="ack")
    assert peer.wait("done")[3] == pytest.approx(3.0)
    peer.ask("inpaint", "i", path, 0.25, 0.5, "seed", 3, "prompt", "hole", answer="ack")
    assert peer.wait("done")[7] == 3
    _, job, _ = peer.ask("vary", "v", "i", answer="ack")
    assert peer.wait("done")[1] == job


def test_parameters_are_got_set_echoed_and_given_back(
    peer: Peer, served: tuple[OscServer, Session]
) -> None:
    peer.ask("subscribe", "params", answer="subscribed")
    assert peer.ask("param/steps") == ("",)
    for sent in (8, 8.0, "8"):
        assert peer.ask("param/steps", sent) == (8,)
    assert served[1].parameters.get("steps") == 8
    assert peer.ask("param/steps", "") == ("",)
    assert peer.ask("param/keep", 0, 8.5, 12, 20) == (0.0, 8.5, 12.0, 20.0)
    assert peer.ask("param/cfg_interval", 0.25, "0.5") == (0.25, 0.5)
    served[1].parameters.set("prompt", "from the panel")
    assert peer.wait("param/prompt") == ("from the panel",)


def test_every_value_answers_what_it_was_set_to(peer: Peer) -> None:
    for place, values in {
        "transport/tempo": (124.5,),
        "transport/playing": (1,),
        "transport/signature": (7, 8),
        "transport/key": ("A minor",),
        "transport/selection": (8.0, 16.0),
        "sync/source": ("osc",),
        "quantize": ("2bar",),
    }.items():
        peer.send(place, *values)
        assert peer.ask(place) == values


def test_a_pattern_sets_what_it_matches(peer: Peer, served: tuple[OscServer, Session]) -> None:
    peer.send("param/cfg_re*", 0.5)
    peer.ping()
    assert served[1].parameters.get("cfg_rescale") == 0.5
    peer.send("param/*_seed?", 1)
    assert peer.wait("error")[1] == "unknown_address"
    peer.send("param/*e*", 3)  # Two refuse it, and what comes after takes it all the same.
    refused = [peer.wait("error") for _ in range(2)]
    assert {(code, place) for _, code, _, place in refused} == {
        ("out_of_range", "/longtake/param/blend"),
        ("out_of_range", "/longtake/param/model"),
    }
    peer.ping()
    assert served[1].parameters.get("steps") == 3


@pytest.mark.parametrize(
    ("address", "arguments", "code"),
    [
        ("nothing", (), "unknown_address"),
        ("param/steps", ("many",), "bad_args"),
        ("param/steps", (9999,), "out_of_range"),
        ("param/steps", (float("nan"),), "bad_args"),
        ("param/sampler", ("quickest",), "out_of_range"),
        ("generate", (), "bad_args"),
        ("generate", ("r", "techno", "speed", 3), "unknown_param"),
        ("generate", ("r", "techno", "bars"), "bad_args"),
        ("generate", ("r", "techno", '{"bars": '), "bad_args"),
        ("generate", ("r", "techno", '{"seed": ' + "9" * 400 + "}"), "bad_args"),
        ("generate", ("r", "techno", "duration", 500.0), "bad_args"),
        ("generate", ("r", "techno", "init_audio", "/etc/passwd"), "unknown_param"),
        ("generate", ("r", "techno", "midi", "/etc/passwd"), "bad_path"),
        ("generate", ("r", "techno", '{"midi": "/etc/passwd"}'), "bad_path"),
        ("param/midi", ("/etc/passwd",), "bad_path"),
        ("param/midi", ("//nas/share/clip.mid",), "bad_path"),
        ("param/midi", ("\\\\nas\\share\\clip.mid",), "bad_path"),
        ("param/init_audio", ("/etc/passwd",), "bad_path"),
        ("param/score", ("improvised",), "out_of_range"),
        ("notes", ("nothing",), "bad_args"),
        ("transform", ("r", "/etc/passwd", "techno", 0.5), "bad_path"),
        ("transform", ("r", "x" * 9000, "techno", 0.5), "too_long"),
        ("play", ("nothing",), "bad_args"),
        ("play", (), "no_device"),
        ("cancel", ("nothing",), "bad_args"),
        ("preset/load", ("nothing",), "bad_args"),
        ("reply_to", ("192.168.1.1", 9000), "bad_args"),
        ("sync/source", ("sundial",), "out_of_range"),
        ("subscribe", ("everything",), "out_of_range"),
    ],
)
def test_errors_carry_request_code_and_sentence(
    peer: Peer, address: str, arguments: tuple[object, ...], code: str
) -> None:
    peer.send(address, *arguments)  # type: ignore[arg-type]
    req, found, sentence, where = peer.wait("error")
    assert (found, where) == (code, f"/longtake/{address}")
    assert sentence.endswith(".")
    assert req == ("r" if arguments and arguments[0] == "r" else "")
    peer.ping()


def test_errors_are_limited_and_the_ping_after_them_is_answered(peer: Peer) -> None:
    for _ in range(500):
        peer.send("nothing")
    peer.ping()
    assert 1 <= len(peer.at("error")) <= 30


def test_answers_go_where_a_client_names(peer: Peer, served: tuple[OscServer, Session]) -> None:
    with Peer(served[0].port) as named, Peer(served[0].port) as one_shot:
        peer.send("reply_to", "127.0.0.1", named.port)
        assert named.wait("reply_to") == ("127.0.0.1", named.port)
        peer.send("ping")
        named.wait("pong")
        assert peer.quiet() == []
        one_shot.send("ping")
        one_shot.wait("pong")
        named.wait("pong")


def test_events_reach_subscribers_of_their_topic_only(
    peer: Peer, served: tuple[OscServer, Session]
) -> None:
    with Peer(served[0].port) as other:
        assert other.ask("subscribe", "transport", answer="subscribed") == (60.0,)
        peer.send("transport/tempo", 99)
        assert other.wait("transport/tempo") == (99.0,)
        peer.ask("generate", "x", "techno", "duration", 0.5, answer="ack")
        peer.wait("done")
        assert other.ask("unsubscribe", answer="subscribed") == (0.0,)
        peer.send("transport/tempo", 98)
        peer.ping()
        assert {message.address for message in [*other.heard, *other.quiet()]} == {
            "/longtake/subscribed",
            "/longtake/transport/tempo",
            "/longtake/sync/source",
        }


def test_subscribers_get_a_heartbeat_and_a_bye(tmp_path: Path) -> None:
    with osc_server(tmp_path) as (server, _), Peer(server.port) as peer:
        peer.ask("subscribe", "status", answer="subscribed")
        assert peer.wait("status") == ("idle", 0, "")
        server.close()
        peer.wait("bye")


def test_events_go_on_without_renewing_while_the_port_is_open(tmp_path: Path) -> None:
    with osc_server(tmp_path, subscription=0.2) as (server, _), Peer(server.port) as other:
        with Peer(server.port) as feedback:
            # As a script does it for a program that only listens: each message from another port.
            with Peer(server.port) as script:
                script.send("reply_to", "127.0.0.1", feedback.port)
                feedback.wait("reply_to")
            with Peer(server.port) as script:
                script.ask("subscribe", "params", answer="subscribed")
            time.sleep(2.5)
            other.send("param/steps", 9)
            assert feedback.wait("param/steps") == (9,)
        until = time.monotonic() + PATIENCE
        while server._clients.anybody():  # pyright: ignore[reportPrivateUsage]
            assert time.monotonic() < until
            time.sleep(0.05)
        other.ping()


def test_reaper_bitwig_and_abletonosc_move_the_transport(
    peer: Peer, served: tuple[OscServer, Session]
) -> None:
    def state() -> object:
        peer.ping()
        return served[1].transport.state()

    for address, value in [
        ("/tempo/raw", 120.0),
        ("/time/signature", "3/4"),
        ("/loop/start/time", 1.0),
    ]:
        peer.raw(encode(address, [value]))
    peer.raw(encode("/loop/end/time", [5.0]))
    peer.raw(encode("/beat/str", ["3.2.50"]))
    peer.raw(encode("/time", [1.5]))
    found = state()
    assert (found.tempo, found.signature, found.selection) == (120.0, (3, 4), (2.0, 10.0))  # type: ignore[attr-defined]
    assert found.beat == pytest.approx(7.5)  # type: ignore[attr-defined]
    peer.raw(encode("/play", [1.0]))
    assert state().playing  # type: ignore[attr-defined]
    peer.raw(encode("/stop", [0.0]))
    assert state().playing  # type: ignore[attr-defined]
    peer.raw(encode("/stop", [1.0]))
    assert not state().playing  # type: ignore[attr-defined]
    for address, value in [
        ("tempo", 98.0),
        ("root_note", 9),
        ("scale_name", "Minor"),
        ("loop_start", 4.0),
        ("loop_length", 8.0),
        ("signature_denominator", 8),
        ("current_song_time", 3.0),
    ]:
        peer.raw(encode(f"/live/song/get/{address}", [value]))
    found = state()
    assert (found.tempo, found.key, found.selection) == (98.0, "A minor", (4.0, 12.0))  # type: ignore[attr-defined]
    assert found.signature == (3, 8)  # type: ignore[attr-defined]
    assert peer.at("error") == []


def test_no_message_of_a_burst_is_lost(peer: Peer, served: tuple[OscServer, Session]) -> None:
    for number in range(3000):
        peer.send("param/seed", number)
    peer.ping()
    assert served[1].parameters.get("seed") == 2999
    peer.ask("subscribe", "params", answer="subscribed")
    for number in range(3000, 6000):
        peer.send("param/seed", number)
    peer.wait("param/seed", where=0, is_=5999)
    # Events trail the answers: some of the first burst may come after the subscription.
    told = [values[0] for values in peer.at("param/seed")]
    assert told == list(range(6000 - len(told), 6000)) and len(told) >= 3000


@pytest.mark.parametrize("framing", ["slip", "sized"])
def test_tcp_in_both_framings_byte_by_byte_and_long(
    served: tuple[OscServer, Session], framing: str
) -> None:
    def wrap(packet: bytes) -> bytes:
        return wrap_slip(packet) if framing == "slip" else len(packet).to_bytes(4, "big") + packet

    with socket.create_connection(("127.0.0.1", served[0].port)) as sock:
        sock.settimeout(10)
        for byte in wrap(encode("/longtake/ping")):
            sock.send(bytes([byte]))
        assert b"/longtake/pong" in sock.recv(4096)
        prompt = "x\u00c0" * 4000
        sock.sendall(wrap(encode("/longtake/param/prompt", [prompt])))
        sock.sendall(wrap(encode("/longtake/ping")))
        assert b"/longtake/pong" in sock.recv(4096)
    assert served[1].parameters.get("prompt") == prompt


def test_help_names_every_address_within_a_small_packet(peer: Peer) -> None:
    from bridge.osc.schema import COMMANDS

    peer.send("help")
    lines = [peer.wait("help") for _ in COMMANDS]
    assert [line[0] for line in lines] == list(COMMANDS)
    assert max(len(encode("/longtake/help", line)) for line in lines) < 1024
    assert peer.ask("help", "/longtake/gain")[1] == "f"


def test_a_busy_port_is_said_and_the_next_free_one_offered(
    served: tuple[OscServer, Session], tmp_path: Path
) -> None:
    taken = served[0].port
    with session_in(tmp_path / "b") as (session, hub):
        with pytest.raises(PortInUse, match=f"Port {taken} is in use") as refused:
            OscServer(session, hub.publish, OscOptions(port=taken, query_port=None))
        assert refused.value.free > taken
        assert refused.value.code == "busy"
        with pytest.raises(BridgeError, match="no address"):
            OscServer(
                session,
                hub.publish,
                OscOptions(host="203.0.113.9", hosts=("203.0.113.0/24",), token="x" * 8),
            )


def test_the_monitor_sees_traffic_but_no_flood(tmp_path: Path) -> None:
    from bridge.events import OscTraffic

    with session_in(tmp_path) as (session, hub):
        assert isinstance(hub, Hub)
        seen: list[object] = []
        hub.subscribe(seen.append)
        server = OscServer(session, hub.publish, OscOptions(port=0, query_port=None))
        server.start()
        with Peer(server.port) as peer:
            began = time.monotonic()
            for _ in range(1000):
                peer.send("ping")
            peer.ping()
        server.close()
        traffic = [event for event in seen if isinstance(event, OscTraffic)]
        assert {event.direction for event in traffic} == {"in", "out"}
        assert traffic[0].address == "/longtake/ping"
        assert len(traffic) <= TRAFFIC_PER_SECOND * (time.monotonic() - began + 2)


def test_answers_decode_as_plain_types(peer: Peer) -> None:
    info = peer.ask("info")
    assert len(decode(encode("/x", info))[0].arguments) == 5
    assert info[0] == "sketch" and info[2] == 44_100 and info[4] == "idle"
