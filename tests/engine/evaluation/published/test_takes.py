import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

from engine.engine import Engine
from engine.errors import SpecError
from engine.evaluation.published.prompts import Prompt
from engine.evaluation.published.takes import (
    MADE_WITH,
    Asked,
    check_some,
    found,
    make_takes,
    settle,
    weights_mark,
)
from tests.engine.tiny_model import tiny_model

PROMPTS = [Prompt("859", "Slow", "1"), Prompt("990", "Fast", "2")]
ASKED = Asked("sketch", 1.0, seed=1, steps=2)


@pytest.fixture
def engine() -> Engine:
    model = tiny_model()
    return Engine("cpu", load=lambda _: model)


def test_takes_lie_under_their_names_and_are_resumed(engine: Engine, tmp_path: Path):
    settle(tmp_path, PROMPTS, ASKED)
    assert make_takes(engine, PROMPTS, ASKED, tmp_path)["takes"] == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["859.wav", "990.wav", MADE_WITH]
    sounds = [soundfile.read(tmp_path / name)[0] for name in ("859.wav", "990.wav")]
    assert [sound.shape for sound in sounds] == [(44_100, 2)] * 2
    assert (sounds[0] != sounds[1]).any()
    before = (tmp_path / "990.wav").read_bytes()
    (tmp_path / "990.wav").unlink()
    # A take does not depend on what else is made, or in which order.
    assert make_takes(engine, PROMPTS[::-1], ASKED, tmp_path)["takes"] == 1
    assert (tmp_path / "990.wav").read_bytes() == before
    assert found(tmp_path, "859") == tmp_path / "859.wav"
    assert found(tmp_path, "860") is None


def taken(folder: Path) -> None:
    """As after takes of both prompts."""
    settle(folder, PROMPTS, ASKED)
    for prompt in PROMPTS:
        (folder / f"{prompt.name}.wav").touch()


@pytest.mark.parametrize(
    ("other", "differing"),
    [
        (replace(ASKED, seconds=1.5, seed=2), "seconds and seed"),
        (replace(ASKED, weights="others"), "weights"),
    ],
)
def test_takes_of_two_settings_never_meet(other: Asked, differing: str, tmp_path: Path):
    taken(tmp_path)
    with pytest.raises(SpecError, match=f"made with another {differing}; give another --out"):
        settle(tmp_path, PROMPTS, other)
    assert json.loads((tmp_path / MADE_WITH).read_text())["seconds"] == 1.0
    for path in tmp_path.glob("*.wav"):
        path.unlink()
    settle(tmp_path, PROMPTS, other)


def test_a_take_is_never_the_answer_to_another_prompt(tmp_path: Path):
    taken(tmp_path)
    settle(tmp_path, PROMPTS[1:], ASKED)
    settle(tmp_path, PROMPTS, ASKED)
    moved = [Prompt("859", "New", "1"), Prompt("990", "Slow", "2"), Prompt("991", "Fast", "3")]
    with pytest.raises(
        SpecError, match=r"take 859 in .* was not made from the prompt of this name"
    ):
        settle(tmp_path, moved, ASKED)
    (tmp_path / "991.wav").touch()
    with pytest.raises(SpecError, match="take 991 in"):
        settle(tmp_path, [*PROMPTS, moved[2]], ASKED)


@pytest.mark.parametrize("text", ["{", "[]", '{"prompts": 1}', "[" * 200_000, "\0"])
def test_damaged_notes_on_takes_are_said(text: str, tmp_path: Path):
    taken(tmp_path)
    (tmp_path / MADE_WITH).write_text(text)
    with pytest.raises(SpecError, match="is damaged"):
        settle(tmp_path, PROMPTS, ASKED)


def test_weights_are_told_apart_by_what_is_in_them(tmp_path: Path):
    (tmp_path / "a/clap").mkdir(parents=True)
    (tmp_path / "a/model.safetensors").write_bytes(b"1")
    (tmp_path / "a/clap/model.safetensors").write_bytes(b"2")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert weights_mark(tmp_path / "a") == weights_mark(tmp_path / "b")
    (tmp_path / "b/clap/model.safetensors").write_bytes(b"3")
    assert weights_mark(tmp_path / "a") != weights_mark(tmp_path / "b")


def test_a_folder_of_none_of_the_files_is_said(tmp_path: Path):
    with pytest.raises(SpecError, match=r"There is no folder .*; give one that is there with --x"):
        check_some(tmp_path / "none", ["1"], "--x")
    (tmp_path / "2.wav").touch()
    check_some(tmp_path, ["1", "2"], "--x")
    with pytest.raises(SpecError, match="none of the 2 files"):
        check_some(tmp_path, ["1", "3"], "--x")
