"""The presets that come with Longtake, and the table of their keys."""

from __future__ import annotations

from importlib.resources import files

from engine.composing.styles import styles
from engine.presets import CATEGORIES, builtin_presets, keys_table
from engine.registry import SKETCH
from engine.spec import GenerationSpec, tempo_in
from gui.prompt_form import read_form

PRESETS = builtin_presets()


def test_there_are_enough_and_every_category_has_some() -> None:
    assert len(PRESETS) >= 48
    for category in set(CATEGORIES) - {"mine"}:
        assert sum(preset.category == category for preset in PRESETS) >= 5, category


def test_names_are_unique_and_each_says_what_it_is() -> None:
    names = [preset.name.casefold() for preset in PRESETS]
    assert len(set(names)) == len(names)
    for preset in PRESETS:
        assert preset.description.endswith("."), preset.name
        assert preset.tags, preset.name


def test_each_lies_in_the_folder_of_its_category() -> None:
    for folder in files("presets").iterdir():
        if folder.name in CATEGORIES:
            count = sum(entry.name.endswith(".toml") for entry in folder.iterdir())
            assert count == sum(preset.category == folder.name for preset in PRESETS)


def test_each_resolves_for_the_embedded_model() -> None:
    for preset in PRESETS:
        values = preset.values | ({"init_audio": "beat.wav"} if preset.needs_recording else {})
        spec = GenerationSpec.from_dict(values).resolved(SKETCH)
        assert 0.5 <= (spec.seconds_total or 0) <= 60, preset.name
        if preset.category == "loop":
            assert spec.loop
            assert preset.name.split()[1] == f"{tempo_in(spec.prompt):g}", preset.name
        if preset.needs_recording:
            assert 0.3 <= (spec.init_noise_level or 0) <= 0.9, preset.name


def test_each_is_written_in_words_the_embedded_model_was_told() -> None:
    for preset in PRESETS:
        form = read_form(preset.values["prompt"])
        found = [style for style in styles().values() if form.genre in style.genres]
        assert found and not form.text, preset.name
        style = min(found, key=lambda each: each.genres.index(form.genre))
        played = {instrument for part in style.parts for instrument in part.play} | {"Drums"}
        assert set(form.instruments) <= played, preset.name
        assert set(form.moods) <= set(style.moods), preset.name
        assert style.tempo[0] - 12 <= (form.tempo or 0) <= style.tempo[1], preset.name
        assert not form.key or form.key.partition(" ")[2] in style.modes, preset.name


def test_the_table_of_keys_in_the_readme_is_the_table_of_parameters() -> None:
    text = (files("presets") / "README.md").read_text("utf-8")
    table = text.partition("<!-- keys -->\n")[2].partition("\n<!-- /keys -->")[0]
    assert table == keys_table(), "run python -m benchmarks.presets --keys"
