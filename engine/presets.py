"""Presets: named settings of `GenerationSpec` in TOML files, validated strictly and written atomically.

The keys of a preset are the parameters of `engine.spec`, plus name, description, category and tags. Built-in presets
are the data of the package `presets`; the user's own are in the platform's data folder. Knows nothing of torch, Qt or
jobs.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from engine.errors import PresetError, SpecError, choices
from engine.file_names import encodable
from engine.parameter import shown
from engine.preset_files import PresetFile, free_path, put, to_bin, user_folder
from engine.spec import DEFAULTS, PARAMETERS, GenerationSpec, converted
from engine.whole_files import read_text

CATEGORIES: dict[str, str] = {
    "genre": "whole pieces in a style",
    "loop": "seamless loops of a few bars at a tempo",
    "instrument": "one instrument alone",
    "texture": "beds, drones and backgrounds",
    "effect": "short sounds: risers, hits, falls",
    "beatbox": "your beatbox recording becomes a kit",
    "hum": "your humming becomes an instrument",
    "mine": "saved by you",
}
"""Category -> description; the panel shows groups in this order."""

NEED_A_RECORDING = ("beatbox", "hum")
"""Categories whose presets start from the user's recording."""

OF_A_FILE = ("init_audio", "init_span", "keep", "midi")
"""Parameters that name a file of this machine, or belong to one."""
KEPT = ("model", "seed", "score_seed", *OF_A_FILE)
"""Parameters that presets neither load nor save: they belong to the current work."""

KEYS = tuple(name for name in PARAMETERS if name not in OF_A_FILE)
"""Parameters that a preset file may have: one from a stranger names no files of this machine, nor parts of them."""

ABOUT = ("name", "description", "category", "tags")
"""Keys of a preset that are not parameters."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One preset.

    Attributes:
        name: unique among all presets, ignoring case.
        values: parameter name -> value, in the parameter's type.
        path: the file of the user's own preset; None for a built-in one.
    """

    name: str
    description: str = ""
    category: str = "mine"
    tags: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    path: Path | None = None

    @property
    def builtin(self) -> bool:
        """Whether it comes with Longtake and can be neither renamed nor deleted."""
        return self.path is None

    @property
    def needs_recording(self) -> bool:
        """Whether it transforms a recording and is of no use without one."""
        return self.category in NEED_A_RECORDING

    def spec(self) -> GenerationSpec:
        """The preset's settings over the defaults."""
        return GenerationSpec(**self.values)


