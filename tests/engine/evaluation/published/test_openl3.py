import pytest
import torch

from engine.errors import ShapeError
from engine.evaluation.published.openl3 import OpenL3, spectra
from tests.golden.judges import heard, judge_weights
from tests.golden.values import facts, golden, values

TENSORS, _ = golden("openl3")
SECONDS = float(facts("openl3")["seconds"])


@pytest.fixture(scope="module")
def network() -> OpenL3:
    made = OpenL3()
    made.load_state_dict(judge_weights(made.state_dict()))
    return made.eval()


def test_embeds_as_openl3_does(network: OpenL3):
    rows = torch.cat(list(network.rows(torch.from_numpy(heard(SECONDS, 48_000)))))
    assert rows.shape == TENSORS["rows"].shape == (2, 1024)
    assert TENSORS["rows"].std() > 0.1
    # Left and right are heard apart.
    assert (TENSORS["rows"][:, :512] - TENSORS["rows"][:, 512:]).abs().max() > 0.1
    assert (rows - TENSORS["rows"]).abs().max() < 1e-4


@pytest.mark.parametrize(("seconds", "rows"), [(0.3, 1), (0.5, 1), (0.9, 2), (2.0, 4), (2.1, 5)])
def test_a_window_begins_each_half_second(seconds: float, rows: int):
    from engine.evaluation.published.openl3 import _windows

    sides = torch.ones(2, round(48_000 * seconds))
    windows = _windows(sides)
    assert windows.shape == (2, rows, 48_000)
    # Centred: half a window of silence first, and whatever is missing at the end.
    assert windows[0, 0, :24_000].abs().max() == 0
    assert windows[0, 0, 24_000] == 1
    assert windows[:, :, ::24_000].sum() <= 4 * rows


def test_120_and_285_seconds_are_240_and_570_rows():
    from engine.evaluation.published.openl3 import _windows

    assert [_windows(torch.zeros(1, 48_000 * s)).shape[1] for s in (120, 285)] == [240, 570]


def test_spectra_do_not_depend_on_loudness_and_span_80_db():
    window = values("window", (1, 48_000)) * torch.linspace(0, 1, 48_000) ** 8
    loud, quiet = spectra(window), spectra(window / 64)
    assert loud.shape == (1, 256, 199)
    assert loud.max() == 0
    assert loud.min() == -80
    # But for what is below the least magnitude of all.
    assert (loud - quiet)[loud > -60].abs().max() < 1e-3
    assert spectra(torch.zeros(1, 48_000)).abs().max() == 0


def test_only_windows_of_a_second_are_heard(network: OpenL3):
    with pytest.raises(ShapeError, match=r"OpenL3 takes windows \[B, 48000\], not \[2, 24000\]"):
        network(torch.zeros(2, 24_000))
