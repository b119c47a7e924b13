"""`longtake presets [list | show NAME]`: the presets that come with Longtake and the user's own.

Knows nothing of takes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from engine.errors import SpecError
from engine.parsing import Parser
from engine.presets import CATEGORIES, PresetStore, write_preset
from engine.registry import model_spec


def main(argv: Sequence[str], store: PresetStore | None = None) -> int:
    """Runs one `presets` command.

    Raises:
        LongtakeError: with a sentence for the user.
    """
    parser = Parser(
        prog="longtake presets",
        description="Lists the presets, or shows the settings of one. "
        "Example: longtake render --preset 'Deep House Night' --seed 3",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("list", help="name and describe them all (so does no command)")
    show = commands.add_parser("show", help="show the settings of one")
    show.add_argument("name", metavar="NAME", nargs="+", help="its name, in any case")
    arguments = parser.parse_args(argv)
    store = store or PresetStore()
    if arguments.command == "show":
        print(write_preset(store.find(" ".join(arguments.name))).strip())
        return 0
    for category, presets in groupby(store.list(), lambda preset: preset.category):
        print(f"{category}: {CATEGORIES[category]}")
        for preset in presets:
            print(f"  {preset.name:<28} {preset.description}".rstrip())
    for problem in store.problems:
        print(f"longtake: {problem}", file=sys.stderr)
    return 0


def preset_values(name: str, command: str, store: PresetStore | None = None) -> dict[str, Any]:
    """The settings of a preset that a command starts from.

    Raises:
        PresetError: if there is none of that name; names similar ones.
        SpecError: if it starts from a recording and the command has none, or its model is unknown.
    """
    preset = (store or PresetStore()).find(name)
    if preset.needs_recording and command == "render":
        raise SpecError(
            f"The preset {preset.name!r} starts from a recording: longtake transform AUDIO --preset {preset.name!r}."
        )
    if "model" in preset.values:
        model_spec(preset.values["model"])
    return dict(preset.values)
