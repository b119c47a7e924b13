"""Laws of the wire: what goes in comes out, a half message is none, and both ends share the slots."""

from __future__ import annotations

import os

import numpy as np
import pytest

from bridge.engine_process.wire import SLOT_FLOATS, SLOTS, SharedSlots, Wire
from bridge.shared_file import SharedFile


def pair() -> tuple[Wire, Wire]:
    (a, b), (c, d) = os.pipe(), os.pipe()
    return (
        Wire(os.fdopen(a, "rb"), os.fdopen(d, "wb")),
        Wire(os.fdopen(c, "rb"), os.fdopen(b, "wb")),
    )


def test_messages_come_in_order_and_end_with_the_other_end() -> None:
    here, there = pair()
    for number in range(100):
        there.send(say="step", number=number, text="ü\n")
    there.close()
    for number in range(100):
        assert here.receive() == {"say": "step", "number": number, "text": "ü\n"}
    assert here.receive() is None
    with pytest.raises(OSError):
        here.send(do="stop")
    here.close()


def test_a_half_message_is_none() -> None:
    reader, writer = os.pipe()
    os.write(writer, b'{"say":"st')
    os.close(writer)
    with open(os.devnull, "wb") as nothing:
        wire = Wire(os.fdopen(reader, "rb"), nothing)
        assert wire.receive() is None
        wire.close()


def test_both_ends_see_the_same_memory() -> None:
    mine = SharedSlots()
    place = mine.file.place
    theirs = SharedSlots(SharedFile(place if os.name == "nt" else str(os.dup(int(place)))))
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(2, SLOT_FLOATS // 2)).astype(np.float32) for _ in range(SLOTS)]
    for slot, array in enumerate(arrays):
        theirs.put(slot, array)
    for slot, array in enumerate(arrays):
        taken = mine.take(slot, array.shape)
        np.testing.assert_array_equal(taken, array)
        theirs.put(slot, np.zeros_like(array))
        np.testing.assert_array_equal(taken, array)
