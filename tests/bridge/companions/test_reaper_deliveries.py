"""The whole way of a take to Reaper: deliveries, the carrier's thread, the folder, and the script in a real Lua."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.delivery.companion import Companions
from bridge.delivery.deliveries import Deliveries
from bridge.delivery.messages import Message
from bridge.delivery.owed import Owed
from bridge.delivery.spool import Spool
from bridge.delivery_state import Delivery, Placement
from tests.bridge.companions.reaper_model import RECORDS, Project, Track
from tests.bridge.companions.reaper_rig import COMPANIONS
from tests.bridge.companions.strict_reaper import Reaper


class Longtake:
    """What delivers to Reaper, as the session has it."""

    def __init__(self, folder: Path) -> None:
        self.companions = Companions({"reaper": Spool({"reaper": folder / "data/spool/reaper"})})
        owed = Owed(folder / "deliveries.json")
        self.deliveries = Deliveries(lambda event: None, owed, self.companions.ways)
        self.companions.start(self._hear)
        self.deliveries.start()

    def _hear(self, daw: str, message: Message) -> None:
        if message["kind"] == "answer":
            text, code = str(message.get("text", "")), str(message.get("code", ""))
            ok = bool(message["ok"])
            self.deliveries.answered(str(message["id"]), ok=ok, code=code, text=text)
        self.deliveries.look()

    def send(self, path: Path, name: str) -> str:
        where = Placement("reaper", at="end", track="Takes")
        return self.deliveries.add(Delivery("", "", path, name, where, seconds=2.0)).id

    def states(self) -> set[str]:
        return {each.state for each in self.deliveries.all()}

    def close(self) -> None:
        self.deliveries.close()
        self.companions.close()


def until(done: Callable[[], bool], *reapers: Reaper) -> None:
    """Reaper goes on until something is so."""
    for _ in range(2400):
        for reaper in reapers:
            reaper.turn()
        if done():
            return
        threading.Event().wait(0.025)
    raise AssertionError("it never came to that")


def opened(project: Project) -> Reaper:
    """Reaper with a project and the script."""
    reaper = Reaper(time.monotonic, COMPANIONS / "reaper")
    reaper.now = project
    reaper.run("longtake.lua")
    return reaper


@pytest.fixture
def longtake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Longtake]:
    """Beside a Reaper that is closed."""
    monkeypatch.setenv("LONGTAKE_HOME", str(tmp_path))
    found = Longtake(tmp_path)
    yield found
    found.close()


def test_what_is_owed_waits_for_reaper_and_for_its_recording_and_lands_once_in_order(
    longtake: Longtake, tmp_path: Path
) -> None:
    path = tmp_path / "take.wav"
    path.write_bytes(b"RIFF")
    project = Project()
    project.tracks.append(Track())
    project.tracks[0].texts["P_NAME"] = "Takes"
    for number in range(3):
        longtake.send(path, f"Take {number}")
    project.state = RECORDS | 1
    reaper = opened(project)
    until(lambda: any("records" in each.text for each in longtake.deliveries.all()), reaper)
    assert not project.items()
    project.state = 0
    until(lambda: longtake.states() == {"placed"}, reaper)
    found = [(i.numbers["D_POSITION"], i.takes[0].texts["P_NAME"]) for i in project.items()]
    assert found == [(0.0, "Take 0"), (2.0, "Take 1"), (4.0, "Take 2")]
    reaper.end()
    until(lambda: not longtake.companions.ways["reaper"].ready())
    longtake.send(path, "Take 3")
    assert "owed" in longtake.states()
    again = opened(project)
    until(lambda: longtake.states() == {"placed"}, again)
    assert len(project.items()) == 4
    again.end()
