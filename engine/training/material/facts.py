"""What is known of a piece of material: its captions and facts, from the files beside it and from tags in it (§3.1).

Later ones count for more, fact by fact: tags in the file; its row of the folder's `metadata.csv`, `.tsv` or `.jsonl`;
`NAME.txt`, a caption in each line; `NAME.json`. Knows nothing of how prompts are written from them.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TextIO

import soundfile

from engine.errors import AudioError, SpecError, choices
from engine.sound import id3
from engine.sound.about import key_named
from engine.sound.containers import SUFFIXES, ContainerFile
from engine.sound.music_in_files import musical_facts
from engine.sound.targets import on_disk
from engine.whole_files import read_text

Facts = dict[str, Any]

TABLES = ("metadata.csv", "metadata.tsv", "metadata.jsonl")
"""At the top of a folder of material; the first that is there counts."""
PATHS = ("path", "file", "file_name", "filename", "audio")
"""Names of the column with the path from the folder to the sound."""
NAMES = {
    "genre": "genres",
    "instrument": "instruments",
    "mood": "moods",
    "caption": "captions",
    "description": "captions",
    "prompt": "captions",
    "text": "captions",
    "bpm": "tempo",
    "time_signature": "metre",
    "type": "kind",
}
"""Other names of facts; capitals do not matter."""
OWN = ("name", "seconds")
"""What a sound itself says, whatever is written of it: its name among the material, and its length."""
LISTS = ("genres", "instruments", "moods", "captions")
_SEPARATORS = re.compile(r"\s*[;|,]\s*")
_SLOWEST, _FASTEST = 20.0, 399.0
_YES, _NO = ("1", "true", "yes", "test", "validation"), ("", "0", "false", "no", "train")
_ID3 = {"genre": b"TCON", "tempo": b"TBPM", "key": b"TKEY", "comment": b"COMM"}
_CONTAINER = {
    "genre": "genre",
    "comment": "comment",
    "tmpo": "tempo",
    "bpm": "tempo",
    "tbpm": "tempo",
    "key": "key",
    "initialkey": "key",
}
_DEEPEST = 32
"""Lists and objects inside each other: more cannot be written again."""
_NO_CAPTION = re.compile(r"https?:|www\.|^\s*[{\[<]|\.(com|net|org)\b", re.I)
"""What stands in a comment of programs and shops."""
_GENRE_NUMBER = re.compile(r"\(\d+\)|^\d+$")


def tidy(said: Mapping[str, Any]) -> Facts:
    """Facts under the names, and in the form, that prompts are written from.

    Args:
        said: lists may be texts with ; | or , between their values (captions only where they are lists); what is the
            sound's `OWN` counts nothing; other keys stay as they are.

    Raises:
        SpecError: if a value cannot be what its name says.
    """
    facts: Facts = {}
    for name, value in said.items():
        name = name.strip().lower()
        name = NAMES.get(name, name)
        if value is None or value == "" or value == [] or name in OWN:
            continue
        if name in LISTS:
            facts[name] = [*facts.get(name, ()), *_values(name, value)]
        else:
            facts[name] = _FORMS.get(name, _as_it_is)(value)
    metre = facts.get("metre")
    if metre and "beats_per_bar" not in facts:
        beats, unit = (int(part) for part in metre.split("/"))
        facts["beats_per_bar"] = 4.0 * beats / unit
    return facts


def tags(path: Path) -> Facts:
    """What a file says of its music: genre, tempo, key, and a comment if it is a sentence.

    Neither title nor artist: a prompt is to name no person. Tags are made by many programs; one that makes no sense is
    passed over.
    """
    found: dict[str, Any] = {}
    music = musical_facts(path)
    if music is not None:
        found = {"tempo": music.tempo, "key": music.key, "kind": "loop" if music.loop else None}
    found |= _texts(path)
    comment = str(found.pop("comment", ""))
    if len(comment.split()) >= 3 and not _NO_CAPTION.search(comment):
        found["captions"] = [comment]
    if "genre" in found:
        found["genre"] = _GENRE_NUMBER.sub("", found["genre"])
    facts: Facts = {}
    for name, value in found.items():
        try:
            facts |= tidy({name: value})
        except SpecError:
            continue
    return facts


def beside(path: Path) -> Facts:
    """What `NAME.txt` and `NAME.json` say of `NAME.wav`, or of another sound of that name.

    Raises:
        SpecError: if one cannot be read, or says what cannot be.
    """
    facts: Facts = {}
    text, record = (path.with_suffix(suffix) for suffix in (".txt", ".json"))
    try:
        if text.is_file():
            lines = [line.strip() for line in read_text(text).splitlines()]
            facts["captions"] = [line for line in lines if line]
        if record.is_file():
            facts |= _object(parsed(read_text(record)), record)
    except (OSError, ValueError) as error:
        raise SpecError(
            f"{text if isinstance(error, UnicodeError) else record} cannot be read ({error}); "
            "give UTF-8, and JSON as one object."
        ) from error
    return {name: value for name, value in facts.items() if value != []}


def table_of(folder: Path) -> Path | None:
    """A folder's table of facts, if it has one."""
    return next((folder / name for name in TABLES if (folder / name).is_file()), None)


