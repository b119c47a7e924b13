"""What tells takes of the same prompt apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from bridge.state import JobOptions, Take
from gui.demo.studio import Studio
from gui.takes.apart import akin, apart, variation
from gui.takes.model import APART, take_words
from gui.window.main_window import MainWindow

MakeTakes = Callable[[int], list[Take]]


def test_only_what_differs_is_said(make_takes: MakeTakes) -> None:
    take = replace(make_takes(1)[0], seed=17)

    def told(**spec: object) -> list[str]:
        return apart(replace(take, spec=take.spec | spec), [take])

    assert told() == []
    assert apart(replace(take, seed=4), [take]) == ["seed 4"]
    assert apart(take, [replace(take, seed=4)]) == ["seed 17"]
    assert told(steps=50) == ["50 steps"]
    assert sorted(told(cfg_scale=4.0, loop=True)) == ["guidance 4", "loop"]
    assert told(negative_prompt="vocals") == ["without vocals"]
    assert told(variation=0.25) == ["variation 0.25"]
    assert told(chords="Am7 | F | C G | E7 | Am7 | F | C G | E7") == ["Am7 | F | C G | E7 | Am…"]
    assert told(prompt="x", tempo=90.0, bars=4.0) == []
    assert apart(replace(take, model="other"), [take]) == ["other"]


def test_settings_without_effect_are_not_said(make_takes: MakeTakes) -> None:
    take = make_takes(1)[0]
    idle = {"init_noise_level": 0.7, "variation": 0.0, "variation_seed": 5, "score_seed": 6}
    other = replace(take, spec=take.spec | idle | {"cfg_rescale": 0.0})
    assert apart(other, [take]) == apart(take, [other]) == []
    restyled = replace(take, spec=take.spec | {"init_noise_level": 0.7, "init_audio": "a.wav"})
    assert apart(restyled, [take]) == ["strength 0.7"]


def test_takes_are_akin_when_their_rows_read_alike(make_takes: MakeTakes) -> None:
    take = make_takes(1)[0]
    assert akin(take, replace(take, id="another", seed=3))
    assert not akin(take, replace(take, name="Mine"))
    assert not akin(take, replace(take, prompt="Else"))
    assert not akin(take, None)


def test_rows_of_one_job_say_their_number_and_seed_to_eye_pointer_and_ear(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    prompt = "Genre: House | Instruments: Drums"
    studio.session.generate(prompt, seconds_total=1.0, seed=40, options=JobOptions(batch=3))
    model = window.takes.model
    qtbot.waitUntil(lambda: model.rowCount() == 3, timeout=30_000)
    takes = [take for row in range(3) if (take := model.take(row))]
    assert sorted(variation(take) for take in takes) == [1, 2, 3]
    said = [model.data(model.index(row), APART) for row in range(3)]
    assert len(set(said)) == 3
    for take, words in zip(takes, said, strict=True):
        assert words == f"no. {variation(take)}  ·  seed {take.seed}"
        row = model.row(take.id)
        spoken = model.data(model.index(row), Qt.ItemDataRole.AccessibleTextRole)
        assert spoken.startswith(f"House · Drums, no. {variation(take)}, seed {take.seed}, ")
        tip = model.data(model.index(row), Qt.ItemDataRole.ToolTipRole)
        assert words in tip.splitlines()
        assert take_words(take, told=words).startswith(words)
    studio.session.takes.change(takes[1].id, name="Mine")
    qtbot.waitUntil(lambda: not any(model.data(model.index(row), APART) for row in range(3)))


def test_a_row_beside_others_says_nothing_of_it(window: MainWindow, make_takes: MakeTakes) -> None:
    make_takes(2)
    model = window.takes.model
    assert [model.data(model.index(row), APART) for row in range(2)] == ["", ""]
