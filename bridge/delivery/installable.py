"""The table of what can be installed: scripts inside DAWs, layouts for tablets, patches; and the files of each.

Knows nothing of what is in the files, and copies none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bridge.delivery import daw_folders
from bridge.delivery.daw_folders import Finds
from bridge.errors import BridgeError
from engine.errors import choices

SOURCE = Path(__file__).parents[1] / "companions"
SPOOL = "spool"
"""In the data folder: a folder for each DAW that speaks in files, and `desk.json`."""
_NO_SCRIPT = ("__pycache__", "README.md")


def _lua(data: Path, name: str) -> str:
    text = str(data / SPOOL / name)
    for sign, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(sign, escape)
    return f'return "{text}"\n'


def _desk(data: Path, name: str) -> str:
    return f"{data / SPOOL / 'desk.json'}\n"


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be installed.

    Attributes:
        title: the program, as people call it.
        finds: the folders of that program that are on a machine, the likeliest first.
        inside: from there to where our files go.
        steps: what is left to do afterwards; {0} is where our files are.
        own: whether our files have a folder for themselves.
        shared: files of `SOURCE` itself that go with them.
        place: the file that says where Longtake listens, and what is in it for a data folder and a name.
        spool: whether it speaks in files.
    """

    title: str
    finds: Finds
    inside: str
    steps: tuple[str, ...]
    own: bool = True
    shared: tuple[str, ...] = ()
    place: tuple[str, Callable[[Path, str], str]] | None = None
    spool: bool = False


def _layout(title: str, *steps: str) -> Kind:
    return Kind(title, daw_folders.documents, "Longtake", steps, own=False)


KINDS: dict[str, Kind] = {
    "reaper": Kind(
        "Reaper",
        daw_folders.reaper,
        "Scripts/Longtake",
        (
            "In Reaper, open Actions, Show action list, New action, Load ReaScript: choose longtake.lua in {0}.",
            "Run that action; it goes on until Reaper is closed.",
        ),
        shared=("spool.lua",),
        place=("longtake_place.lua", _lua),
        spool=True,
    ),
    "ableton": Kind(
        "Ableton Live",
        daw_folders.ableton,
        "Remote Scripts/Longtake",
        (
            "Start Live again.",
            "In Live's settings, under Link, Tempo & MIDI, choose Longtake as a control surface; it needs no ports.",
        ),
        place=("place.txt", _desk),
    ),
    "ardour": Kind(
        "Ardour",
        daw_folders.ardour,
        "scripts",
        (
            "In Ardour, open Edit, Lua Scripts, Script Manager, Action Hooks, and add Longtake to a free one.",
        ),
        own=False,
        shared=("spool.lua",),
        place=("longtake_place.lua", _lua),
        spool=True,
    ),
    "open_stage_control": _layout(
        "Open Stage Control",
        "Load longtake.json of {0} as a session, with send set to 127.0.0.1:9440.",
    ),
    "touchosc": _layout(
        "TouchOSC",
        "Bring longtake.tosc of {0} to the tablet and open it in TouchOSC.",
        "In its connections, OSC 1 goes to this computer's address, port 9440.",
    ),
    "pd": _layout("Pd", "Open longtake.pd of {0} in Pd."),
    "max": _layout("Max", "Open longtake.maxpat of {0} in Max."),
}


def known(name: str) -> Kind:
    """One of `KINDS`.

    Raises:
        BridgeError: `out_of_range` if there is none of that name.
    """
    kind = KINDS.get(name)
    if kind is None:
        raise BridgeError(
            "out_of_range",
            f"There is nothing to install for {name[:40]!r}; choose {choices(KINDS)}.",
        )
    return kind


def files_of(name: str, data: Path) -> dict[str, bytes]:
    """What is copied: name below the folder -> what is in it, with where a Longtake with this data folder listens."""
    kind, source = known(name), SOURCE / name
    paths = {
        each.relative_to(source).as_posix(): each
        for each in sorted(source.rglob("*"))
        if each.is_file() and not any(part in _NO_SCRIPT for part in each.parts)
    }
    paths |= {each: SOURCE / each for each in kind.shared}
    files = {each: path.read_bytes() for each, path in paths.items()}
    if kind.place:
        files[kind.place[0]] = kind.place[1](data, name).encode()
    return files
