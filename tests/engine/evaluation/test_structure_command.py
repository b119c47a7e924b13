"""Any folder beside any other, with music whose form is known."""

import json
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import soundfile

from engine.cli.main import main
from engine.evaluation import structure_command

RATE = 22_050


def part(kind: int, seconds: float) -> np.ndarray:
    """A chord in a timbre of its own."""
    t = np.arange(round(seconds * RATE)) / RATE
    notes = [(0, 4, 7), (2, 5, 9), (6, 10, 13), (3, 8, 11)][kind]
    tones = [np.sin(2 * np.pi * 220 * 2 ** (note / 12) * t * (1 + kind % 2)) for note in notes]
    rng = np.random.default_rng(kind)
    return 0.1 * sum(tones) + 0.02 * (1 + kind) * rng.standard_normal(len(t))


def store(path: Path, form: str, seconds: float = 20.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = np.concatenate([part("ABCD".index(letter), seconds) for letter in form])
    soundfile.write(str(path), sound, RATE)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    for name in ("x", "deep/y"):
        store(tmp_path / f"songs/{name}.flac", "ABAB")
        store(tmp_path / f"drones/{name}.wav", "AAAA")
    store(tmp_path / "drones/short.wav", "A")
    (tmp_path / "drones/broken.mp3").write_text("no audio")
    return tmp_path


def test_songs_have_sections_and_drones_have_none(two: Path):
    out = two / "out"
    words = [f"--takes={two / 'songs'}", f"--beside={two / 'drones'}", f"--out={out}"]
    assert main(["evaluate", "structure", *words]) == 0
    text = (out / "figures.json").read_text()
    assert "NaN" not in text
    figures = json.loads(text)
    # It has no boundary to measure.
    assert figures["rows"]["drones"]["x"]["novelty"] is None
    assert figures["means"]["songs"]["boundaries"][0] == 3
    assert figures["means"]["songs"]["section"][0] == pytest.approx(20, abs=0.1)
    assert figures["means"]["songs"]["per_minute"][0] == pytest.approx(2.25, abs=0.01)
    assert figures["means"]["drones"]["boundaries"][0] == 0
    assert figures["means"]["songs"]["repetition"][0] > 0.5
    assert figures["behind"]["drones"]["boundaries"][0] == 3
    assert figures["left_out"] == {"songs": 0, "drones": 2}
    text = (out / "README.md").read_text()
    assert "2 in `songs`, 2 in `drones` (2 left out)" in text
    for name in ("songs", "drones"):
        for picture in (f"{name}.png", f"{name}-binary.png"):
            assert picture in text
            assert matplotlib.image.imread(out / picture).std() > 0.01


def test_a_folder_stands_alone_too_and_no_more_is_heard_than_asked(two: Path):
    out = two / "out"
    words = [f"--takes={two / 'songs'}", f"--out={out}", "--seconds=60", "--shown=1"]
    assert main(["evaluate", "structure", *words]) == 0
    figures = json.loads((out / "figures.json").read_text())
    assert figures["behind"] == {}
    assert {row["seconds"] for row in figures["rows"]["songs"].values()} == {60.0}


def test_nothing_is_drawn_if_nothing_is_to_be_shown(two: Path):
    words = [f"--takes={two / 'songs'}", f"--out={two / 'out'}", "--seconds=60", "--shown=0"]
    assert main(["evaluate", "structure", *words]) == 0
    assert "png" not in (two / "out/README.md").read_text()
    with pytest.raises(SystemExit):
        main(["evaluate", "structure", *words, "--shown=-1"])


def test_a_file_in_the_report_s_place_is_said_before_anything_is_heard(
    two: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (two / "out").touch()
    monkeypatch.setattr(structure_command, "_heard", None)
    assert main(["evaluate", "structure", f"--takes={two / 'songs'}", f"--out={two / 'out'}"]) == 2
    assert "out cannot be written: File exists." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("takes", "beside", "said"),
    [
        ("none", "songs", "There is no folder"),
        ("songs", "empty", "There is no audio"),
        ("songs", "songs", "Two folders are called songs"),
        ("shorts", "songs", "Nothing in shorts is 60 s"),
    ],
)
def test_bad_input_is_one_sentence(
    tmp_path: Path, takes: str, beside: str, said: str, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "empty").mkdir()
    store(tmp_path / "songs/x.wav", "AB", 1.0)
    store(tmp_path / "shorts/x.wav", "AB", 1.0)
    words = [f"--takes={tmp_path / takes}", f"--beside={tmp_path / beside}"]
    assert main(["evaluate", "structure", *words, f"--out={tmp_path / 'out'}"]) == 2
    assert said in capsys.readouterr().err
