"""What a window is given besides the session. Knows where presets and memory are kept; no widget."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.places import Places
from bridge.settings import SettingsFile
from engine.presets import PresetStore
from gui.memory import Memory
from gui.pages.daw_targets import Scripts


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the window stands in.

    Attributes:
        memory: what it remembers from start to start.
        presets: where presets lie.
        osc_address: where to send OSC, for people; empty when OSC is off.
        problems: sentences to say at the start.
        settings: the settings file; None in the demo.
        places: where files are kept; None in the demo.
        scripts: what puts our scripts inside DAWs; None where nothing does.
    """

    memory: Memory
    presets: PresetStore = field(default_factory=PresetStore)
    osc_address: str = ""
    problems: tuple[str, ...] = ()
    settings: SettingsFile | None = None
    places: Places | None = None
    scripts: Scripts | None = None
