from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from engine.evaluation.listening import Listener
from engine.evaluation.window_ear import WindowEar
from engine.locked_clap import LockedClap
from engine.sound import reading
from tests.engine.test_locked_clap import tiny_audio
from tests.engine.tiny_model import Words


@pytest.fixture
def ear() -> WindowEar:
    clap = LockedClap(tiny_audio(), Words())
    clap.initialize(torch.Generator().manual_seed(1))
    return WindowEar(clap.eval())


def noise(seconds: float, seed: int = 0, rate: int = 48_000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(round(seconds * rate))).astype(np.float32)


def stored(path: Path, samples: np.ndarray, rate: int = 48_000) -> Path:
    soundfile.write(str(path), samples.T, rate, "FLOAT")
    return path


def starts(ear: WindowEar, path: Path, steps: int = 1) -> list[float]:
    return [start for start, _ in ear.windows(path, steps)]


@pytest.fixture(params=[1 << 20, 70_001])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a file comes in blocks."""
    monkeypatch.setattr(reading, "BLOCK", request.param)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("windows", [0.3, 1.0, 1.001, 2.0, 2.6])
def test_windows_begin_in_steps_and_the_last_ends_with_the_sound(
    ear: WindowEar, tmp_path: Path, windows: float, steps: int
):
    seconds = windows * ear.window
    found = starts(ear, stored(tmp_path / "a.wav", noise(seconds)), steps)
    last = max(seconds - ear.window, 0.0)
    hop = ear.window / steps
    # Whole samples each.
    even = [k * hop for k in range(100) if k * hop <= last + 1e-4]
    wanted = even if abs(even[-1] - last) < 1e-4 else [*even, last]
    assert found == pytest.approx(wanted, abs=1e-4)


def test_a_window_is_heard_as_the_same_sound_alone(ear: WindowEar, tmp_path: Path):
    whole = noise(2.5 * ear.window)
    size = round(ear.window * 48_000)
    found = list(ear.windows(stored(tmp_path / "a.wav", whole)))
    for start, vector in found:
        first = round(start * 48_000)
        alone = stored(tmp_path / "b.wav", whole[first : first + size])
        ((_, other),) = ear.windows(alone)
        np.testing.assert_allclose(vector, other, atol=1e-5)
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    assert ear.width() == len(found[0][1])


def test_a_short_sound_is_heard_as_the_listener_hears_it(ear: WindowEar, tmp_path: Path):
    stereo = np.stack([noise(3.0, 1, 44_100), noise(3.0, 2, 44_100)])
    ((_, vector),) = ear.windows(stored(tmp_path / "a.wav", stereo, 44_100))
    listener = Listener(ear.clap, tmp_path / "spectra")
    np.testing.assert_allclose(vector, listener.windows(stereo)[0], atol=1e-4)


def test_silence_is_left_out(ear: WindowEar, tmp_path: Path):
    rest = np.zeros(round(2 * ear.window * 48_000), np.float32)
    sound = noise(ear.window)
    assert starts(ear, stored(tmp_path / "a.wav", rest)) == []
    found = starts(ear, stored(tmp_path / "b.wav", np.concatenate([rest, sound])))
    assert found == pytest.approx([2 * ear.window], abs=1e-4)
