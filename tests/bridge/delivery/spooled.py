"""Both real sides of a spool: `spool.py`, and `spool.lua` in a real Lua, in a time that a test moves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lupa.lua54

from bridge.delivery.messages import Message
from bridge.delivery.spool import Postbox

SCRIPT = Path("bridge/companions/spool.lua")
TOLD: dict[str, Any] = {
    "kind": "place",
    "id": "d1",
    "path": "/a b/x.wav",
    "name": "Bass",
    "seconds": 2.5,
}


class Time:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Script:
    """A script inside a DAW: `spool.lua` with a place of its own."""

    def __init__(self, root: Path, clock: Callable[[], float]) -> None:
        self.lua: Any = lupa.lua54.LuaRuntime(unpack_returned_tuples=True)
        self.placed: list[dict[str, Any]] = []
        self.log: list[str] = []
        self.answer: Callable[[], Any] = lambda: self.lua.table_from({"ok": True, "text": "There."})
        spool = self.lua.execute(SCRIPT.read_text("utf-8"))
        options = {"root": str(root), "daw": "ardour", "program": "Ardour 8", "clock": clock}
        options |= {"place": self._place, "log": self.log.append, "project": lambda: "Song"}
        self.link: Any = spool.open(self.lua.table_from(options))

    def _place(self, message: Any) -> Any:
        self.placed.append(dict(message))
        return self.answer()

    def tick(self) -> dict[str, Any] | None:
        message = self.link.tick(self.link)
        return None if message is None else dict(message)

    def say(self, **fields: Any) -> bool:
        return self.link.say(self.link, self.lua.table_from(fields))


class Pair:
    """One DAW's folder with both sides, in a time that a test moves."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.time = Time()
        self.box = Postbox("ardour", root, self.time)
        self.heard: list[Message] = []
        self.scripts = [Script(root, self.time)]

    @property
    def script(self) -> Script:
        return self.scripts[-1]

    def connected(self) -> Pair:
        """Goes on until both sides know each other."""
        self.run(3)
        assert self.box.connected and self.kinds() == ["hello"]
        return self

    def run(self, seconds: float, *, box: bool = True, scripts: bool = True) -> None:
        """Both sides go on for a while."""
        for _ in range(round(seconds / 0.1)):
            self.time.now += 0.1
            if box:
                self.heard += self.box.look()
            for script in self.scripts if scripts else []:
                script.tick()

    def kinds(self) -> list[str]:
        return [str(each["kind"]) for each in self.heard]

    def answers(self) -> list[tuple[object, object, object]]:
        said = [each for each in self.heard if each["kind"] == "answer"]
        return [(each["id"], each["ok"], each.get("code", "")) for each in said]
