"""Both carriers bring back what was said; whatever else comes is wrong in a sentence, never an error of ours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.messages import (
    FROM_DAW,
    TO_DAW,
    Message,
    Wrong,
    checked,
    from_json,
    from_lines,
    to_json,
    to_lines,
)

KNOWN = FROM_DAW | TO_DAW
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
OF_TYPE = {
    str: TEXTS,
    int: st.integers(-(2**40), 2**40),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
}


@st.composite
def messages(draw: Any) -> Message:
    kind = draw(st.sampled_from(sorted(KNOWN)))
    names = draw(st.sets(st.sampled_from(sorted(KNOWN[kind])))) if KNOWN[kind] else set()
    return {"kind": kind} | {name: draw(OF_TYPE[KNOWN[kind][name]]) for name in sorted(names)}


@given(messages())
def test_lines_and_json_bring_back_what_was_said(message: Message) -> None:
    assert checked(from_lines(to_lines(message)), KNOWN) == message
    assert checked(from_json(to_json(message)), KNOWN) == message
    assert to_json(message).count(b"\n") == 1


@given(messages(), st.data())
def test_a_part_of_the_lines_is_never_taken_for_the_whole(message: Message, data: Any) -> None:
    text = to_lines(message)
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(Wrong):
        from_lines(text[:cut])


@given(st.dictionaries(TEXTS, st.one_of(TEXTS, st.none(), st.lists(st.integers()), st.floats())))
def test_whatever_comes_is_checked_or_wrong(raw: dict[str, Any]) -> None:
    for kind in ("ask", "place", "nothing", 3, None):
        try:
            message = checked(raw | {"kind": kind}, KNOWN)
        except Wrong:
            continue
        fields = KNOWN[str(kind)]
        assert all(type(message[name]) is fields[name] for name in message if name in fields)


def test_parts_are_numbered_and_typed() -> None:
    said = {
        "kind": "selection",
        "parts": "2",
        "path.1": "/a b.wav",
        "start.1": "0.5",
        "path.2": "x",
    }
    found = checked(said | {"loudness.1": "3", "path.1000": "no"}, FROM_DAW)
    assert found == {"kind": "selection", "parts": 2, "path.1": "/a b.wav", "start.1": 0.5} | {
        "path.2": "x"
    }
    assert "path.1" not in checked({"kind": "state", "path.1": "x"}, FROM_DAW)


@pytest.mark.parametrize(
    "raw",
    [
        {"kind": "state", "tempo": "fast"},
        {"kind": "state", "tempo": float("nan")},
        {"kind": "state", "tempo": "inf"},
        {"kind": "state", "numerator": 3.5},
        {"kind": "state", "numerator": True},
        {"kind": "state", "playing": "maybe"},
        {"kind": "hello", "daw": 3},
        {"kind": "place", "id": "d1"},
    ],
)
def test_a_wrong_type_makes_the_message_wrong(raw: dict[str, Any]) -> None:
    with pytest.raises(Wrong):
        checked(raw, FROM_DAW)


@pytest.mark.parametrize("line", [b"", b"{", b"[1]", b"3", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_object_of_json_is_wrong(line: bytes) -> None:
    with pytest.raises(Wrong):
        from_json(line)
