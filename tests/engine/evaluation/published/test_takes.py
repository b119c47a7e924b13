import json
from pathlib import Path

import pytest
import soundfile

from engine.engine import Engine
from engine.errors import SpecError
from engine.evaluation.published.prompts import Prompt
from engine.evaluation.published.takes import MADE_WITH, Asked, found, make_takes
from tests.engine.tiny_model import tiny_model

PROMPTS = [Prompt("859", "Slow", "1"), Prompt("990", "Fast", "2")]
ASKED = Asked("sketch", 1.0, seed=1, steps=2)


@pytest.fixture
def engine() -> Engine:
    model = tiny_model()
    return Engine("cpu", load=lambda _: model)


def test_takes_lie_under_their_names_and_are_resumed(engine: Engine, tmp_path: Path):
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


def test_takes_of_two_settings_never_meet(engine: Engine, tmp_path: Path):
    make_takes(engine, PROMPTS[:1], ASKED, tmp_path)
    other = Asked("sketch", 1.5, seed=2, steps=2)
    with pytest.raises(SpecError, match="made with another seconds and seed; give another --out"):
        make_takes(engine, PROMPTS, other, tmp_path)
    assert json.loads((tmp_path / MADE_WITH).read_text())["seconds"] == 1.0
    (tmp_path / MADE_WITH).write_text("{")
    with pytest.raises(SpecError, match="is damaged"):
        make_takes(engine, PROMPTS, ASKED, tmp_path)
