"""Presets as front ends use them: loaded into the parameters, saved from them.

Knows the files of `engine.presets` only as a `PresetStore`. Loading reads those files and saving writes one, on the
caller's thread: they are small, and both are rare.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge.events import PresetsChanged, Publish
from bridge.parameters import Parameters
from engine.presets import PresetFile, PresetStore
from engine.spec import PARAMETERS, Parameter


class Presets:
    """Every call raises `PresetError` for a preset that is unknown, damaged, or built in and would be changed."""

    def __init__(self, store: PresetStore, parameters: Parameters, publish: Publish) -> None:
        """Joins the files and the parameters."""
        self._store = store
        self._parameters = parameters
        self._publish = publish

    def names(self) -> list[str]:
        """Names of all presets, the built-in ones first."""
        return self._store.names()

    def load(self, name: str, permitted: Callable[[Parameter, Any], Any] | None = None) -> None:
        """Sets the parameters that a preset settles; those that `permitted` refuses or changes are asked for first."""
        values = self._store.load(name)
        if permitted:
            values = {key: permitted(PARAMETERS[key], value) for key, value in values.items()}
        for parameter, value in values.items():
            self._parameters.set(parameter, value)

    def save(self, name: str) -> None:
        """Saves the parameters that were set under a name."""
        self._store.save(name, self._parameters.chosen())
        self._publish(PresetsChanged())

    def delete(self, name: str) -> None:
        """Moves a preset of the user to the system's bin."""
        self._store.delete(name)
        self._publish(PresetsChanged())

    def rename(self, name: str, new_name: str) -> None:
        """Gives a preset of the user another name."""
        self._store.rename(name, new_name)
        self._publish(PresetsChanged())

    def duplicate(self, name: str, new_name: str) -> str:
        """Copies any preset to one of the user's; the new name, numbered if it is taken."""
        made = self._store.duplicate(name, new_name)
        self._publish(PresetsChanged())
        return made.name

    def file(self, name: str) -> PresetFile | None:
        """What one of the user's presets says now, to be put back later; None if there is none of that name."""
        return self._store.file(name)

    def put_back(self, file: PresetFile) -> None:
        """Makes a preset what it was."""
        self._store.put_back(file)
        self._publish(PresetsChanged())
