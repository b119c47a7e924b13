"""Our scripts inside DAWs, and layouts for tablets and patches: copied there, looked after, removed again.

A mark beside the copies (`marks.py`) says which Longtake put them there and what was in each, so that a file that its
user changed is kept, and nothing is deleted that we did not write. What there is to install: `installable.py`; where
DAWs keep scripts: `daw_folders.py`. Knows nothing of what is in the files, nor of deliveries.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bridge.delivery import marks
from bridge.delivery.carrier import GONE_AFTER
from bridge.delivery.daw_folders import Machine
from bridge.delivery.installable import KINDS, SPOOL, Kind, files_of, known
from bridge.errors import BridgeError
from bridge.places import folder as folder_named
from bridge.places import places
from engine.disks import why
from engine.whole_files import whole


@dataclass(frozen=True, slots=True)
class Status:
    """How one of `KINDS` stands.

    Attributes:
        folder: where its files are, or where they would go; None if the program is not on this machine.
        installed: whether they are there.
        version: of the Longtake that installed them.
        current: whether this Longtake has no other ones.
        changed: names of files that are missing, or that somebody changed.
        speaks: whether the script runs now; None where no file tells.
    """

    name: str
    title: str
    folder: Path | None
    installed: bool = False
    version: str = ""
    current: bool = False
    changed: tuple[str, ...] = ()
    speaks: bool | None = None


@dataclass(frozen=True, slots=True)
class Here:
    """The machine, and our own data on it."""

    machine: Machine = field(default_factory=Machine)
    data: Path = field(default_factory=lambda: places().data)


def found(name: str, here: Here | None = None) -> Path | None:
    """Where its files are or would go; None if the program is not on this machine."""
    here = here or Here()
    folders = [folder / known(name).inside for folder in known(name).finds(here.machine)]
    return _standing(name, here) or next(iter(folders), None)


def installed(name: str, here: Here | None = None) -> bool:
    """Whether its files are there; for a target that needs none, always."""
    return name not in KINDS or _standing(name, here or Here()) is not None


def install(name: str, folder: str | Path | None = None, here: Here | None = None) -> list[str]:
    """Copies its files, over those of another Longtake; gives what is left to do, a sentence each.

    Args:
        name: one of `KINDS`.
        folder: of the program, where it is not where such programs are; None looks there.
        here: the machine; None is this one.

    Raises:
        LongtakeError: if the program is not here, its folder takes no files, or something foreign is in the way.
    """
    kind, here = known(name), here or Here()
    into = _asked_for(kind, folder) if folder else found(name, here)
    if into is None:
        raise BridgeError(
            "bad_path", f"{kind.title} was not found on this computer; name its folder."
        )
    before = marks.read(into, name)
    ours: Mapping[str, str] = before.files if before else {}
    files = files_of(name, here.data)
    try:
        _check_nothing_foreign(into, kind, ours, files)
        into.mkdir(parents=True, exist_ok=True)
        kept = _put_aside(into, ours, files)
        # Before the files, so that what a crash leaves behind is known to be ours.
        marks.write(into, name, files)
        for each, content in files.items():
            (into / each).parent.mkdir(parents=True, exist_ok=True)
            with whole(into / each) as part:
                part.write_bytes(content)
        if kind.spool:
            (here.data / SPOOL / name).mkdir(parents=True, exist_ok=True)
        marks.remember(here.data, name, into)
    except OSError as error:
        raise BridgeError("io", f"{into} takes no files: {why(into / 'x', error)}.") from error
    return [*kept, *(step.format(into) for step in kind.steps)]


def remove(name: str, here: Here | None = None) -> list[str]:
    """Deletes what was installed; gives a sentence for each file that its user had changed, which is kept.

    Raises:
        BridgeError: `bad_path` if nothing is installed, `io` if it cannot be deleted.
    """
    kind, here = known(name), here or Here()
    into = _standing(name, here)
    mark = marks.read(into, name) if into else None
    if into is None or mark is None:
        raise BridgeError("bad_path", f"Nothing of Longtake is installed for {kind.title}.")
    try:
        kept = _put_aside(into, mark.files, {})
        (into / marks.name_of(name)).unlink(missing_ok=True)
        _tidy(into, kind, mark.files)
        marks.remember(here.data, name, None)
    except OSError as error:
        raise BridgeError("io", f"{into} cannot be cleared: {why(into / 'x', error)}.") from error
    return kept


def status(name: str, here: Here | None = None) -> Status:
    """How it stands, by files alone.

    Raises:
        BridgeError: `out_of_range` if there is none of that name.
    """
    kind, here = known(name), here or Here()
    into = _standing(name, here)
    mark = marks.read(into, name) if into else None
    if into is None or mark is None:
        return Status(name, kind.title, found(name, here))
    fresh = {each: marks.digest(content) for each, content in files_of(name, here.data).items()}
    files = mark.files.items()
    return Status(
        name,
        kind.title,
        into,
        installed=True,
        version=mark.version,
        current=fresh == mark.files,
        changed=tuple(each for each, digest in files if marks.digest_of(into / each) != digest),
        speaks=_alive(here.data / SPOOL / name / "daw.alive") if kind.spool else None,
    )


def _standing(name: str, here: Here) -> Path | None:
    """The folder with its mark: where it was installed last, else where it would be."""
    kind = known(name)
    last = marks.remembered(here.data).get(name)
    usual = [folder / kind.inside for folder in kind.finds(here.machine)]
    every = [Path(last), *usual] if last else usual
    return next((each for each in every if marks.read(each, name)), None)


def _asked_for(kind: Kind, folder: str | Path) -> Path:
    """Where files go in a folder that was named: that of the program, or the one in it for scripts."""
    named = folder_named(str(folder)).absolute()
    if not named.is_dir():
        raise BridgeError("bad_path", f"There is no folder {named}.")
    return (named.parent if named.name == kind.scripts else named) / kind.inside


def _check_nothing_foreign(
    into: Path, kind: Kind, ours: Collection[str], wanted: Iterable[str]
) -> None:
    foreign = [into / each for each in wanted if each not in ours and (into / each).exists()]
    if kind.own and not ours and into.is_dir():
        foreign += [into for each in into.iterdir() if each.suffix != ".bak"]
    if foreign:
        raise BridgeError(
            "bad_path",
            f"{foreign[0]} is there already and is not from Longtake; give it another name.",
        )


def _put_aside(into: Path, ours: Mapping[str, str], following: Mapping[str, bytes]) -> list[str]:
    """Deletes files of ours that nothing follows; one that was changed becomes a `.bak`, and a sentence says so."""
    kept: list[str] = []
    for name, digest in ours.items():
        path, now = into / name, marks.digest_of(into / name)
        same = {digest, marks.digest(following[name])} if name in following else {digest}
        if now and now not in same:
            aside = _free(path.with_name(f"{path.name}.bak"))
            path.rename(aside)
            kept.append(f"{name} had been changed; what it was is kept as {aside.name}.")
        elif name not in following:
            path.unlink(missing_ok=True)
    return kept


def _free(path: Path) -> Path:
    """The name, or one with a number that is still free."""
    free, number = path, 2
    while free.exists():
        free, number = path.with_name(f"{path.stem} {number}{path.suffix}"), number + 1
    return free


def _tidy(into: Path, kind: Kind, names: Iterable[str]) -> None:
    """Deletes what Python made of our files, and folders of ours that are empty."""
    paths = [into / each for each in names]
    for path in paths:
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink(missing_ok=True)
    folders = {up for path in paths for up in path.parents if up.is_relative_to(into)}
    for folder in sorted(folders, key=lambda each: -len(each.parts)):
        for empty in (folder / "__pycache__", folder):
            if (kind.own or empty != into) and empty.is_dir() and not any(empty.iterdir()):
                empty.rmdir()


def _alive(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime < GONE_AFTER
    except OSError:
        return False
