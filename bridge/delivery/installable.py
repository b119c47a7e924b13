"""The table of what can be installed: scripts inside DAWs, layouts for tablets, patches; and the files of each.

Knows nothing of what is in the files, and copies none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bridge.delivery import daw_folders
from bridge.delivery.daw_folders import Finds
from bridge.errors import BridgeError
from engine.errors import choices

SOURCE = Path(__file__).parents[1] / "companions"
SPOOL = "spool"
"""In the data folder: a folder for each DAW that speaks in files, and `desk.json`."""
_NO_SCRIPT = ("__pycache__", "README.md")


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be installed.

    Attributes:
        title: the program, as people call it.
        finds: the folders of that program that are on a machine, the likeliest first.
        inside: the folder for our files, below one of those; empty for that itself.
        steps: what is left to do afterwards; {0} is where our files are.
        source: the folder of our files, below `SOURCE`.
        scripts: as the program calls the folder of scripts in its own.
        own: whether our files have a folder for themselves.
        tops: the folder for files that lie at the top of `source`; empty for the top.
        shared: files of `SOURCE` itself that go with them, and under which name.
        place: the name of the file that says where Longtake listens, and what is in it for a folder of spools.
        spool: whether it speaks in files.
    """

    title: str
    finds: Finds
    inside: str
    steps: tuple[str, ...]
    source: str
    scripts: str = ""
    own: bool = True
    tops: str = ""
    shared: Mapping[str, str] = field(default_factory=dict[str, str])
    place: tuple[str, Callable[[Path], str]] | None = None
    spool: bool = False


def _lua(spools: Path) -> str:
    """A module of Lua that returns the path of Reaper's spool."""
    text = str(spools / "reaper")
    for sign, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(sign, escape)
    return f'return "{text}"\n'


def _layout(title: str, source: str, *steps: str) -> Kind:
    return Kind(title, daw_folders.documents, "Longtake", steps, source, "Longtake", own=False)


KINDS: dict[str, Kind] = {
    "reaper": Kind(
        "Reaper",
        daw_folders.reaper,
        "Scripts/Longtake",
        (
            "In Reaper, open Actions, Show action list, New action, Load ReaScript: choose longtake.lua in {0}.",
            "Load its other longtake_ scripts likewise, and run longtake.lua; it stays until Reaper is closed.",
        ),
        "reaper",
        "Scripts",
        shared={"spool.lua": "spool.lua"},
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
        "ableton/Longtake",
        "Remote Scripts",
        place=("place.txt", lambda spools: f"{spools / 'desk.json'}\n"),
    ),
    "ardour": Kind(
        "Ardour",
        daw_folders.ardour,
        "",
        (
            "In Ardour, open Edit, Lua Scripts, Script Manager, Action Hooks: add Longtake to a free one.",
            "Under Action Scripts there, its other scripts make what menus and keys do.",
        ),
        "ardour",
        "scripts",
        own=False,
        tops="scripts",
        shared={"spool.lua": "longtake/spool.lua"},
        place=("longtake/folder", lambda spools: f"{spools / 'ardour'}\n"),
        spool=True,
    ),
    "open_stage_control": _layout(
        "Open Stage Control",
        "open_stage_control",
        "Load longtake.json of {0} as a session.",
    ),
    "touchosc": _layout(
        "TouchOSC",
        "touchosc",
        "Bring longtake.tosc of {0} to the tablet and open it in TouchOSC.",
        "In its connections, OSC 1 goes to this computer's address, port 9440.",
    ),
    "pd": _layout("Pd", "pd", "Open longtake.pd of {0} in Pd."),
    "max": _layout("Max", "max", "Open longtake.maxpat of {0} in Max."),
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
    kind = known(name)
    source = SOURCE / kind.source
    files: dict[str, bytes] = {}
    for path in sorted(source.rglob("*")):
        below = path.relative_to(source)
        if path.is_file() and not any(part in _NO_SCRIPT for part in below.parts):
            top = kind.tops if len(below.parts) == 1 else ""
            files[Path(top, below).as_posix()] = path.read_bytes()
    for shared, under in kind.shared.items():
        files[under] = (SOURCE / shared).read_bytes()
    if kind.place:
        files[kind.place[0]] = kind.place[1](data / SPOOL).encode()
    return files
