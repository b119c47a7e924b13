"""DAWs that are not there: ways for every target, and scripts that are put nowhere; for the demo, tests and pictures.

Knows the protocol of a way; no DAW, no folder.
"""

from __future__ import annotations

from pathlib import Path

from bridge.delivery.targets import TARGETS
from bridge.delivery_state import Delivery
from bridge.errors import BridgeError
from gui.look.language import tr


class DemoDaw:
    """A way that says it placed what it is given."""

    def __init__(self, name: str, runs: str = "") -> None:
        """Is there if something `runs`."""
        self.name, self.runs = name, runs
        self.refuses = ""
        """The reason for which it places nothing; empty while it does."""
        self.got: list[Delivery] = []

    def ready(self) -> bool:
        """Whether it is there."""
        return bool(self.runs)

    def detail(self) -> str:
        """What runs there."""
        return self.runs or tr("{0} is closed.").format(TARGETS[self.name].title)

    def deliver(self, delivery: Delivery) -> str:
        """Places nothing, and says where it would lie."""
        if self.refuses:
            raise BridgeError("bad_args", self.refuses)
        self.got.append(delivery)
        return tr("The demo has put it nowhere.")

    def withdraw(self, delivery: Delivery) -> bool:
        """There is nothing to take back."""
        return True


def demo_daws() -> dict[str, DemoDaw]:
    """Every target: Reaper and the files are there."""
    runs = {
        "reaper": "REAPER 7.29, Night Drive.rpp",
        "folder": "/music/takes",
        "dawproject": tr("A file beside the take."),
    }
    return {name: DemoDaw(name, runs.get(name, "")) for name in TARGETS}


class DemoScripts:
    """Scripts that are installed in name only."""

    def __init__(self, *there: str) -> None:
        """Those that are there already."""
        self.there = {*there}
        self.asked: list[tuple[str, Path | None]] = []

    def found(self, name: str) -> Path | None:
        """Every DAW but Ardour has a folder."""
        return None if name == "ardour" else Path("/scripts", name)

    def installed(self, name: str) -> bool:
        """Whether it is said to be there."""
        return name in self.there

    def set_up(self, name: str) -> bool:
        """Whether nothing is missing for a target."""
        return self.installed(name) or not TARGETS[name].companion

    def install(self, name: str, folder: str | Path | None = None) -> list[str]:
        """Is there from now on."""
        self.asked.append((name, Path(folder) if folder else None))
        self.there.add(name)
        return [
            tr("Start {0} again.").format(TARGETS[name].title),
            tr("Choose Longtake in the settings there."),
        ]

    def remove(self, name: str) -> list[str]:
        """Is gone."""
        self.there.discard(name)
        return []