def rows(table: Path) -> Iterator[tuple[str, Facts | str]]:
    """Path, as from the folder, and facts of each row of a table; of a row that is no use, why, as a text.

    One that names no sound has its place, such as `metadata.csv, row 3`, for a path.

    Raises:
        SpecError: if no row names a sound, or it cannot be read.
    """
    first, named = "", False
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            found = _lines(file) if table.suffix == ".jsonl" else _cells(file, table)
            for number, row in enumerate(found, 1):
                place = f"{table.name}, row {number}"
                try:
                    path, said = _named(row)
                except SpecError as error:
                    first = first or f"row {number}: {error}"
                    yield place, str(error)
                    continue
                named = True
                yield path, _facts(said, place)
    except (OSError, UnicodeError) as error:
        raise SpecError(
            f"{table} cannot be read ({error}); give UTF-8 with a row for a sound."
        ) from error
    if first and not named:
        raise SpecError(f"{table} names no sound; {first}")


def _lines(file: TextIO) -> Iterator[Any]:
    """The value of each line of JSON, or what is wrong with it."""
    for line in file:
        if line.strip():
            try:
                yield parsed(line)
            except ValueError as error:
                yield error


def _cells(file: TextIO, table: Path) -> Iterator[Any]:
    """Each row by its columns' names, or what is wrong with it."""
    reader = csv.DictReader(file, delimiter="\t" if table.suffix == ".tsv" else ",")
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield error


def _named(row: Any) -> tuple[str, dict[str, Any]]:
    """The path of a row, and what else it says."""
    if isinstance(row, Exception):
        raise SpecError(f"it cannot be read ({row}); give a row for a sound.")
    if not isinstance(row, dict):
        raise SpecError("give an object with a path and facts.")
    said = {str(name): value for name, value in row.items() if name is not None}
    column = next((name for name in said if name.strip().lower() in PATHS), None)
    if column is None or not said[column]:
        raise SpecError(f"give the path of a sound in a column {choices(PATHS)}.")
    return str(PurePosixPath(str(said.pop(column)).replace("\\", "/"))), said


def _facts(said: Mapping[str, Any], place: str) -> Facts | str:
    try:
        return tidy(said)
    except SpecError as error:
        return f"{place}: {error}"


def _object(value: Any, place: Path) -> Facts:
    if not isinstance(value, dict):
        raise ValueError("it is no object")
    try:
        return tidy(value)
    except SpecError as error:
        raise SpecError(f"{place}: {error}") from error


def parsed(text: str | bytes) -> Any:
    """The value that a text in JSON has.

    Raises:
        ValueError: if it is none, or nested deeper than anybody nests facts.
    """
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if _is_deeper(found, _DEEPEST):
        raise ValueError("it is nested too deeply")
    return found


def _is_deeper(value: Any, than: int) -> bool:
    inside = value.values() if isinstance(value, dict) else value
    return than < 0 or (
        isinstance(value, (dict, list)) and any(_is_deeper(one, than - 1) for one in inside)
    )


def _texts(path: Path) -> dict[str, Any]:
    """The tags as they stand in the file."""
    found: dict[str, Any] = dict(id3.read_texts(path, _ID3))
    if path.suffix.lower() in SUFFIXES:
        try:
            with ContainerFile(path) as file:
                named = {_CONTAINER.get(name): text for name, text in file.texts.items()}
        except (AudioError, OSError, ValueError):
            return found
        return {str(name): text for name, text in named.items() if name} | found
    try:
        with soundfile.SoundFile(on_disk(path)) as file:
            own = {name: getattr(file, name) for name in ("genre", "comment")}
    except soundfile.LibsndfileError:
        return found
    return {name: text for name, text in own.items() if text} | found


def _values(name: str, value: Any) -> list[str]:
    if isinstance(value, str):
        value = [value] if name == "captions" else _SEPARATORS.split(value)
    if not isinstance(value, (list, tuple)) or not all(
        isinstance(one, (str, int, float)) for one in value
    ):
        raise SpecError(f"{name} is {value!r}; give texts.")
    return [text for text in (str(one).strip() for one in value) if text]


def _tempo(value: Any) -> float:
    try:
        tempo = float(value)
    except (TypeError, ValueError, OverflowError):
        tempo = 0.0
    if not _SLOWEST <= tempo <= _FASTEST:
        raise SpecError(f"tempo is {value!r}; give {_SLOWEST:g} to {_FASTEST:g} BPM.")
    return tempo


def _metre(value: Any) -> str:
    if not re.fullmatch(r"[1-9]\d?/(1|2|4|8|16)", str(value)):
        raise SpecError(f"metre is {value!r}; give one such as 3/4.")
    return str(value)


def _held_out(value: Any) -> bool:
    said = str(value).strip().lower()
    if said not in (*_YES, *_NO):
        raise SpecError(f"held_out is {value!r}; give true or false.")
    return said in _YES


def _positive(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = 0.0
    if not 0 < number < 1e6:
        raise SpecError(f"{value!r} is no length; give a number greater than 0.")
    return number


def _as_it_is(value: Any) -> Any:
    return value


_FORMS: dict[str, Callable[[Any], Any]] = {
    "tempo": _tempo,
    "metre": _metre,
    "held_out": _held_out,
    "beats_per_bar": _positive,
    "key": lambda value: key_named(str(value)) or str(value),
}
