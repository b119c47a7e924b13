"""Reaper's public scripting functions over a small model, for scripts that run in a real Lua.

Strict where Reaper is lax: a function that is not here, a wrong number of arguments or type, an object that was deleted
or an unknown parameter is an error, and so is a change outside a step of undo. What stands here is what the
public list of functions says of each; how Reaper itself behaves beyond that is not known here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lupa.lua54

from tests.bridge.companions.reaper_model import Item, Project, Source, Take, Track

Proj = Call = Any


class Reaper:
    """One running Reaper; each script that it runs has a Lua of its own, as there."""

    def __init__(self, clock: Callable[[], float], scripts: Path) -> None:
        self.clock = clock
        self.scripts = scripts
        self.now = Project()
        self.closed = False
        self.system = "Other"
        self.locking = False
        self.ext: dict[tuple[str, str], str] = {}
        self.inputs: list[str | None] = []
        self.asked: list[tuple[str, str, str]] = []
        self.boxes: list[str] = []
        self.console: list[str] = []
        self.undo: list[str] = []
        self.wrong: list[str] = []
        """What a script did that Reaper's list of functions does not allow."""
        self.unreadable: set[str] = set()
        self.fails: str = ""
        """A function that raises an error."""
        self.window: list[str] | None = None
        self.keys: list[int] = []
        self._depth = self._frozen = 0
        self._commands: list[str] = []
        self._deferred: list[Callable[[], None]] = []
        self._ends: list[Callable[[], None]] = []
        self._alive: list[Any] = []

    # --- what a test does ---

    def run(self, name: str) -> None:
        """Runs a script of the folder."""
        lua: Any = lupa.lua54.LuaRuntime(unpack_returned_tuples=True)
        path = str(self.scripts / name)
        strict = lua.eval(
            "function(api, wrong) return setmetatable(api, {__index = function(_, name)"
            " wrong(name) error('Reaper has no function ' .. name) end}) end"
        )
        names = [name[4:] for name in dir(self) if name.startswith("api_")]
        calls: dict[str, Any] = {name: self._checked(name) for name in names}
        lua.globals().reaper = strict(lua.table_from(calls), self.wrong.append)
        lua.globals().gfx = self._gfx(lua)
        self._alive.append(lua)
        lua.globals().dofile(path)

    def turn(self) -> None:
        """One round of deferred scripts."""
        due, self._deferred = self._deferred, []
        for each in due:
            each()
        self.settled()

    def scripts_running(self) -> int:
        """How many wait for their turn."""
        return len(self._deferred)

    def end(self) -> None:
        """Reaper is closed: scripts end in order."""
        self._deferred.clear()
        for each in self._ends:
            each()
        self._ends.clear()

    def kill(self) -> None:
        """Reaper dies."""
        self._deferred.clear()
        self._ends.clear()

    def settled(self) -> None:
        """Every undo block is ended, the screen is not frozen, and no script did what it may not."""
        assert self._depth == 0 and self._frozen == 0 and not self.wrong, self.wrong

    # --- strictness ---

    def _checked(self, name: str) -> Callable[..., Any]:
        call = getattr(self, f"api_{name}")
        kinds = [each.annotation for each in inspect.signature(call).parameters.values()]

        def checked(*values: Any) -> Any:
            if self.fails == name:
                raise RuntimeError(f"{name} fails")
            if len(values) != len(kinds):
                self.wrong.append(f"{name} takes {len(kinds)} arguments, not {len(values)}")
            for kind, value in zip(kinds, values, strict=True):
                self._check(name, kind, value)
            return call(*values)

        return checked

    def _check(self, name: str, kind: str, value: Any) -> None:
        right = {
            "str": isinstance(value, str),
            "bool": isinstance(value, bool),
            "int": isinstance(value, int) and not isinstance(value, bool),
            "float": isinstance(value, int | float) and not isinstance(value, bool),
            "Call": callable(value),
            "Proj": value == 0 or value is self.now,
            "Track": value in self.now.tracks,
            "Item": value in self.now.items(),
            "Take": self.now is not None and any(value in item.takes for item in self.now.items()),
            "Source": isinstance(value, Source),
        }[kind]
        if not right:
            self.wrong.append(f"{name}: {value!r} is no {kind}")
            raise TypeError(self.wrong[-1])

    def _value(self, numbers: dict[str, float], name: str) -> float:
        if name not in numbers:
            self.wrong.append(f"unknown parameter {name}")
        return numbers[name]

    def _text(self, texts: dict[str, str], name: str, value: str, change: bool) -> tuple[bool, str]:
        if name not in texts and not name.startswith("P_EXT:"):
            self.wrong.append(f"unknown parameter {name}")
        if change:
            texts[name] = value
        return name in texts, texts.get(name, "")

    # --- projects and time ---

    def api_EnumProjects(self, idx: int) -> Any:
        assert idx == -1
        return None if self.closed else (self.now, "")

    def api_GetProjectName(self, proj: Proj) -> str:
        return self.now.name

    def api_GetPlayStateEx(self, proj: Proj) -> int:
        return self.now.state

    def api_GetPlayPositionEx(self, proj: Proj) -> float:
        return self.now.play

    def api_GetCursorPositionEx(self, proj: Proj) -> float:
        return self.now.cursor

    def api_TimeMap2_QNToTime(self, proj: Proj, qn: float) -> float:
        return self.now.seconds(qn)

    def api_TimeMap2_timeToQN(self, proj: Proj, tpos: float) -> float:
        return self.now.beat(tpos)

    def api_TimeMap_GetTimeSigAtTime(self, proj: Proj, time: float) -> tuple[int, int, float]:
        beat = self.now.beat(time)
        tempo = [tempo for start, tempo in self.now.tempi if start <= beat + 1e-9][-1]
        return *self.now.metre, tempo

    def api_GetSet_LoopTimeRange2(  # noqa: PLR0913
        self, proj: Proj, isSet: bool, isLoop: bool, start: float, end: float, seek: bool
    ) -> tuple[float, float]:
        assert not isSet
        return self.now.selection

    def api_GetProjExtState(self, proj: Proj, extname: str, key: str) -> tuple[int, str]:
        found = self.now.texts.get((extname, key), "")
        return len(found), found

    def api_SetProjExtState(self, proj: Proj, extname: str, key: str, value: str) -> int:
        self.now.texts[extname, key] = value
        return len(value)

    # --- tracks ---

    def api_CountTracks(self, proj: Proj) -> int:
        return len(self.now.tracks)

    def api_GetTrack(self, proj: Proj, trackidx: int) -> Any:
        return self.now.tracks[trackidx] if 0 <= trackidx < len(self.now.tracks) else None

    def api_GetSelectedTrack(self, proj: Proj, seltrackidx: int) -> Any:
        return dict(enumerate(t for t in self.now.tracks if t.selected)).get(seltrackidx)

    def api_InsertTrackAtIndex(self, idx: int, wantDefaults: bool) -> None:
        self._change()
        self.now.tracks.insert(idx, Track())

    def api_DeleteTrack(self, tr: Track) -> None:
        self._change()
        self.now.tracks.remove(tr)

    def api_GetMediaTrackInfo_Value(self, tr: Track, parmname: str) -> float:
        assert parmname == "IP_TRACKNUMBER"
        return float(self.now.tracks.index(tr) + 1)

    def api_GetSetMediaTrackInfo_String(
        self, tr: Track, parmname: str, value: str, setNewValue: bool
    ) -> tuple[bool, str]:
        return self._text(tr.texts, parmname, value, setNewValue)

    def api_CountTrackMediaItems(self, track: Track) -> int:
        return len(track.items)

    def api_GetTrackMediaItem(self, tr: Track, itemidx: int) -> Any:
        return tr.items[itemidx]

    # --- items and takes ---

    def _change(self) -> None:
        if (self._depth, self._frozen) != (1, 1):
            self.wrong.append("changed outside a step of undo")

    def api_CountMediaItems(self, proj: Proj) -> int:
        return len(self.now.items())

    def api_GetMediaItem(self, proj: Proj, itemidx: int) -> Any:
        return self.now.items()[itemidx]

    def api_CountSelectedMediaItems(self, proj: Proj) -> int:
        return sum(item.selected for item in self.now.items())

    def api_GetSelectedMediaItem(self, proj: Proj, selitem: int) -> Any:
        return [item for item in self.now.items() if item.selected][selitem]

    def api_AddMediaItemToTrack(self, tr: Track) -> Any:
        self._change()
        tr.items.append(Item(tr))
        return tr.items[-1]

    def api_DeleteTrackMediaItem(self, tr: Track, it: Item) -> bool:
        self._change()
        tr.items.remove(it)
        return True

    def api_AddTakeToMediaItem(self, item: Item) -> Any:
        self._change()
        item.takes.append(Take())
        return item.takes[-1]

    def api_SetActiveTake(self, take: Take) -> None:
        self._change()
        next(item for item in self.now.items() if take in item.takes).active = take

    def api_GetActiveTake(self, item: Item) -> Any:
        return item.active

    def api_GetMediaItem_Track(self, item: Item) -> Any:
        return item.track

    def api_GetMediaItemInfo_Value(self, item: Item, parmname: str) -> float:
        return self._value(item.numbers, parmname)

    def api_SetMediaItemInfo_Value(self, item: Item, parmname: str, newvalue: float) -> bool:
        self._change()
        self._value(item.numbers, parmname)
        item.numbers[parmname] = newvalue
        return True

    def api_GetSetMediaItemInfo_String(
        self, item: Item, parmname: str, value: str, setNewValue: bool
    ) -> tuple[bool, str]:
        return self._text(item.texts, parmname, value, setNewValue)

    def api_GetMediaItemTakeInfo_Value(self, take: Take, parmname: str) -> float:
        return self._value(take.numbers, parmname)

    def api_GetSetMediaItemTakeInfo_String(
        self, tk: Take, parmname: str, value: str, setNewValue: bool
    ) -> tuple[bool, str]:
        return self._text(tk.texts, parmname, value, setNewValue)

    def api_GetTakeName(self, take: Take) -> str:
        return take.texts["P_NAME"]

    def api_TakeIsMIDI(self, take: Take) -> bool:
        return take.midi

    def api_UpdateItemInProject(self, item: Item) -> None:
        pass

    # --- sources ---

    def api_PCM_Source_CreateFromFile(self, filename: str) -> Any:
        return None if filename in self.unreadable else Source(filename, 1.0)

    def api_SetMediaItemTake_Source(self, take: Take, source: Source) -> bool:
        self._change()
        take.source = source
        return True

    def api_GetMediaItemTake_Source(self, take: Take) -> Any:
        return take.source

    def api_GetMediaSourceParent(self, src: Source) -> Any:
        return src.parent

    def api_GetMediaSourceFileName(self, source: Source) -> str:
        return source.path

    def api_GetMediaSourceLength(self, source: Source) -> tuple[float, bool]:
        return source.seconds, False

    def api_PCM_Source_GetSectionInfo(self, src: Source) -> tuple[bool, float, float, bool]:
        return src.parent is not None, *src.section

    # --- undo, screen, scripts ---

    def api_Undo_BeginBlock2(self, proj: Proj) -> None:
        self._depth += 1

    def api_Undo_EndBlock2(self, proj: Proj, descchange: str, extraflags: int) -> None:
        self._depth -= 1
        self.undo.append(descchange)

    def api_PreventUIRefresh(self, prevent_count: int) -> None:
        self._frozen += prevent_count

    def api_UpdateArrange(self) -> None:
        pass

    def api_GetToggleCommandState(self, command_id: int) -> int:
        assert command_id == 1135
        return int(self.locking)

    def api_Main_OnCommandEx(self, command: int, flag: int, proj: Proj) -> None:
        if command != 40047:
            self.run(self._commands[command - 1])

    def api_AddRemoveReaScript(self, add: bool, sectionID: int, scriptfn: str, commit: bool) -> int:
        if not Path(scriptfn).is_file():
            return 0
        self._commands.append(Path(scriptfn).name)
        return len(self._commands)

    def api_defer(self, func: Call) -> bool:
        self._deferred.append(func)
        return True

    def api_atexit(self, func: Call) -> bool:
        self._ends.append(func)
        return True

    def api_time_precise(self) -> float:
        return self.clock()

    def api_file_exists(self, path: str) -> bool:
        return Path(path).is_file()

    def api_GetAppVersion(self) -> str:
        return "7.40/linux"

    def api_GetOS(self) -> str:
        return self.system

    def api_ShowConsoleMsg(self, msg: str) -> None:
        self.console.append(msg)

    def api_MB(self, msg: str, title: str, type: int) -> int:
        self.boxes.append(msg)
        return 1

    def api_GetUserInputs(
        self, title: str, num_inputs: int, captions_csv: str, retvals_csv: str
    ) -> tuple[bool, str]:
        self.asked.append((title, captions_csv, retvals_csv))
        assert captions_csv.endswith(",separator=\n") and num_inputs == retvals_csv.count("\n") + 1
        typed = self.inputs.pop(0)
        return typed is not None, typed or ""

    def api_GetExtState(self, section: str, key: str) -> str:
        return self.ext.get((section, key), "")

    def api_SetExtState(self, section: str, key: str, value: str, persist: bool) -> None:
        assert not persist
        self.ext[section, key] = value

    def api_DeleteExtState(self, section: str, key: str, persist: bool) -> None:
        self.ext.pop((section, key), None)

    def _gfx(self, lua: Any) -> Any:
        """The window: what it says since it was drawn last."""

        def init(name: str, width: float, height: float, dock: int) -> None:
            self.window = []

        def close() -> None:
            self.window = None

        def drawn(text: str, flags: int, right: float, bottom: float) -> None:
            assert self.window is not None
            self.window = [*self.window[-5:], text]

        calls: dict[str, Any] = {
            "init": init,
            "quit": close,
            "drawstr": drawn,
            "w": 420,
            "x": 0,
            "y": 0,
        }
        calls |= {"getchar": lambda: self.keys.pop(0) if self.keys else 0, "update": lambda: None}
        calls |= {"set": lambda r, g, b, a: None, "rect": lambda x, y, w, h, f: None}
        return lua.table_from(calls | {"setfont": lambda index, face, size: None})
