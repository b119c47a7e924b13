"""A take goes into a slot of the launcher that was empty, over a real socket, or a sentence says why it does not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bridge.delivery import bitwig
from bridge.delivery.bitwig import BitwigWay
from bridge.delivery.osc_answers import EMPTY_BUNDLE, Answers, take_in
from bridge.delivery.way import NotThere
from bridge.delivery_state import Delivery, Placement
from bridge.errors import BridgeError
from bridge.osc.packet import decode, encode
from engine.errors import LongtakeError
from tests.bridge.delivery.moss import Moss, Track


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bitwig, "PATIENCE", 1.0)


@pytest.fixture
def answers() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def moss(answers: int) -> Iterator[Moss]:
    """A song of three tracks; nothing it does not know may be said to it."""
    tracks = Track("Drums"), Track("Bass"), Track("Piano", audio=False)
    with Moss(*tracks, answers=answers) as made:
        yield made
    assert made.wrong == []


@pytest.fixture
def take(tmp_path: Path) -> Path:
    path = tmp_path / "take.wav"
    path.write_bytes(b"RIFF")
    return path


def delivery(path: Path, track: str = "") -> Delivery:
    place = Placement("bitwig", form="clip", track=track)
    return Delivery("d1", "take", path, "Warm house", place)


def filled(moss: Moss) -> dict[tuple[str, int], str]:
    return {
        (track.name, number): file
        for track in moss.tracks
        for number, file in enumerate(track.slots, 1)
        if file
    }


@pytest.mark.parametrize(("track", "name"), [("2", "Bass"), ("Bass", "Bass"), ("", "Drums")])
def test_the_first_empty_slot_of_a_track(
    moss: Moss, answers: int, take: Path, track: str, name: str
) -> None:
    moss.selected = 0
    moss.tracks[0].slots[0] = moss.tracks[1].slots[0] = "mine"
    said = BitwigWay(port=moss.port, answers=answers).deliver(delivery(take, track))
    assert said == f"It lies in slot 2 of the track {name}."
    assert filled(moss) == {("Drums", 1): "mine", ("Bass", 1): "mine", (name, 2): str(take)}


def test_the_selected_slot_if_it_is_empty(moss: Moss, answers: int, take: Path) -> None:
    moss.selected, moss.slot = 1, 4
    way = BitwigWay(port=moss.port, answers=answers)
    assert "slot 5 of the track Bass" in way.deliver(delivery(take))
    # Now it is full: the next take does not replace it.
    assert "slot 1 of the track Bass" in way.deliver(delivery(take))
    assert filled(moss).keys() == {("Bass", 5), ("Bass", 1)}


def test_a_new_track_gets_the_name_of_the_take(moss: Moss, answers: int, take: Path) -> None:
    moss.selected = 1
    said = BitwigWay(port=moss.port, answers=answers).deliver(delivery(take, "new"))
    assert said == "It lies in slot 1 of the track Warm house."
    assert filled(moss) == {("Warm house", 1): str(take)} and len(moss.tracks) == 4


@pytest.mark.parametrize(
    ("track", "words"),
    [
        ("Strings", "no track 'Strings', but Drums, Bass or Piano"),
        ("7", "no track '7'"),
        ("Piano", "Piano takes no audio"),
        ("", "No track is selected"),
        ("Drums", "None of the slots"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(
    moss: Moss, answers: int, take: Path, track: str, words: str
) -> None:
    moss.tracks[0].slots = ["mine"] * 8
    with pytest.raises(LongtakeError, match=words):
        BitwigWay(port=moss.port, answers=answers).deliver(delivery(take, track))
    assert set(filled(moss).values()) == {"mine"} and len(moss.tracks) == 3


def test_a_clip_that_never_shows_is_not_said_to_lie_there(
    moss: Moss, answers: int, take: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moss, "_insert", lambda *_: None)
    said = BitwigWay(port=moss.port, answers=answers).deliver(delivery(take, "1"))
    assert "has not shown it" in said


def test_without_answers_only_the_selected_slot_can_be_meant(take: Path, answers: int) -> None:
    with Moss(Track("Drums")) as deaf:
        deaf.selected, deaf.slot = 0, 2
        way = BitwigWay(port=deaf.port, answers=answers)
        assert way.deliver(delivery(take)).endswith("Bitwig does not answer.")
        for track in ("new", "1"):
            with pytest.raises(LongtakeError, match=f"port {answers}"):
                way.deliver(delivery(take, track))
    assert filled(deaf) == {("Drums", 3): str(take)} and deaf.wrong == []
    assert deaf.heard.count("/clip/insertFile") == 1 and len(deaf.tracks) == 1


def test_a_port_for_answers_that_another_program_has(moss: Moss, answers: int, take: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", answers))
        said = BitwigWay(port=moss.port, answers=answers).deliver(delivery(take))
    assert "does not answer" in said


def test_bitwig_that_is_closed_is_waited_for(take: Path, answers: int) -> None:
    with Moss(Track("Drums")) as moss:
        way = BitwigWay(port=moss.port, answers=answers)
        assert way.ready() and str(moss.port) in way.detail()
    for _ in range(3):
        assert not way.ready() and "closed" in way.detail()
    with pytest.raises(NotThere):
        way.deliver(delivery(take))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", moss.port))
        assert [way.ready(), way.ready()][-1]
    assert moss.wrong == []


def test_a_take_that_is_gone(moss: Moss, answers: int, take: Path) -> None:
    take.unlink()
    with pytest.raises(BridgeError, match="not there any more"):
        BitwigWay(port=moss.port, answers=answers).deliver(delivery(take))
    assert "/clip/insertFile" not in moss.heard


def test_asking_whether_it_is_there_asks_for_nothing() -> None:
    assert decode(EMPTY_BUNDLE) == []


def test_the_last_value_of_each_address_counts() -> None:
    known: Answers = {}
    one, two = encode("/a", (1,)), encode("/a", (2, "x"))
    inner = EMPTY_BUNDLE + len(two).to_bytes(4, "big") + two
    take_in(
        EMPTY_BUNDLE + len(one).to_bytes(4, "big") + one + len(inner).to_bytes(4, "big") + inner,
        known,
    )
    take_in(encode("/b", ("ü",)), known)
    assert known == {"/a": 2, "/b": "ü"}


HEADS = some.sampled_from(
    [
        b"",
        EMPTY_BUNDLE,
        EMPTY_BUNDLE + b"\xff\xff\xff\xfc",
        b"/a\0\0,s\0\0\xff\xfe\0\0",
        b"/a\0\0,i\0\0",
    ]
)


@given(HEADS, some.binary(max_size=200))
def test_any_bytes_are_read_to_an_end(head: bytes, tail: bytes) -> None:
    take_in(head + tail, {})
    take_in(EMPTY_BUNDLE + len(head + tail).to_bytes(4, "big") + head + tail, {})


def test_bundles_in_bundles_end() -> None:
    packet = b""
    for _ in range(2000):
        packet = EMPTY_BUNDLE + len(packet).to_bytes(4, "big") + packet
    take_in(packet, {})
