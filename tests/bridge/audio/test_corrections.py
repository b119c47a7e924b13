"""What was measured goes into the settings and comes back; what is no time is left out."""

from __future__ import annotations

import pytest

from bridge.audio.corrections import Corrections


@pytest.mark.parametrize("seconds", [0.0, 0.01761, -0.0232, 1.5])
def test_a_measurement_is_kept_as_text(seconds: float) -> None:
    first = Corrections()
    assert first.of("out", "in") is None
    kept = first.keep("out", "in", seconds)
    assert list(kept) == ["out > in"] and kept["out > in"].endswith(" ms")
    again = Corrections(kept)
    assert again.of("out", "in") == pytest.approx(seconds, abs=5e-6)
    assert again.of("in", "out") is None
    assert len(again.keep("other", "in", 0.1)) == 2


@pytest.mark.parametrize("text", ["", "soon", "3", "3 s", "nan ms", "9999 ms", "1e3 ms"])
def test_what_is_no_time_is_left_out(text: str) -> None:
    assert Corrections({"out > in": text}).of("out", "in") is None
