"""The pages beside the window and the drawer that holds them: presets, devices, live, DAW, OSC, models, settings.

Knows each page by its class; what the window does with them is joined there.
"""

from __future__ import annotations

from gui.fetching import Fetching
from gui.look.language import tr
from gui.look.theme import Look
from gui.pages.daw import DawPanel
from gui.pages.devices import DevicesPanel
from gui.pages.drawer import Drawer
from gui.pages.live import LivePanel
from gui.pages.live_line import LiveLine
from gui.pages.models import ModelsPanel
from gui.pages.osc_monitor import OscMonitor
from gui.pages.owed_count import OwedCount
from gui.pages.preferences import PreferencesPanel
from gui.pages.presets import PresetsPanel
from gui.qt_session import QtSession
from gui.status import StatusLine
from gui.window.surroundings import Surroundings


class Pages:
    """Every page, and what opens one of them."""

    def __init__(
        self, session: QtSession, look: Look, around: Surroundings, presets: PresetsPanel
    ) -> None:
        self.presets = presets
        self.devices = DevicesPanel(session, look)
        self.live = LivePanel(session, look, around.presets)
        self.on_air = LiveLine(session, look)
        self.daw = DawPanel(session, look, around.settings, around.scripts)
        self.osc = OscMonitor(session, look, around.osc_address)
        self.models = ModelsPanel(session, look)
        self.preferences = PreferencesPanel(session, look, around.settings, around.places)
        self.fetching = Fetching(session, look)
        self.drawer = Drawer(
            look,
            {
                "presets": ("presets", tr("Presets"), presets),
                "devices": ("devices", tr("Devices"), self.devices),
                "live": ("live", tr("Live"), self.live),
                "daw": ("daw", tr("DAW"), self.daw),
                "osc": ("osc", tr("OSC"), self.osc),
                "models": ("models", tr("Models"), self.models),
                "settings": ("settings", tr("Settings"), self.preferences),
            },
        )
        self.fetching.clicked.connect(lambda: self.drawer.show_page("models"))
        self.on_air.clicked.connect(lambda: self.drawer.show_page("live"))
        self.owed = OwedCount(session, self.drawer.rail["daw"])
        self.live.devices_asked.connect(lambda: self.drawer.show_page("devices"))

    def alone(self) -> bool:
        """Whether the open page wants the whole window."""
        return self.drawer.page() == "live" and self.live.fill.isChecked()

    def join(self, status: StatusLine) -> None:
        """Puts what is being fetched and that live is on into the line at the bottom; each opens its page."""
        status.add(self.fetching)
        status.add(self.on_air)
        status.models_asked.connect(lambda: self.drawer.turn("models"))
