"""Laws of a history: what was written is there by its position while there is room, and silence elsewhere."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bridge.audio.live.history import History


@given(
    st.integers(0, 50),
    st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=20),
    st.integers(-20, 200),
    st.integers(0, 60),
)
def test_it_holds_the_newest_frames_at_their_positions(
    begin: int, steps: list[tuple[bool, int]], start: int, count: int
) -> None:
    history, all_of_it = History(16, begin), [0.0] * begin
    for sounds, size in steps:
        part = np.arange(len(all_of_it), len(all_of_it) + size, dtype=np.float32) + 1
        if sounds:
            history.write(np.repeat(part[:, None], 2, axis=1))
            all_of_it += part.tolist()
        else:
            history.skip(size)
            all_of_it += [0.0] * size
    assert history.stop == len(all_of_it)
    first, last = history.span
    assert (first, last) == (max(begin, last - 16), len(all_of_it))
    read = history.read(start, start + count)
    wanted = [all_of_it[p] if first <= p < last else 0.0 for p in range(start, start + count)]
    assert read[:, 0].tolist() == wanted == read[:, 1].tolist()
