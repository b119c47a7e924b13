"""Laws of `longtake presets`: all of them are named, one is shown whole, and a damaged one costs a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.presets import main, preset_values
from engine.errors import PresetError, SpecError
from engine.presets import (
    CATEGORIES,
    Preset,
    PresetStore,
    builtin_presets,
    read_preset,
    user_folder,
)


@pytest.fixture
def store(tmp_path: Path) -> PresetStore:
    store = PresetStore(tmp_path)
    store.write(Preset("Mine", "A tune.", values={"prompt": "tune, 90 BPM", "seed": 3}))
    (tmp_path / "broken.toml").write_text("nonsense = ")
    return store


def test_every_preset_is_listed_under_its_kind(
    store: PresetStore, capsys: pytest.CaptureFixture[str]
) -> None:
    for argv in ([], ["list"]):
        assert main(argv, store) == 0
        out, err = capsys.readouterr()
        for preset in builtin_presets():
            assert f"  {preset.name} " in out and preset.description in out
        assert "mine: saved by you\n  Mine " in out
        heads = [line.split(":")[0] for line in out.splitlines() if not line.startswith(" ")]
        assert heads == list(CATEGORIES)
        assert "broken.toml is not valid TOML" in err and err.count("\n") == 1


def test_one_is_shown_whole(store: PresetStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "deep", "HOUSE", "night"], store) == 0
    shown = read_preset(capsys.readouterr().out, "x")
    assert shown.values == store.find("Deep House Night").values
    assert main(["show", "mine"], store) == 0
    assert 'prompt = "tune, 90 BPM"' in capsys.readouterr().out


def test_what_a_command_starts_from(store: PresetStore) -> None:
    assert preset_values("mine", "render", store)["prompt"] == "tune, 90 BPM"
    with pytest.raises(PresetError, match="there are Deep House Night"):
        preset_values("deep hous", "render", store)
    with pytest.raises(SpecError, match="starts from a recording: longtake transform AUDIO"):
        preset_values("Beatbox to House Kit", "render", store)
    assert preset_values("Beatbox to House Kit", "transform", store)["init_noise_level"] > 0


def test_a_folder_of_ones_own_has_its_presets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bridge.places import places

    monkeypatch.setenv("LONGTAKE_HOME", str(tmp_path))
    assert user_folder() == places().presets == tmp_path / "data" / "presets"
    monkeypatch.delenv("LONGTAKE_HOME")
    assert user_folder() == places().presets
