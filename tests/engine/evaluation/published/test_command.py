import json
import re
from pathlib import Path

import numpy as np
import pytest

from engine.cli.main import main
from engine.errors import LongtakeError
from engine.evaluation.published.command import _parser, evaluate
from engine.evaluation.published.judges_files import CLAP, OPENL3, PASST
from engine.evaluation.published.judging import Judges, judged, listen
from engine.evaluation.published.paper import TABLES
from engine.evaluation.published.prompts import read_prompts
from engine.evaluation.published.reconstructing import reconstructed
from engine.evaluation.published.report import report
from engine.evaluation.published.sounds import SHORTEST
from engine.sound.audio import write_audio
from tests.engine.evaluation.published.tiny_judges import tiny_judges
from tests.engine.tiny_model import tiny_model
from tests.golden.judges import RATE, heard

LIST = "caption_id,track_id,caption\n1,10,house drums\n2,10,warm tape\n3,20,slow\n4,30,fast\n5,40,tape\n"


@pytest.fixture(scope="module")
def judges() -> Judges:
    return tiny_judges()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A list of five captions of four recordings, of which one is silent, and one too short."""
    (tmp_path / "list.csv").write_text(LIST)
    tracks = tmp_path / "tracks"
    tracks.mkdir()
    for name, seconds in (("10", 3.0), ("20", 2.0)):
        write_audio(tracks / f"{name}.wav", heard(seconds), RATE)
    write_audio(tracks / "30.wav", np.zeros((2, RATE), np.float32), RATE)
    write_audio(tracks / "40.wav", heard(0.01), RATE)
    return tmp_path


def typed(folder: Path, *more: str) -> list[str]:
    return [
        "--judges",
        "public",
        "--prompts",
        str(folder / "list.csv"),
        "--out",
        str(folder / "out"),
        *more,
    ]


def test_takes_are_made_judged_and_stand_beside_the_papers(folder: Path, judges: Judges):
    words = typed(folder, "--seconds", "1.5", "--steps", "2", "--device", "cpu", "--autoencoder")
    arguments = _parser().parse_args([*words, "--reference", str(folder / "tracks")])
    figures = evaluate(arguments, "longtake evaluate", tiny_model(), judges)
    out = folder / "out"
    found = figures["judged"]
    # Three captions have a recording that can be heard.
    assert [found["clap"]["of"], found["kl"]["of"], found["prompts"]] == [5, 3, 5]
    # Windows begin each half second: 3 for a take of 1.5 s; 6 and 4 for the recordings.
    assert [found["fd"]["of"], found["fd"]["reference"]] == [15, 10]
    assert found["fd"]["value"] > 0 < found["kl"]["value"]
    assert -1 <= found["clap"]["value"] <= 1
    assert set(found["reference_failed"]) == set(figures["autoencoder"]["failed"]) == {"30", "40"}
    assert figures["autoencoder"]["tracks"] == 2
    text = (out / "README.md").read_text()
    assert report(json.loads((out / "figures.json").read_text())) == text
    for row in (*TABLES[2], *TABLES[3]):
        assert f"| {row.model} | " in text
        assert f"| {row.fd:.2f} | {row.kl:.2f} | {row.clap:.2f} | {row.time} |" in text
    assert text.count("| **sketch** |") == 3
    assert "of the takes" not in text
    assert text.count("In no figure, of the recordings: 2.") == 2
    assert text.count("30.wav is silent throughout") == 2
    assert str(folder) not in text
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({row.count("|") for row in table.splitlines()}) == 1


def test_takes_made_elsewhere_are_judged_without_a_model(folder: Path, judges: Judges):
    made = folder / "made"
    made.mkdir()
    for name in "123":
        write_audio(made / f"{name}.flac", heard(2.0 + int(name) / 10), RATE)
    words = typed(folder, "--takes", str(made), "--device", "cpu", "--limit", "4")
    arguments = _parser().parse_args(words)
    figures = evaluate(arguments, "longtake evaluate", judges=judges)
    assert figures["about"]["model"] == "made"
    assert figures["judged"]["clap"]["of"] == 3
    assert figures["judged"]["failed"] == {"4": "there is no audio file 4 in made"}
    assert "fd" not in figures["judged"]
    text = (folder / "out/README.md").read_text()
    assert "Without recordings (`--reference`) there is no FD and no KL." in text
    assert "| **made** | 2s | - | - | " in text


def test_recordings_are_nearest_to_themselves(folder: Path, judges: Judges):
    prompts = read_prompts(folder / "list.csv")[:3]
    reference = listen(judges, ["10", "20"], folder / "tracks", texts=False)
    names = {"1": "10", "2": "10", "3": "20"}
    for take, track in names.items():
        (folder / f"{take}.wav").write_bytes((folder / "tracks" / f"{track}.wav").read_bytes())
    found = judged(judges, prompts, listen(judges, names, folder, texts=True), reference)
    # The first is there twice, so that the sets are not quite the same.
    assert found["fd"]["value"] < 0.05 * np.trace(reference.windows.covariance)
    assert abs(found["kl"]["value"]) < 1e-3


def test_what_is_missing_is_said_before_anything_is_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("engine.model_files.platformdirs.user_data_path", lambda *_, **__: folder)
    command = ["evaluate", "--judges=public", "--out", str(folder / "out")]
    assert main(command) == 2
    assert "OpenL3 and PaSST and CLAP are not in" in capsys.readouterr().err
    judges = folder / "judges"
    (judges / CLAP).mkdir(parents=True)
    for name in (OPENL3, PASST, f"{CLAP}/model.safetensors"):
        (judges / name).touch()
    assert main(command) == 2
    assert "longtake evaluate fetch song-describer" in capsys.readouterr().err
    assert not (folder / "out").exists()


def test_the_paper_s_rows_are_those_of_its_tables():
    assert [row.fd for rows in TABLES.values() for row in rows] == [
        *(204.03, 78.70, 213.76, 89.33),
        *(204.03, 79.09, 218.02, 81.96),
    ]


def test_the_shortest_sound_is_heard_by_all_judges(folder: Path, judges: Judges):
    write_audio(folder / "1.wav", heard(SHORTEST), RATE)
    found = listen(judges, ["1"], folder, texts=True)
    assert (found.windows.count, list(found.tags), list(found.clap)) == (1, ["1"], ["1"])


def test_takes_and_recordings_of_one_name_both_say_why_they_failed():
    judged = {"prompts": 1, "failed": {"1": "too short"}, "reference_failed": {"1": "silent"}}
    about = {"model": "m", "command": "c", "date": "d", "machine": "cpu", "minutes": 1.0}
    autoencoder = {"tracks": 0, "latents": "8 Hz", "failed": {"1": "no audio"}}
    text = report({"about": about, "judged": judged, "autoencoder": autoencoder})
    for said in ("- 1: too short", "- 1: silent", "- 1: no audio", "| 8 Hz | - | - | - |"):
        assert said in text
    assert "| **m** | - | - | - | - | - |" in text


def test_what_is_nothing_in_mono_is_in_no_figure(tmp_path: Path):
    sound = heard(1.0)[:1]
    write_audio(tmp_path / "1.wav", np.concatenate([sound, -sound]), RATE, "float")
    found = reconstructed(tiny_model().autoencoder, ["1"], tmp_path)
    assert found["tracks"] == 0
    assert "cancel each other out" in found["failed"]["1"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            ["--reference", "none"],
            "There is no folder none; give one that is there with --reference",
        ),
        (["--takes", "none"], "There is no folder none; give one that is there with --takes"),
        (["--takes", "tracks"], "none of the 5 files that the prompts name, as 1.wav"),
        (["--takes", "tracks", "--autoencoder"], "leave out one of them"),
        (["--autoencoder"], "give their folder with --reference"),
        (["--out", "list.csv"], "list.csv cannot be written"),
        (["--weights", "tracks"], "sketch has no weights in tracks"),
    ],
)
def test_bad_input_is_one_sentence_before_anything_is_loaded(
    more: list[str], said: str, folder: Path, judges: Judges, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(folder)
    monkeypatch.setattr("engine.engine.load_model", None)
    monkeypatch.setattr("engine.evaluation.published.judging.listen", None)
    arguments = _parser().parse_args(typed(folder, "--device", "cpu", *more))
    with pytest.raises(LongtakeError, match=said):
        evaluate(arguments, "longtake evaluate", judges=judges)


@pytest.mark.parametrize("limit", ["-1", "0", "x"])
def test_a_limit_is_a_count(limit: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        _parser().parse_args([f"--limit={limit}"])
    assert "it is a whole number, 1 or more" in capsys.readouterr().err
