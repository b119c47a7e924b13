"""Reaper with the installed script, and the real side of Longtake."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from bridge.delivery.companion import place
from bridge.delivery.messages import Message
from bridge.delivery.spool import Postbox
from bridge.delivery_state import Delivery, Placement
from tests.bridge.companions.reaper_model import Project
from tests.bridge.companions.strict_reaper import Reaper
from tests.bridge.delivery.spooled import Time

COMPANIONS = Path("bridge/companions").resolve()


class Both:
    """Reaper with the installed script, and Longtake's side of its folder."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "spool" / "reaper"
        self.scripts = folder / "Scripts"
        shutil.copytree(COMPANIONS / "reaper", self.scripts)
        shutil.copy(COMPANIONS / "spool.lua", self.scripts)
        (self.scripts / "longtake_place.lua").write_text(f'return "{self.root.as_posix()}"\n')
        self.time = Time()
        self.box = Postbox("reaper", self.root, self.time)
        self.heard: list[Message] = []
        self.reapers = [Reaper(self.time, self.scripts)]
        self.file = folder / "Bässe 1.wav"
        self.file.write_bytes(b"RIFF")

    @property
    def reaper(self) -> Reaper:
        return self.reapers[0]

    @property
    def project(self) -> Project:
        return self.reaper.now

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            self.time.now += 0.05
            self.heard += self.box.look()
            for reaper in self.reapers:
                reaper.turn()

    def said(self, kind: str) -> list[Message]:
        return [each for each in self.heard if each["kind"] == kind]

    def place(self, number: int = 1, **fields: Any) -> Message:
        """Sends a take; gives the answer."""
        names = [name for name in Placement.__slots__ if name != "tempo" and name in fields]
        where = {name: fields.pop(name) for name in names}
        sound = {"seconds": 4.0, "tempo": 120.0, "beats": 8.0, "path": self.file} | fields
        delivery = Delivery(
            f"d{number}", "t1", name="Bass", placement=Placement("reaper", **where), **sound
        )
        assert self.box.send(place(delivery))
        before = len(self.said("answer"))
        self.run(0.5)
        assert len(self.said("answer")) == before + 1
        return self.said("answer")[-1]
