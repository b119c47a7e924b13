"""A set that is open in Live, with the script in it as it is installed, and the real desk at the other end."""

from __future__ import annotations

import importlib
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import bridge
from bridge.delivery.desk import Desk
from bridge.delivery.messages import Message
from tests.bridge.companions.ableton.fake_live import FakeLive, Track
from tests.bridge.delivery.visitor import PATIENCE, Heard

SOURCE = Path(bridge.__file__).parent / "companions" / "ableton" / "Longtake"


class Opened:
    """Live, its set, the script and Longtake's desk."""

    def __init__(self, version: str, folder: Path, guesses: bool = True) -> None:
        self.live = FakeLive(version, guesses)
        self.song = self.live.song
        self.audio = Track(self.live, "Drums")
        self.midi = Track(self.live, "Keys", midi=True)
        self.song.tracks = [self.audio, self.midi]
        self.song.view.selected_track = self.audio
        self.spool = folder / "data" / "spool"
        self.wav = folder / "take.wav"
        soundfile.write(self.wav, np.zeros((96_000, 2), np.float32), 48_000)
        self._scripts = folder / "Remote Scripts"
        shutil.copytree(SOURCE, self._scripts / "Longtake")
        (self._scripts / "Longtake" / "place.txt").write_text(f"{self.spool / 'desk.json'}\n")
        self._package: Any = None
        self.heard = Heard()
        self.desk = Desk(self.spool, frozenset({"ableton"}))

    @contextmanager
    def imported(self) -> Iterator[None]:
        """The script's folder where Live's Python finds it."""
        sys.path.insert(0, str(self._scripts))
        sys.modules["Live"] = self.live.module
        try:
            self._package = importlib.import_module("Longtake")
            self.module("connection").AGAIN = 0.2
            yield
        finally:
            sys.path.remove(str(self._scripts))
            for name in [
                each for each in sys.modules if each.split(".")[0] in ("Live", "Longtake")
            ]:
                del sys.modules[name]

    def module(self, name: str) -> Any:
        return importlib.import_module(f"Longtake.{name}")

    def open_set(self) -> Any:
        """As Live does when a set is opened."""
        return self._package.create_instance(self.live.c_instance())

    def tick(self, script: Any, until: Callable[[], Any]) -> Any:
        """Live's main thread, until something is so."""
        end = time.monotonic() + PATIENCE
        while not (found := until()):
            assert time.monotonic() < end, (self.live.logged, self.live.shown)
            script.update_display()
            time.sleep(0.02)
        return found

    def hears(self, script: Any, kind: str) -> Message:
        """The next message of a kind that comes to Longtake."""
        found: list[Message] = []

        def come() -> bool:
            while not self.heard.queue.empty():
                message = self.heard.next()
                if message["kind"] == kind:
                    found.append(message)
                    return True
            return False

        self.tick(script, come)
        return found[0]

    def place(self, **fields: Any) -> Message:
        """A `place` of two seconds at 120 BPM."""
        usual: Message = {"kind": "place", "id": "d1", "path": str(self.wav), "name": "Rain"}
        usual |= {"seconds": 2.0, "beats": 4.0, "tempo": 120.0, "loop": False}
        return usual | {"at": "beat", "position": 16.0, "track": "Drums", "form": "item"} | fields
