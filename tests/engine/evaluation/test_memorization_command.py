"""The whole command, with a random tiny CLAP: copies are found wherever they are, and repeats in the material."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from engine.cli.main import main
from engine.evaluation import memorization_command
from engine.evaluation.repeats import tallied
from engine.evaluation.window_ear import WindowEar
from engine.evaluation.window_index import Match
from engine.locked_clap import LockedClap
from tests.engine.test_locked_clap import tiny_audio
from tests.engine.tiny_model import Words

RATE = 44_100


def coloured(seconds: float, seed: int) -> np.ndarray:
    """Noise of a colour of its own, which even a random CLAP tells from others."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    pitch = np.fft.rfftfreq(count, 1 / RATE)
    bands = np.interp(pitch, np.linspace(0, RATE / 2, 12), rng.uniform(-60, 0, 12))
    sound = np.fft.irfft(np.fft.rfft(rng.standard_normal((2, count))) * 10 ** (bands / 20), count)
    return (0.1 * sound / sound.std()).astype(np.float32)


def store(path: Path, samples: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(str(path), samples.T, RATE, "PCM_16")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders, made once."""
    tmp_path = tmp_path_factory.mktemp("remembered")
    for seed in range(4):
        store(tmp_path / f"material/deep/{seed}.flac", coloured(22.0, seed))
    store(tmp_path / "material/2 again.wav", coloured(22.0, 2))
    (tmp_path / "material/broken.wav").write_text("no audio")
    store(tmp_path / "takes/new.wav", coloured(12.0, 10))
    # From the middle of a piece, at no window's beginning.
    store(tmp_path / "takes/copied.wav", coloured(22.0, 1)[:, 5 * RATE : 17 * RATE])
    store(tmp_path / "takes/silent.wav", np.zeros((2, RATE), np.float32))
    store(tmp_path / "beside/other.wav", coloured(12.0, 20))
    return tmp_path


@pytest.fixture
def places(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "all"
    shutil.copytree(made, root)
    clap = LockedClap(tiny_audio(), Words())
    clap.initialize(torch.Generator().manual_seed(0))
    clap.save(root / "clap")
    monkeypatch.setattr(
        memorization_command, "_opened", lambda folder, device: WindowEar(clap.eval(), device)
    )
    return root


def run(places: Path, *more: str) -> int:
    words = [f"--{name}={places / name}" for name in ("takes", "material", "beside", "clap", "out")]
    return main(["evaluate", "memorization", *words, *more])


def test_copies_and_repeats_are_found_and_can_be_heard(places: Path):
    assert run(places) == 0
    figures = json.loads((places / "out/figures.json").read_text())
    assert figures["unread"] == 1
    near = figures["takes"]["closest"]
    assert (near[0]["name"], near[0]["other"]) == ("copied.wav", "deep/1.flac")
    assert near[0]["distance"] < near[1]["distance"]
    repeats = figures["material"]
    assert (repeats["sounds"], repeats["replicas"]) == (5, 2)
    assert {one["name"] for one in repeats["closest"][:2]} == {"2 again.wav", "deep/2.flac"}
    text = (places / "out/README.md").read_text()
    assert "2 of 5 sounds have a passage" in text
    assert "1 files could not be read" in text
    for name in ("01-take.flac", "01-material.flac", "02-take.flac"):
        assert f"excerpts/{name}" in text
        heard, rate = soundfile.read(str(places / "out/excerpts" / name))
        assert 5 < len(heard) / rate <= 12
    assert (places / "out/distances.png").stat().st_size > 3000


def test_what_was_heard_once_is_not_heard_again(places: Path, monkeypatch: pytest.MonkeyPatch):
    assert run(places, "--no-repeats") == 0
    first = json.loads((places / "out/figures.json").read_text())
    heard: list[str] = []
    windows = WindowEar.windows

    def listened(self: WindowEar, path: Path, steps: int = 1):
        heard.append(path.name)
        return windows(self, path, steps)

    monkeypatch.setattr(WindowEar, "windows", listened)
    assert run(places, "--no-repeats") == 0
    assert "material" not in first
    assert json.loads((places / "out/figures.json").read_text()) == first
    assert set(heard) == {"broken.wav", "copied.wav", "new.wav", "silent.wav", "other.wav"}
    (places / "material/deep/1.flac").unlink()
    assert run(places, "--no-repeats") == 0
    near = json.loads((places / "out/figures.json").read_text())["takes"]["closest"]
    assert not any(one["other"] == "deep/1.flac" for one in near)


@pytest.mark.parametrize(
    ("gone", "said"),
    [("takes", "There is no folder"), ("material", "There is no folder"), ("clap", "of a CLAP")],
)
def test_bad_input_is_one_sentence(places: Path, gone: str, said: str, capsys):
    (places / gone).rename(places / "elsewhere")
    assert run(places) == 2
    heard = capsys.readouterr().err
    assert said in heard
    assert heard.strip().count("\n") == 0


@pytest.mark.parametrize("flag", ["closest", "excerpts"])
def test_less_than_nothing_cannot_be_shown(places: Path, flag: str, capsys):
    assert run(places, f"--{flag}=-1") == 2
    assert f"--{flag} is -1; it has to be 0 or more." in capsys.readouterr().err


def test_folders_without_sound_are_one_sentence(places: Path, capsys: pytest.CaptureFixture[str]):
    store(places / "quiet/silent.wav", np.zeros((2, RATE), np.float32))
    assert run(places, f"--takes={places / 'quiet'}", "--no-repeats") == 2
    assert "could be compared" in capsys.readouterr().err
    assert run(places, f"--material={places / 'quiet'}", f"--index={places / 'new'}") == 2
    assert "Nothing can be heard" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["takes", "material", "beside"])
def test_an_empty_folder_is_said_before_anything_is_heard(
    name: str, places: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (places / "empty").mkdir()
    monkeypatch.setattr(memorization_command, "listened", None)
    assert run(places, f"--{name}={places / 'empty'}") == 2
    assert "There is no audio in" in capsys.readouterr().err


def test_a_file_in_the_report_s_place_is_said_before_anything_is_heard(
    places: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (places / "out").touch()
    monkeypatch.setattr(memorization_command, "listened", None)
    assert run(places, f"--index={places / 'new'}") == 2
    assert "out cannot be written" in capsys.readouterr().err


def test_a_tally_counts_every_window_and_names_the_nearest_sounds():
    rng = np.random.default_rng(0)
    matches = [
        Match(f"s{sound:02d}", float(place), "x", 0.0, float(rng.random() * 1.9))
        for sound in range(30)
        for place in range(1 + sound % 4)
    ]
    found = tallied(iter(matches), 0.3, 5)
    apart = np.array([match.distance for match in matches])
    best = {
        name: min(m.distance for m in matches if m.name == name)
        for name in {m.name for m in matches}
    }
    assert (found.sounds, found.windows) == (30, len(matches))
    assert [match.distance for match in found.closest] == sorted(best.values())[:5]
    assert found.replicas == sum(value < 0.3 for value in best.values())
    assert found.quantile(0.5) == pytest.approx(np.quantile(apart, 0.5, method="lower"), abs=0.06)
    assert found.nearer(1.0) == pytest.approx((apart < 1.0).mean())
    assert found.histogram.sum() == len(matches)
