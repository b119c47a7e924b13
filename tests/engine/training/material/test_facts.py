"""Laws of facts: every place is read, later ones count for more, nonsense is told or, in tags, passed over."""

from __future__ import annotations

from pathlib import Path

import mutagen.id3
import numpy as np
import pytest
import soundfile

from engine.errors import SpecError
from engine.sound import flac
from engine.sound.about import About, MusicalFacts
from engine.training.material.facts import beside, rows, table_of, tags, tidy


def noise(path: Path) -> Path:
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal((44_100, 2)), 44_100)
    return path


def test_facts_have_one_name_and_one_form() -> None:
    assert tidy({"Genre": "House; Deep House", "BPM": "124", "time_signature": "6/8"}) == {
        "genres": ["House", "Deep House"],
        "tempo": 124.0,
        "metre": "6/8",
        "beats_per_bar": 3.0,
    }
    assert tidy({"caption": "Slow, sad.", "prompt": ["a", "b"]}) == {
        "captions": ["Slow, sad.", "a", "b"]
    }
    assert tidy({"key": "Am", "split": "x", "moods": [], "energy": None}) == {
        "key": "A minor",
        "split": "x",
    }


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"bpm": "fast"}, "tempo is 'fast'; give 20 to 399 BPM"),
        ({"tempo": 5000}, "20 to 399"),
        ({"metre": "waltz"}, "3/4"),
        ({"held_out": "maybe"}, "true or false"),
        ({"genres": {"a": 1}}, "give texts"),
        ({"beats_per_bar": "long"}, "greater than 0"),
        ({"tempo": 10**400}, "20 to 399"),
    ],
)
def test_what_cannot_be_is_told(said: dict[str, object], wrong: str) -> None:
    with pytest.raises(SpecError, match=wrong):
        tidy(said)


def test_tags_tell_the_music_and_no_person(tmp_path: Path) -> None:
    path = noise(tmp_path / "a.mp3")
    made = mutagen.id3.ID3()
    for frame in (
        mutagen.id3.TIT2(text="Song"),
        mutagen.id3.TPE1(text="Somebody"),
        mutagen.id3.TCON(text="Techno"),
        mutagen.id3.TBPM(text="130"),
        mutagen.id3.TKEY(text="F#m"),
        mutagen.id3.COMM(lang="eng", text="A dark driving track"),
    ):
        made.add(frame)
    made.save(path)
    assert tags(path) == {
        "genres": ["Techno"],
        "tempo": 130.0,
        "key": "F# minor",
        "captions": ["A dark driving track"],
    }
    made.setall("COMM", [mutagen.id3.COMM(lang="eng", text="bought at www.shop.example")])
    made.setall("TBPM", [mutagen.id3.TBPM(text="0")])
    made.setall("TCON", [mutagen.id3.TCON(text="(17)")])
    made.save(path)
    assert tags(path) == {"key": "F# minor"}


def test_flac_and_wav_tell_theirs(tmp_path: Path) -> None:
    path = noise(tmp_path / "a.flac")
    flac.tag(path, {"comment": "slow and low"}, About(MusicalFacts(tempo=80.0, key="C minor")))
    assert tags(path) == {"tempo": 80.0, "key": "C minor", "captions": ["slow and low"]}
    with soundfile.SoundFile(tmp_path / "b.wav", "w", 44_100, 2) as file:
        file.genre = "Jazz"
        file.write(np.full((44_100, 2), 0.1))
    assert tags(tmp_path / "b.wav") == {"genres": ["Jazz"]}


def test_texts_are_captions_and_json_counts_for_more(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    assert beside(path) == {}
    path.with_suffix(".txt").write_text("One.\n\n Two. \n")
    assert beside(path) == {"captions": ["One.", "Two."]}
    path.with_suffix(".json").write_text('{"caption": "Three.", "style": "house"}')
    assert beside(path) == {"captions": ["Three."], "style": "house"}


def test_a_row_of_no_use_says_why_and_the_others_count(tmp_path: Path) -> None:
    table = tmp_path / "metadata.jsonl"
    table.write_text(
        '{"path": "a.wav", "tempo": "fast"}\n{"path": \n'
        f'{"[" * 100_000}\n{{"path": "b.wav"}}\n{{"bpm": 90}}\n'
    )
    found = dict(rows(table))
    assert found.pop("a.wav") == "metadata.jsonl, row 1: tempo is 'fast'; give 20 to 399 BPM."
    assert found.pop("b.wav") == {}
    assert list(found) == [f"metadata.jsonl, row {number}" for number in (2, 3, 5)]
    assert "nested too deeply" in str(found["metadata.jsonl, row 3"])
    table = tmp_path / "metadata.csv"
    table.write_text(f"path,bpm\na.wav,90\nb.wav,{'9' * 200_000}\nc.wav,80\n")
    assert list(dict(rows(table))) == ["a.wav", "metadata.csv, row 2", "c.wav"]


def test_name_and_length_are_the_sounds_own() -> None:
    assert tidy({"Name": "Intro", "seconds": 200, "kind": "loop"}) == {"kind": "loop"}


DEEP = ["[" * 100_000, f'{{"a": {"[" * 900}{"]" * 900}}}']


@pytest.mark.parametrize("text", ["[]", "{", '"words"', *DEEP])
def test_json_that_is_no_object_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(SpecError, match=r"a\.json.*one object"):
        beside(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.jsonl", '{"path": "x/a.wav", "bpm": 100}\n\n{"path": "b.wav", "bpm": 90}\n'),
        ("metadata.tsv", "BPM\tfile\n100\tx/a.wav\n90\tb.wav\n"),
        ("metadata.csv", "\ufefffile_name,bpm\nx\\a.wav,100\nb.wav,90\n"),
    ],
)
def test_every_table_gives_the_same_rows(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    table = table_of(tmp_path)
    assert table is not None
    assert list(rows(table)) == [("x/a.wav", {"tempo": 100.0}), ("b.wav", {"tempo": 90.0})]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('{"bpm": 1}', "names no sound; row 1: give the path .* file_name"),
        ("\n[1]", "row 1: give an object"),
        ("{", "row 1: it cannot be read"),
        ("\xff", "give UTF-8"),
    ],
)
def test_a_table_that_names_no_sound_is_refused(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "metadata.jsonl").write_text(text, encoding="latin-1")
    with pytest.raises(SpecError, match=wrong):
        list(rows(tmp_path / "metadata.jsonl"))
