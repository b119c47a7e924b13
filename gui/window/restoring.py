"""Everything is where it was: what the window writes into its memory when it closes and takes from it when it opens.

Knows the window's parts; the memory knows nothing of them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from engine.errors import LongtakeError
from engine.spec import DEFAULTS, GenerationSpec
from gui.look.controls import later
from gui.memory import Memory

if TYPE_CHECKING:
    from gui.window.main_window import MainWindow

VERSION = 1
WIDTH, HEIGHT = 1440, 880


class Restoring:
    """Keeps and restores one window."""

    def __init__(self, window: MainWindow, memory: Memory) -> None:
        self._window, self._memory = window, memory

    def keep(self) -> None:
        """Writes where everything is."""
        window, memory = self._window, self._memory
        composer = window.composer
        memory.keep("version", VERSION)
        memory.keep("window/geometry", window.saveGeometry())
        memory.keep("window/columns", window.columns.saveState())
        memory.keep("window/middle", window.middle.saveState())
        memory.keep("window/page", window.drawer.page())
        memory.keep("look/theme", window.look.choice)
        memory.keep("look/scale", window.look.scale)
        memory.keep("welcome/seen", window.welcome.isHidden())
        for name, fold in self._folds().items():
            memory.keep(f"folds/{name}", fold.is_open())
        memory.keep("compose/listen", composer.listen.isChecked())
        memory.keep("compose/follow", composer.length.follow.isChecked())
        memory.keep("compose/variations", composer.more.variations.value())
        memory.keep("compose/history", composer.prompt.history())
        composer.prompt.settle()
        memory.keep("compose/settings", self._settings())
        memory.keep("presets/favourites", sorted(window.presets.favourites))
        take = window.viewer.take
        memory.keep("takes/current", take.id if take else "")
        memory.write()

    def restore(self) -> None:
        """Brings everything back; what is missing is as on the first day."""
        window, memory = self._window, self._memory
        composer = window.composer
        geometry = memory.state("window/geometry")
        if geometry is None or not window.restoreGeometry(geometry):
            self._first_size()
        window.drawer.show_page(memory.text("window/page"))
        for name, splitter in (("columns", window.columns), ("middle", window.middle)):
            state = memory.state(f"window/{name}")
            if state is not None:
                splitter.restoreState(state)
        for name, fold in self._folds().items():
            fold.open(memory.switch(f"folds/{name}"))
        composer.listen.setChecked(memory.switch("compose/listen", True))
        composer.length.follow.setChecked(memory.switch("compose/follow", False))
        composer.more.variations.slider.setValue(int(memory.number("compose/variations", 1)))
        composer.prompt.restore(memory.words("compose/history"))
        window.presets.favourites = set(memory.words("presets/favourites"))
        self._set(memory.text("compose/settings"))
        window.show_welcome(
            not memory.switch("welcome/seen") and window.takes.model.rowCount() == 0
        )
        current = memory.text("takes/current")
        if current:
            window.takes.select(current)

    def _first_size(self) -> None:
        window = self._window
        screen = window.screen()
        width, height = window.look.px(WIDTH), window.look.px(HEIGHT)
        if screen is not None:
            room = screen.availableGeometry()
            width, height = min(width, room.width()), min(height, room.height())
        window.resize(width, height)
        # A splitter that was never shown forgets its sizes; they are set once it has its own.
        later(window, self._first_splits)

    def _first_splits(self) -> None:
        window = self._window
        window.spread_columns(min(window.look.px(420), window.columns.width() * 44 // 100))
        height = window.middle.height()
        window.middle.setSizes([height * 45 // 100, height * 55 // 100])

    def _folds(self) -> dict[str, Any]:
        composer = self._window.composer
        return {
            "without": composer.prompt.fold,
            "more": composer.more,
            "finer": composer.more.finer,
        }

    def _settings(self) -> str:
        """The parameters that differ from their defaults, without the recording they were used on."""
        values = GenerationSpec(**self._window.session.session.parameters.all()).to_dict()
        plain = GenerationSpec().to_dict()
        kept = {name: value for name, value in values.items() if value != plain[name]}
        return json.dumps(
            {name: value for name, value in kept.items() if name not in ("init_audio", "keep")}
        )

    def _set(self, text: str) -> None:
        """Sets them again where nobody has set anything else meanwhile."""
        parameters = self._window.session.session.parameters
        try:
            values = json.loads(text or "{}")
        except ValueError:
            return
        for name, value in values.items() if isinstance(values, dict) else ():
            if name in DEFAULTS and parameters.get(name) == DEFAULTS[name]:
                try:
                    parameters.set(name, value)
                except LongtakeError:
                    continue  # a setting of an older version: its default holds
