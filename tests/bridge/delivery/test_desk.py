"""The desk: who may come to it, what it hands on, and that nobody can make it wait."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bridge.delivery.desk import FILE, MOST_PEERS, Desk
from bridge.delivery.messages import LARGEST, Message
from bridge.delivery.peer import AT_ONCE, BUSY
from tests.bridge.delivery.visitor import PATIENCE, Heard, Visitor
from tests.bridge.parts import Clock

PLACE: Message = {"kind": "place", "id": "d1", "path": "/takes/a.wav", "name": "a"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def desk(tmp_path: Path, heard: Heard, clock: Clock) -> Iterator[Desk]:
    desk = Desk(tmp_path / "spool", frozenset({"ableton"}), clock)
    desk.start(heard)
    yield desk
    desk.close()


@pytest.fixture
def come(desk: Desk, tmp_path: Path) -> Iterator[type[Visitor]]:
    came: list[Visitor] = []

    def visitor() -> Visitor:
        came.append(Visitor(tmp_path / "spool"))
        return came[-1]

    yield visitor  # type: ignore[misc]
    for each in came:
        each.close()


def filled(desk: Desk) -> str:
    """Sends until socket and desk are full: the last id that was taken, d0 being the first."""
    given, refused = 0, 0
    while refused < 20:
        message = {**PLACE, "path": "/" + "x" * 60_000, "id": f"d{given}"}
        if desk.send("ableton", message):
            given, refused = given + 1, 0
        else:
            refused += 1
            time.sleep(0.01)
    assert given > 1
    return f"d{given - 1}"


def test_a_companion_says_hello_and_both_speak(desk: Desk, heard: Heard, come) -> None:
    live = come().hello()
    assert live.next()["kind"] == "welcome"
    assert heard.next()["program"] == "Live 12.2"
    assert desk.connected("ableton")
    live.say(kind="state", tempo=124, unknown=[1, {"deep": 2}])
    assert heard.next() == {"kind": "state", "tempo": 124.0}
    assert desk.send("ableton", PLACE)
    assert live.next() == PLACE
    live.say(kind="answer", id="d1", ok=True)
    assert heard.next() == {"kind": "answer", "id": "d1", "ok": True}
    live.say(kind="bye")
    assert heard.next() == {"kind": "bye"}
    assert live.ended() and not desk.connected("ableton")
    assert not desk.send("ableton", PLACE)


def test_the_token_is_never_handed_on(heard: Heard, come) -> None:
    come().hello()
    assert set(heard.next()) == {"kind", "protocol", "daw", "instance", "program"}


def test_a_line_may_come_in_pieces_and_several_at_once(heard: Heard, come) -> None:
    live = come().hello()
    assert heard.next()["kind"] == "hello"
    for piece in (b'{"kind": "st', b'ate", "beat"', b': 4}\n{"kind": "state", "beat": 5}\n{"ki'):
        live.write(piece)
        time.sleep(0.05)
    assert [heard.next()["beat"], heard.next()["beat"]] == [4.0, 5.0]
    live.close()
    assert heard.next() == {"kind": "bye"}, "half a line is no message, and an end is a bye"


@pytest.mark.parametrize(
    "line",
    [
        b'{"kind": "hello", "daw": "ableton", "protocol": 1}',
        b'{"kind": "hello", "daw": "ableton", "protocol": 1, "token": "guessed"}',
        b'{"kind": "hello", "daw": "ableton", "protocol": 1, "token": "\\ud800"}',
        b'{"kind": "hello", "daw": "ableton", "protocol": 1, "token": ["x"]}',
        b'{"kind": "state", "tempo": 120}',
        b"GET / HTTP/1.1",
        b"[" * 60_000,
        b"[1]",
        b"\xff\xfe\x00\x01",
        b"",
    ],
)
def test_who_shows_no_token_is_shown_out_without_a_word(
    desk: Desk, heard: Heard, come, line: bytes
) -> None:
    stranger = come()
    stranger.write(line + b"\n")
    assert stranger.ended()
    assert heard.queue.empty()
    assert come().hello().next()["kind"] == "welcome", "the desk is there for the next one"


def test_who_says_nothing_is_shown_out(come, clock: Clock) -> None:
    stranger = come()
    assert come().hello().next()["kind"] == "welcome", "so the first has been let in, too"
    clock.now += 3.0
    assert stranger.ended()


@pytest.mark.parametrize("line", [b"x" * (LARGEST + 1), b'{"kind": "state"}\n' * int(AT_ONCE + 99)])
def test_who_sends_too_much_is_shown_out(heard: Heard, come, line: bytes) -> None:
    live = come().hello()
    live.next()
    assert heard.next()["kind"] == "hello"
    with suppress(ConnectionError):
        live.write(line)
    assert live.ended()
    assert heard.until("bye")


@pytest.mark.parametrize(
    "line",
    [
        b"no JSON",
        b"\x00\x80\xff",
        b'{"kind": "place", "id": "d1"}',
        b'{"kind": "state", "tempo": "fast"}',
        b'{"kind": "state", "tempo": NaN}',
        b'{"kind": "state", "tempo": 1' + b"0" * 400 + b"}",
        b"{" * 60_000,
    ],
)
def test_what_is_wrong_is_named_and_the_next_is_heard(heard: Heard, come, line: bytes) -> None:
    live = come().hello()
    live.next()
    live.write(line + b"\n")
    assert live.next()["code"] == "bad_message"
    live.say(kind="state", tempo=90)
    assert heard.until("state") == {"kind": "state", "tempo": 90.0}


def test_a_sign_of_life_is_no_news(heard: Heard, come) -> None:
    live = come().hello()
    live.say(kind="state")
    live.say(kind="cancel", req="r")
    assert [heard.next()["kind"], heard.next()["kind"]] == ["hello", "cancel"]


def test_a_peer_that_never_reads_is_given_up(desk: Desk, heard: Heard, come) -> None:
    live = come().hello()
    assert heard.next()["kind"] == "hello"
    live.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    last = filled(desk)
    assert desk.withdraw("ableton", last), "of this one nothing went out"
    assert not desk.withdraw("ableton", last), "and it is taken back once"
    assert not desk.withdraw("ableton", "d0"), "this one may have been read"


def test_what_waited_for_a_companion_that_ended_was_never_sent(
    desk: Desk, heard: Heard, come
) -> None:
    live = come().hello()
    assert heard.next()["kind"] == "hello"
    last = filled(desk)
    live.close()
    assert heard.until("bye")
    assert desk.withdraw("ableton", last)
    assert not desk.withdraw("ableton", "d0")


def test_a_second_program_is_told_so_until_the_first_is_gone(
    desk: Desk, heard: Heard, come, clock: Clock
) -> None:
    first = come().hello()
    first.next()
    second = come().hello(instance="two")
    assert "already" in second.next()["text"] and second.ended()
    clock.now += 10.0
    assert not desk.connected("ableton")
    third = come().hello(instance="three")
    assert third.next()["kind"] == "welcome"
    assert first.ended()
    assert [heard.next()["kind"] for _ in range(3)] == ["hello", "bye", "hello"]


def test_the_same_program_may_come_again(desk: Desk, heard: Heard, come) -> None:
    first = come().hello()
    first.next()
    again = come().hello()
    assert again.next()["kind"] == "welcome" and first.ended()
    assert [heard.next()["kind"] for _ in range(2)] == ["hello", "hello"]
    assert desk.send("ableton", PLACE) and again.next() == PLACE


@pytest.mark.parametrize("other", [{"daw": "reaper"}, {"daw": ""}, {"protocol": 2}])
def test_a_program_that_is_not_known_is_told_so(desk: Desk, come, other: dict) -> None:
    live = come().hello(**other)
    assert live.next()["kind"] == "error" and live.ended()
    assert not desk.connected("ableton")


def test_a_daw_that_places_may_be_silent(desk: Desk, heard: Heard, come, clock: Clock) -> None:
    live = come().hello()
    assert heard.next()["kind"] == "hello"
    assert desk.send("ableton", PLACE)
    assert live.next()["kind"] == "welcome"
    assert live.next() == PLACE
    clock.now += 60.0
    assert desk.connected("ableton"), "it reads the file"
    live.say(kind="answer", id="d1", ok=True)
    assert heard.next()["kind"] == "answer"
    clock.now += 10.0
    assert not desk.connected("ableton"), "it has answered, and is silent"
    live.say(kind="state")
    live.say(kind="cancel", req="r")
    assert heard.next()["kind"] == "cancel"
    assert desk.connected("ableton"), "it was only slow"
    clock.now += 2 * BUSY
    desk.send("ableton", PLACE)
    assert live.ended()


def test_only_so_many_may_connect(come) -> None:
    crowd = [come() for _ in range(MOST_PEERS)]
    late = come()
    with suppress(ConnectionError):
        late.hello()
    assert late.ended(), "not even with the token"
    crowd[0].write(b"no token\n")
    assert crowd[0].ended()
    assert come().hello().next()["kind"] == "welcome"


def test_an_error_in_who_hears_ends_nothing(tmp_path: Path, heard: Heard) -> None:
    def hears(daw: str, message: Message) -> None:
        heard(daw, message)
        raise RuntimeError("on purpose")

    desk = Desk(tmp_path, frozenset({"ableton"}))
    desk.start(hears)
    live = Visitor(tmp_path).hello()
    live.say(kind="cancel", req="r")
    assert [heard.next()["kind"], heard.next()["kind"]] == ["hello", "cancel"]
    desk.close()
    live.close()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
def test_the_file_is_its_owners_alone_whatever_lay_there(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("kept")
    (tmp_path / FILE).symlink_to(other)
    desk = Desk(tmp_path, frozenset({"ableton"}))
    desk.start(Heard())
    assert not (tmp_path / FILE).is_symlink() and other.read_text() == "kept"
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    desk.close()
    assert not (tmp_path / FILE).exists()


def test_the_file_is_there_again_when_its_folder_was_cleared_away(
    desk: Desk, tmp_path: Path, come
) -> None:
    (tmp_path / "spool" / FILE).unlink()
    (tmp_path / "spool").rmdir()
    end = time.monotonic() + PATIENCE
    while not (tmp_path / "spool" / FILE).exists() and time.monotonic() < end:
        desk.send("ableton", PLACE)  # Nobody is there, but the desk looks up.
        time.sleep(0.01)
    assert come().hello().next()["kind"] == "welcome"


def test_each_start_has_its_own_token_and_says_bye_at_the_end(tmp_path: Path) -> None:
    told = []
    for _ in range(2):
        desk = Desk(tmp_path, frozenset({"ableton"}))
        desk.start(Heard())
        live = Visitor(tmp_path).hello()
        assert live.next()["kind"] == "welcome"
        told.append(live.told)
        desk.close()
        assert live.next() == {"kind": "bye"} and live.ended()
        live.close()
    assert told[0]["token"] != told[1]["token"] and len(told[0]["token"]) > 30
    assert told[0]["pid"] == os.getpid() and told[0]["protocol"] == 1


def test_a_folder_that_cannot_be_written_is_no_end(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    desk = Desk(tmp_path / "file" / "spool", frozenset({"ableton"}))
    desk.start(Heard())
    assert not desk.connected("ableton") and not desk.send("ableton", PLACE)
    desk.close()
