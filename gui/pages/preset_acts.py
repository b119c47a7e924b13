"""What is done with presets and can be undone: used, saved, saved over, renamed, copied, deleted.

Knows the session's presets and the history; no widget.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.presets import Preset, PresetFile
from gui.history import History
from gui.look.language import tr
from gui.qt_session import QtSession


class PresetActs:
    """Each is one line of the history. A file that was saved over or deleted comes back word for word."""

    def __init__(
        self,
        session: QtSession,
        history: History,
        chosen: Callable[[str], None],
        renamed: Callable[[str, str], None],
    ) -> None:
        """Tells `chosen` the name of the preset to be chosen next, and `renamed` the old name and the new one."""
        self._session, self._history = session, history
        self._chosen, self._renamed = chosen, renamed
        self._presets = session.session.presets

    def use(self, preset: Preset) -> None:
        """Loads it; undone, the settings before come back."""
        self._history.load(
            tr("settings of {0}").format(preset.name),
            lambda: self._presets.load(preset.name),
            tr("The settings of {0} are loaded.").format(preset.name),
        )

    def save(self, name: str) -> None:
        """Saves the present settings, over those of a preset of one's own if it has the name."""
        name = name.strip()
        before = self._file(name)
        if not self._session.manages(lambda: self._presets.save(name)):
            return
        after = self._file(name)
        if after is None:
            return
        self._chosen(after.name)
        over = before is not None
        words = tr("{0} was saved over.") if over else tr("{0} is saved.")
        self._history.did(
            tr("saving of {0}").format(after.name),
            lambda: self._put_back(after),
            lambda: (
                self._put_back(before) if before is not None else self._presets.delete(after.name)
            ),
            words.format(after.name),
        )

    def rename(self, preset: Preset, name: str) -> None:
        """Gives one of the user's presets another name."""
        if name.strip() not in ("", preset.name):
            self._history.do(
                tr("name of {0}").format(preset.name),
                lambda: self._rename(preset.name, name.strip()),
                lambda: self._rename(name.strip(), preset.name),
                tr("{0} is called {1} now.").format(preset.name, name.strip()),
            )

    def duplicate(self, preset: Preset) -> None:
        """Copies a preset, built in or not, to one of the user's."""
        wanted = tr("{0} copy").format(preset.name)
        made = self._session.attempt(self._presets.duplicate, preset.name, wanted)
        file = self._file(made) if made is not None else None
        if file is None:
            return
        self._chosen(file.name)
        self._history.did(
            tr("copy of {0}").format(preset.name),
            lambda: self._put_back(file),
            lambda: self._presets.delete(file.name),
            tr("{0} is a preset of your own.").format(file.name),
        )

    def delete(self, preset: Preset) -> None:
        """Moves one of the user's presets to the system's bin."""
        file = self._file(preset.name)
        if file is not None:
            self._history.do(
                tr("bin of {0}").format(preset.name),
                lambda: self._presets.delete(preset.name),
                lambda: self._put_back(file),
                tr("{0} is in the bin.").format(preset.name),
            )

    def _file(self, name: str) -> PresetFile | None:
        return self._session.attempt(self._presets.file, name)

    def _put_back(self, file: PresetFile) -> None:
        self._chosen(file.name)
        self._presets.put_back(file)

    def _rename(self, name: str, new_name: str) -> None:
        self._presets.rename(name, new_name)
        self._renamed(name, new_name)
