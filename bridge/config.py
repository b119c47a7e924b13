"""`longtake config`: prints the settings with their path, or changes one. Knows the settings file and nothing else."""

from __future__ import annotations

import sys
from typing import Any, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError

from bridge.places import places
from bridge.settings import SettingsFile
from engine.errors import PresetError

_USE = "Use: longtake config [--path | SECTION.KEY VALUE], as longtake config osc.port 9450."


def main(argv: list[str]) -> int:
    """`longtake config [--path | SECTION.KEY VALUE]`: prints the settings with their path, or changes one."""
    try:
        path = places().settings
        file = SettingsFile(path)
        if argv in (["--help"], ["-h"]):
            sys.stdout.write(f"{_USE}\n")
        elif argv == ["--path"]:
            sys.stdout.write(f"{path}\n")
        elif len(argv) == 2 and "." in argv[0]:
            section, key = argv[0].split(".", 1)
            value = (
                tomlkit.parse(f"value = {argv[1]}\n") if _is_toml(argv[1]) else {"value": argv[1]}
            )
            file.change(section, key, cast(Any, value)["value"])
        elif argv:
            raise PresetError(_USE)
        else:
            sys.stdout.write(
                f"# {path}{'' if path.exists() else ' (not written yet)'}\n{file.text()}"
            )
    except PresetError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _is_toml(text: str) -> bool:
    try:
        tomlkit.parse(f"value = {text}\n")
    except TOMLKitError:
        return False
    return True
