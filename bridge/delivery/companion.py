"""The DAWs with a script of ours inside: who is there, where each stands, and the way of a take to one of them.

Knows carriers and messages; nothing of what a DAW asks for, which goes to whoever hears it (`bridge/asks.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bridge.delivery.carrier import Carrier, Hears
from bridge.delivery.folder import copy_in, copy_into
from bridge.delivery.messages import Message
from bridge.delivery.standing import Standing
from bridge.delivery.targets import TARGETS
from bridge.delivery.way import NotThere
from bridge.delivery_state import Delivery
from bridge.state import TransportState
from engine.sound.targets import unwritten

COPIES = "Longtake"
"""In the folder of a project: what it refers to, if that is copied."""


class CompanionWay:
    """The way to one DAW."""

    def __init__(self, daw: str, carrier: Carrier, copies: bool = False) -> None:
        """Over a carrier; whoever connects is there. With `copies`, its project refers to copies in its own folder."""
        self.daw = daw
        self._copies = copies
        self.standing = Standing()
        self._carrier = carrier
        self._program = ""

    def ready(self) -> bool:
        """Whether its companion speaks."""
        return self._carrier.connected(self.daw)

    def detail(self) -> str:
        """Which program and project."""
        if not self.ready():
            return f"{TARGETS[self.daw].title} is closed, or our script does not run in it."
        project = self.standing.project
        return f"{self._program}, {project}" if project else self._program

    def deliver(self, delivery: Delivery) -> None:
        """Sends a `place`; the answer comes later.

        Raises:
            NotThere: if it is gone.
            DiskError: if the project's folder takes no copy.
        """
        if not self.ready():
            raise NotThere(f"{TARGETS[self.daw].title} is not there.")
        if self._copies and self.standing.folder:
            folder = Path(self.standing.folder) / COPIES
            delivery = replace(delivery, path=copied(folder, delivery.path))
        if not self._carrier.send(self.daw, place(delivery)):
            raise NotThere(f"{TARGETS[self.daw].title} is not there.")

    def withdraw(self, delivery: Delivery) -> bool:
        """Takes a `place` back, if the DAW has not taken it."""
        return self._carrier.withdraw(self.daw, delivery.id)

    def tell(self, message: Message) -> None:
        """Says something else to it, if it is there."""
        self._carrier.send(self.daw, message)

    def hear(self, message: Message) -> None:
        """Takes in who it is and where it stands."""
        if message["kind"] == "hello":
            self._program = str(message.get("program", TARGETS[self.daw].title))
            self.standing.project = str(message.get("project", ""))
        elif message["kind"] == "state":
            self.standing.hear(message)


class Companions:
    """Every DAW that has one; begins with `start`."""

    def __init__(self, carriers: Mapping[str, Carrier], copies: bool = False) -> None:
        """Over the carrier of each DAW; see `CompanionWay`."""
        self._carriers = {id(carrier): carrier for carrier in carriers.values()}
        self.ways = {daw: CompanionWay(daw, carrier, copies) for daw, carrier in carriers.items()}
        self._hears: Hears = lambda daw, message: None

    def start(self, hears: Hears) -> None:
        """Begins to listen; `hears` gets every message, once it has been taken in here."""
        self._hears = hears
        for carrier in self._carriers.values():
            carrier.start(self._hear)

    def stands(self, daw: str) -> TransportState | None:
        """Where a DAW stands, if its companion is there and has said so."""
        way = self.ways.get(daw)
        return way.standing.now() if way and way.ready() else None

    def close(self) -> None:
        """Says bye to every companion."""
        for carrier in self._carriers.values():
            carrier.close()

    def _hear(self, daw: str, message: Message) -> None:
        if daw in self.ways:
            self.ways[daw].hear(message)
            self._hears(daw, message)


def copied(folder: Path, path: Path) -> Path:
    """The copy of a take in a project's folder, which is made; one of an earlier try, as while the DAW records, serves.

    Raises:
        DiskError: if it takes none.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritten(folder, error) from error
    return copy_in(folder, path) or copy_into(folder, path)


def place(delivery: Delivery) -> Message:
    """The `place` of a delivery."""
    where = delivery.placement
    return {
        "kind": "place",
        "id": delivery.id,
        "path": str(delivery.path),
        "name": delivery.name,
        "seconds": delivery.seconds,
        "beats": delivery.beats,
        "tempo": delivery.tempo,
        "loop": delivery.loop,
        "at": where.at,
        "position": where.position,
        "length": where.length,
        "track": where.track,
        "beside": where.beside,
        "item": where.item,
        "form": where.form,
    }
