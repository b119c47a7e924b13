"""The strict reader of presets and the store of the musician's own."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import PresetError
from engine.presets import KEPT, KEYS, Preset, PresetStore, read_preset, write_preset
from engine.spec import PARAMETERS

GOOD = 'name = "A"\ncategory = "loop"\ntags = ["x"]\nprompt = "House"\nbars = 4\nloop = true\n'


@pytest.fixture
def system_bin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(
        "send2trash.send2trash", lambda path: path.rename(folder / path.name), raising=True
    )
    return folder


@pytest.fixture
def store(tmp_path: Path, system_bin: Path) -> PresetStore:
    return PresetStore(tmp_path / "mine")


def test_reads_every_key_in_its_own_type() -> None:
    preset = read_preset(GOOD + "chords = 'Am7 | F'\ncfg_interval = [0, 0.5]", "a.toml")
    assert (preset.name, preset.category, preset.tags) == ("A", "loop", ("x",))
    assert preset.values["bars"] == 4.0
    assert preset.values["chords"] == "Am7 | F"
    assert preset.spec().cfg_interval == (0.0, 0.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "A"\nprompt = "x"\nsteeps = 4\nguidence = 2', "guidence, steeps"),
        ('name = "A"\nprompt = "x"\nsteps = 0', "steps"),
        ('name = "A"\nsteps = "many"', "steps"),
        ('name = "A"\ntags = "x"', "tags"),
        ('name = "A"\ndescription = 3', "description"),
        ('name = "A"\ncategory = "noise"', "category"),
        ('name = "A"\nkeep = [[1, 2]]\ninit_audio = "a.wav"', "init_audio, keep"),
        ('name = "A"\nmidi = "/home/me/clip.mid"', "midi"),
        ('prompt = "x"', "name"),
        ("name = ", "TOML"),
    ],
)
def test_names_what_is_wrong_and_the_file(text: str, said: str) -> None:
    with pytest.raises(PresetError, match=said) as caught:
        read_preset(text, "wrong.toml")
    assert "wrong.toml" in str(caught.value)


def test_an_unknown_key_lists_the_known_ones() -> None:
    with pytest.raises(PresetError) as caught:
        read_preset('name = "A"\nfoo = 1', "wrong.toml")
    assert all(name in str(caught.value) for name in KEYS)


def test_writing_then_reading_gives_an_equal_preset() -> None:
    preset = read_preset(
        GOOD + 'description = "ünï \\"quoted\\""\nseed = 7\ncfg_interval = [0.1, 0.9]', "a"
    )
    assert read_preset(write_preset(preset), "b") == preset


def test_saved_presets_are_listed_after_the_builtin_ones(store: PresetStore) -> None:
    builtin = len(store.list())
    store.write(Preset("Zeta", values={"prompt": "z"}))
    store.write(Preset("alpha", values={"prompt": "a", "steps": 12}))
    assert [preset.name for preset in store.list()][builtin:] == ["alpha", "Zeta"]
    assert store.find("ALPHA").values == {"prompt": "a", "steps": 12}
    assert not store.find("alpha").builtin


def test_saving_the_same_name_replaces_and_similar_names_get_their_own_files(
    store: PresetStore,
) -> None:
    first = store.write(Preset("My Beat", values={"prompt": "a"}))
    again = store.write(Preset("my beat", values={"prompt": "b"}))
    other = store.write(Preset("My Beat!", values={"prompt": "c"}))
    assert first.path == again.path
    assert first.path != other.path
    assert store.find("My Beat").values["prompt"] == "b"
    assert sorted(path.name for path in store.folder.iterdir()) == [
        "my-beat-2.toml",
        "my-beat.toml",
    ]


def test_rename_and_delete(store: PresetStore) -> None:
    store.write(Preset("One", values={"prompt": "1"}))
    store.write(Preset("Two", values={"prompt": "2"}))
    with pytest.raises(PresetError, match="already"):
        store.rename("One", "two")
    store.rename("One", "ONE")
    assert store.find("one").name == "ONE"
    store.rename("ONE", "Three")
    with pytest.raises(PresetError, match="no preset"):
        store.find("ONE")
    store.delete("Three")
    assert [preset.name for preset in store.list() if not preset.builtin] == ["Two"]


def test_a_deleted_preset_is_in_the_bin_and_can_be_put_back_word_for_word(
    store: PresetStore, system_bin: Path
) -> None:
    store.write(Preset("One", values={"prompt": "1"}))
    path = store.find("One").path
    assert path is not None
    path.write_text("# my own words\nname = 'One'\nprompt = '1'\n")
    file = store.file("one")
    assert file is not None
    store.delete("One")
    assert [each.name for each in system_bin.iterdir()] == [path.name]
    assert store.file("One") is None
    store.write(Preset("one!", values={"prompt": "another"}))
    store.put_back(file)
    assert store.find("One").values == {"prompt": "1"}
    assert store.find("one!").values == {"prompt": "another"}
    put = store.file("One")
    assert put is not None and put.text.startswith("# my own words")


def test_what_was_saved_over_can_be_put_back(store: PresetStore) -> None:
    store.save("One", {"prompt": "1"})
    file = store.file("One")
    assert file is not None
    store.save("One", {"prompt": "2"})
    store.put_back(file)
    assert store.find("One").values == {"prompt": "1"}
    assert len(list(store.folder.iterdir())) == 1


def test_a_bin_that_takes_nothing_leaves_the_preset(
    store: PresetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "no bin here", str(path))

    monkeypatch.setattr("send2trash.send2trash", refuse)
    store.save("One", {"prompt": "1"})
    with pytest.raises(PresetError, match=r"moved to the bin.*one\.toml"):
        store.delete("One")
    assert store.find("One").values == {"prompt": "1"}


def test_a_copy_is_ones_own_and_has_a_name_of_its_own(store: PresetStore) -> None:
    builtin = store.list()[0]
    first = store.duplicate(builtin.name, f"{builtin.name} copy")
    second = store.duplicate(builtin.name, f"{builtin.name} copy")
    assert (first.name, second.name) == (f"{builtin.name} copy", f"{builtin.name} copy 2")
    for copy in (first, second):
        found = store.find(copy.name)
        assert not found.builtin
        assert (found.values, found.category) == (builtin.values, builtin.category)


def test_a_builtin_preset_is_never_changed(store: PresetStore) -> None:
    name = store.list()[0].name
    for change in (
        lambda: store.delete(name),
        lambda: store.rename(name, "Mine"),
        lambda: store.write(Preset(name.upper(), values={"prompt": "x"})),
        lambda: store.rename(store.write(Preset("Mine")).name, name),
    ):
        with pytest.raises(PresetError):
            change()
    assert store.find(name).builtin


def test_nothing_is_written_for_a_preset_its_reader_would_refuse(store: PresetStore) -> None:
    with pytest.raises(PresetError):
        store.write(Preset("Bad", values={"steps": 0}))
    with pytest.raises(PresetError):
        store.write(Preset("  "))
    assert not store.folder.exists()


def test_a_damaged_file_is_passed_over_and_named(store: PresetStore) -> None:
    store.write(Preset("Good"))
    (store.folder / "bad.toml").write_text("name = ")
    (store.folder / "twin.toml").write_text('name = "GOOD"')
    (store.folder / "latin.toml").write_bytes(b'name = "\xff"')
    assert [preset.name for preset in store.list() if not preset.builtin] == ["Good"]
    assert len(store.problems) == 3
    assert any("bad.toml" in problem for problem in store.problems)


def test_a_preset_knows_whether_it_needs_a_recording() -> None:
    preset = Preset("Kit", category="beatbox")
    assert preset.needs_recording
    assert not replace(preset, category="loop").needs_recording


def test_loading_settles_everything_but_the_work_at_hand(store: PresetStore) -> None:
    store.write(Preset("Short", values={"prompt": "x", "seconds_total": 4.0}))
    values = store.load("short")
    assert set(values) == set(PARAMETERS) - set(KEPT)
    assert (values["seconds_total"], values["bars"], values["loop"]) == (4.0, None, False)


def test_saving_settings_keeps_what_differs_from_the_defaults_and_loads_again(
    store: PresetStore,
) -> None:
    music = {"prompt": "x", "bars": 8.0, "chords": "Am7 | F | C G", "form": "verse 8, chorus 8"}
    work = {"seed": 4, "score_seed": 5, "init_audio": "/my/beat.wav", "midi": "/my/clip.mid"}
    store.save("Mine", music | work | {"loop": False})
    assert store.find("Mine").values == music
    assert store.load("Mine")["bars"] == 8.0


def test_a_preset_from_a_stranger_changes_nothing_of_the_work_at_hand(store: PresetStore) -> None:
    store.folder.mkdir(parents=True)
    (store.folder / "a.toml").write_text('name = "A"\nseed = 3\nscore_seed = 4\nmodel = "other"\n')
    assert not set(store.load("A")) & set(KEPT)


def test_saving_again_keeps_what_the_preset_says_of_itself(store: PresetStore) -> None:
    store.write(Preset("Kit", "My kit.", "beatbox", ("fast",), {"prompt": "a"}))
    store.save("kit", {"prompt": "b"})
    kit = store.find("Kit")
    assert (kit.name, kit.description, kit.tags, kit.values) == (
        "Kit",
        "My kit.",
        ("fast",),
        {"prompt": "b"},
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_one_bad_file_hides_no_preset_and_is_named(store: PresetStore) -> None:
    store.save("Mine", {"prompt": "x"})
    os.mkfifo(store.folder / "pipe.toml")
    (store.folder / "gone.toml").symlink_to("/gone/preset.toml")
    (store.folder / "latin.toml").write_bytes(b'name = "caf\xe9"')
    (store.folder / "deep.toml").write_text("a = " + "[" * 100_000)
    (store.folder / "folder.toml").mkdir()
    (store.folder / "windows.toml").write_text("\ufeffname = 'Windows'\n", encoding="utf-8")
    assert [preset.name for preset in store.list() if not preset.builtin] == ["Mine", "Windows"]
    for name in ("pipe", "gone", "latin", "deep", "folder"):
        assert sum(f"{name}.toml" in problem for problem in store.problems) == 1


@pytest.mark.parametrize("name", ["Aux", "con", "COM1", "電" * 90, "caf\udce9"])
def test_a_name_that_no_file_can_have_is_still_a_name(store: PresetStore, name: str) -> None:
    kept = name.encode(errors="replace").decode()
    store.save(kept, {"prompt": "x"})
    assert kept in store.names()
    [path] = store.folder.iterdir()
    assert path.stem.lower() not in ("aux", "con", "com1")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"x" * 64 * 2**20 + b"x", "more than"),
        (b"name = 'caf\xe9'", ""),
        (b"a = " + b"[" * 100_000, "not valid TOML"),
        (b"a = " + b"9" * 100_000, "not valid TOML"),
    ],
)
def test_a_file_that_is_no_preset_hides_no_other(
    store: PresetStore, content: bytes, said: str
) -> None:
    store.save("Mine", {"prompt": "House"})
    (store.folder / "bad.toml").write_bytes(content)
    (store.folder / "folder.toml").mkdir()
    assert store.find("Mine").values == {"prompt": "House"}
    assert len(store.problems) == 2
    assert any("bad.toml" in problem and said in problem for problem in store.problems)