def read_preset(text: str, source: str, path: Path | None = None) -> Preset:
    """Reads one preset from TOML; `source` names the file in errors.

    Raises:
        PresetError: if it is not TOML, has an unknown key or an invalid value, or has no name.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise PresetError(f"{source} is not valid TOML: {error}.") from error
    unknown = sorted(set(table) - set(KEYS) - set(ABOUT))
    if unknown:
        raise PresetError(
            f"{source} has the unknown {'key' if len(unknown) == 1 else 'keys'} {', '.join(unknown)}; "
            f"use {choices((*ABOUT, *KEYS))}."
        )
    name, description, category, tags = _about(table, source)
    try:
        values = {key: converted(key, value) for key, value in table.items()}
        GenerationSpec(**values).checked()
    except SpecError as error:
        raise PresetError(f"{source}: {error}") from error
    return Preset(name, description, category, tags, values, path)


def _about(table: dict[str, Any], source: str) -> tuple[str, str, str, tuple[str, ...]]:
    """Removes name, description, category and tags from the table, and validates them."""
    about = {key: table.pop(key) for key in ABOUT if key in table}
    for key in ("name", "description", "category"):
        if not isinstance(about.get(key, ""), str):
            raise PresetError(f"{source}: {key} must be text; it is {shown(about[key])}.")
    tags: list[Any] | Any = about.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in cast(list[Any], tags)):
        raise PresetError(
            f'{source}: tags must be a list of words, such as ["drums", "dark"]; it is {shown(tags)}.'
        )
    name, category = about.get("name", "").strip(), about.get("category", "mine")
    if not name:
        raise PresetError(f'{source} has no name; add a line name = "...".')
    if category not in CATEGORIES:
        raise PresetError(
            f"{source}: unknown category {shown(category)}; choose {choices(CATEGORIES)}."
        )
    return name, about.get("description", ""), category, tuple(cast(list[str], tags))


def write_preset(preset: Preset) -> str:
    """The preset as TOML; `read_preset` returns an equal preset."""
    import tomlkit  # only needed for saving: the panel opens faster without it

    table: dict[str, Any] = {"name": preset.name}
    if preset.description:
        table["description"] = preset.description
    table["category"] = preset.category
    if preset.tags:
        table["tags"] = list(preset.tags)
    table |= {key: _plain(preset.values[key]) for key in KEYS if preset.values.get(key) is not None}
    return tomlkit.dumps(table)


def builtin_presets() -> list[Preset]:
    """The presets that come with Longtake, by category and file name."""
    order = list(CATEGORIES)
    found = [
        read_preset(entry.read_text("utf-8"), f"presets/{folder.name}/{entry.name}")
        for folder in files("presets").iterdir()
        if folder.name in CATEGORIES and folder.is_dir()
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    ]
    return sorted(found, key=lambda preset: order.index(preset.category))


class PresetStore:
    """All presets: the built-in ones and the user's own.

    Args:
        folder: the user's folder; None for the platform's default. It is created on the first save.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = user_folder() if folder is None else folder
        self.problems: list[str] = []
        """What is wrong with the files that `list` skipped, one sentence each."""
        self._builtin: list[Preset] | None = None

    def list(self) -> list[Preset]:
        """The built-in presets, then the user's own by name; invalid files are reported in `problems`."""
        if self._builtin is None:
            self._builtin = builtin_presets()
        self.problems = []
        own: dict[str, Preset] = {}
        taken = {preset.name.casefold() for preset in self._builtin}
        for path in sorted(self.folder.glob("*.toml")) if self.folder.is_dir() else []:
            try:
                preset = read_preset(read_text(path), path.name, path)
            except PresetError as error:
                self.problems.append(str(error))
                continue
            except (OSError, UnicodeDecodeError) as error:
                self.problems.append(f"{encodable(path.name)} cannot be read: {error}.")
                continue
            if preset.name.casefold() in taken | own.keys():
                self.problems.append(
                    f"{path.name}: there is already a preset {preset.name!r}; give it another name."
                )
                continue
            own[preset.name.casefold()] = preset
        return [*self._builtin, *sorted(own.values(), key=lambda preset: preset.name.casefold())]

    def names(self) -> list[str]:
        """The names of all presets, in the order of `list`."""
        return [preset.name for preset in self.list()]

    def find(self, name: str) -> Preset:
        """The preset of that name, ignoring case.

        Raises:
            PresetError: if there is none; names similar presets.
        """
        found = self._named(name)
        if found is not None:
            return found
        words = set(name.casefold().split())
        names = self.names()
        near = [known for known in names if words & set(known.casefold().split())]
        raise PresetError(f"There is no preset {name!r}; there are {choices(near or names[:8])}.")

    def load(self, name: str) -> dict[str, Any]:
        """The preset's values, and the defaults of the parameters it omits, except `KEPT`.

        Raises:
            PresetError: if there is none of that name; names similar presets.
        """
        values = DEFAULTS | self.find(name).values
        return {key: value for key, value in values.items() if key not in KEPT}

    def save(self, name: str, values: dict[str, Any]) -> None:
        """Saves settings as one of the user's presets; values equal to the default are omitted.

        Raises:
            PresetError: if the name is empty or a built-in preset's, a value is invalid, or the folder is read-only.
        """
        mine = {
            key: value
            for key, value in values.items()
            if key not in KEPT and value != DEFAULTS.get(key)
        }
        old = self._named(name)
        kept = Preset(name) if old is None or old.builtin else old
        self.write(replace(kept, values=mine))

    def write(self, preset: Preset) -> Preset:
        """Writes one of the user's presets, replacing one of the same name.

        Raises:
            PresetError: as for `save`.
        """
        name = preset.name.strip()
        return self._write(replace(preset, name=name), self._place(name))

    def rename(self, name: str, new_name: str) -> None:
        """Renames one of the user's presets.

        Raises:
            PresetError: if there is no such preset, it is built in, or the new name is taken.
        """
        preset, path = self._own_or_error(name, "renamed")
        other = self._named(new_name)
        if other is not None and other.name != preset.name:
            raise PresetError(f"There is already a preset {other.name!r}; choose another name.")
        self._write(replace(preset, name=new_name.strip()), path)

    def duplicate(self, name: str, new_name: str) -> Preset:
        """Writes a copy of any preset, built in or not, as one of the user's.

        Raises:
            PresetError: if there is no such preset, or the folder is read-only.
        """
        return self.write(replace(self.find(name), name=self.free_name(new_name), path=None))

    def free_name(self, name: str) -> str:
        """The name, with a number if another preset has it."""
        taken, number, free = {known.casefold() for known in self.names()}, 2, name.strip()
        while free.casefold() in taken:
            free, number = f"{name.strip()} {number}", number + 1
        return free

    def delete(self, name: str) -> None:
        """Moves one of the user's presets to the system's bin.

        Raises:
            PresetError: if there is no such preset, it is built in, or the bin does not take it.
        """
        to_bin(self._own_or_error(name, "deleted")[1])

    def file(self, name: str) -> PresetFile | None:
        """What stands in the file of one of the user's presets now; None if there is none of that name.

        Raises:
            PresetError: if it cannot be read.
        """
        preset = self._named(name)
        if preset is None or preset.path is None:
            return None
        return PresetFile.read(preset.name, preset.path)

    def put_back(self, file: PresetFile) -> None:
        """Writes what `file` gave, over what the preset of that name says now.

        Raises:
            PresetError: if a built-in preset has the name, or it cannot be written.
        """
        put(self._place(file.name, file.path), file.text)

    def _place(self, name: str, once: Path | None = None) -> Path:
        """Where a preset of the user is written: in its file, else where it was `once`, else in a new one."""
        old = self._named(name)
        if old is not None and old.builtin:
            raise PresetError(f"{old.name!r} is a built-in preset; save yours under another name.")
        free = once if once is not None and not once.exists() else None
        return (old and old.path) or free or free_path(self.folder, name)

    def _named(self, name: str) -> Preset | None:
        wanted = name.strip().casefold()
        return next((preset for preset in self.list() if preset.name.casefold() == wanted), None)

    def _own_or_error(self, name: str, what: str) -> tuple[Preset, Path]:
        preset = self.find(name)
        if preset.path is None:
            raise PresetError(
                f"{preset.name!r} is built in and cannot be {what}; save a copy under another name."
            )
        return preset, preset.path

    def _write(self, preset: Preset, path: Path) -> Preset:
        if not preset.name:
            raise PresetError("A preset needs a name; type one.")
        # Read back what will be written, so that no preset is saved that could not be read.
        preset = read_preset(write_preset(preset), preset.name, path)
        put(path, write_preset(preset))
        return preset


def _plain(value: Any) -> Any:
    return (
        [_plain(item) for item in cast(tuple[Any, ...], value)]
        if isinstance(value, tuple)
        else value
    )


def keys_table() -> str:
    """The keys a preset may have, as the Markdown table in `presets/README.md`."""
    about = (
        ("name", "text", "name of the preset; the only required key"),
        ("description", "text", "one sentence for the user"),
        ("category", "text", f"{choices(CATEGORIES)}; mine if absent"),
        ("tags", "list of words", "search terms"),
    )
    rows = [f"| `{key}` | {kind} | | {text} |" for key, kind, text in about]
    for key, known in ((key, PARAMETERS[key]) for key in KEYS):
        allowed = ", ".join(f"`{choice}`" for choice in known.choices) or known.range
        text = known.help.replace("|", "\\|")
        rows.append(f"| `{key}` | {known.kind} | {allowed} | {text} |")
    return "\n".join(("| key | kind | values | meaning |", "|---|---|---|---|", *rows))
