"""Every layout and patch: up to date, and all that it sends is understood by the bridge."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bridge.osc.schema import COMMANDS
from bridge.osc.server import OscServer
from bridge.osc.told import EVENTS
from docs import make_layouts
from docs.layout_controls import FADERS, PRESSES, WORDS
from tests.bridge.real_parts import until
from tests.bridge.rig import Peer, osc_server
from tests.needed import need

ROOT = Path(__file__).parents[2]
COMPANIONS = ROOT / "bridge" / "companions"
Sent = tuple[str, tuple[int | float | str, ...]]
MISUNDERSTOOD = {"unknown_address", "bad_args", "unknown_param", "out_of_range", "too_long"}


def content(path: Path) -> bytes:
    return zlib.decompress(path.read_bytes()) if path.suffix == ".tosc" else path.read_bytes()


def test_the_files_are_what_the_table_says() -> None:
    for name, made in make_layouts.made().items():
        assert content(COMPANIONS / name) == made, f"run python docs/make_layouts.py for {name}"


def test_every_address_of_any_companion_exists() -> None:
    heard = {
        told.split()[0] for told in (*EVENTS, *(c.answer for c in COMMANDS.values() if c.answer))
    }
    known = {*COMMANDS, *heard, *(f"/longtake/{each}" for each in heard)}
    found: set[str] = set()
    for path in COMPANIONS.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            text = content(path).decode()
            found.update(re.findall(r"[\"'> ](/longtake/[a-z][a-z0-9_/]*)", text))
            forms = re.findall(r"oscformat ([a-z0-9_ ]+);", text)
            found.update(f"/{form.replace(' ', '/')}" for form in forms)
    assert {"/longtake/generate", "/longtake/param/cfg_scale", "/longtake/reply_to"} <= found
    assert found - known == set()


def stage() -> Iterator[Sent]:
    """What the session of Open Stage Control sends when each widget is used, at its ends."""
    session = json.loads((COMPANIONS / "open_stage_control/longtake.json").read_bytes())
    assert session["type"] == "session" and session["content"]["type"] == "root"
    widgets = session["content"]["widgets"]
    assert len({each["id"] for each in widgets}) == len(widgets)
    for widget in widgets:
        assert widget["target"] == ["127.0.0.1:9440"]
        if widget["type"] == "button":
            assert widget["mode"] == "tap"
            yield widget["address"], (*widget["preArgs"], widget["on"])
        elif widget["type"] == "fader":
            number = int if widget["typeTags"] == "i" else float
            for end in ("min", "max"):
                yield widget["address"], (number(widget["range"][end]),)
        else:
            yield widget["address"], (widget["default"],)


def tablet() -> Iterator[Sent]:
    """What the document of TouchOSC sends; a value goes from one end of its scale to the other."""
    root = ElementTree.fromstring(content(COMPANIONS / "touchosc/longtake.tosc"))
    assert root.tag == "lexml" and [child.tag for child in root] == ["node"]
    nodes = list(root.iter("node"))
    assert len({node.get("ID") for node in nodes}) == len(nodes)
    for node in nodes:
        for osc in node.iter("osc") if node.get("type") in ("BUTTON", "FADER") else ():
            # A release sends nothing: it would make another take.
            rise = osc.findtext("triggers/trigger/condition") == "RISE"
            assert rise == (node.get("type") == "BUTTON")
            address = osc.findtext("path/partial/value") or ""
            for end in ("scaleMax",) if rise else ("scaleMin", "scaleMax"):
                yield (
                    address,
                    tuple(_argument(each, end) for each in osc.findall("arguments/partial")),
                )


def _argument(partial: ElementTree.Element, end: str) -> int | float | str:
    if partial.findtext("type") == "CONSTANT":
        return partial.findtext("value") or ""
    number = int if partial.findtext("conversion") == "INTEGER" else float
    return number(partial.findtext(end) or "nan")


def max_patch() -> Iterator[Sent]:
    """What the messages and numbers of the patcher send."""
    patcher = json.loads((COMPANIONS / "max/longtake.maxpat").read_bytes())["patcher"]
    boxes = {each["box"]["id"]: each["box"] for each in patcher["boxes"]}
    assert len(boxes) == len(patcher["boxes"])
    sinks: dict[str, list[str]] = {}
    for line in patcher["lines"]:
        (source, outlet), (sink, inlet) = (
            line["patchline"]["source"],
            line["patchline"]["destination"],
        )
        assert outlet < boxes[source]["numoutlets"] and inlet < boxes[sink]["numinlets"]
        sinks.setdefault(source, []).append(sink)
    (send,) = (name for name, box in boxes.items() if box.get("text") == "udpsend 127.0.0.1 9440")
    for name, box in boxes.items():
        if box["maxclass"] == "message":
            assert sinks[name] == [send]
            address, *words = re.findall(r'"[^"]*"|\S+', box["text"])
            yield address, tuple(w.strip('"') if not w.isdecimal() else int(w) for w in words)
        elif box["maxclass"] in ("number", "flonum"):
            (prepend,) = sinks[name]
            assert sinks[prepend] == [send]
            number = int if box["maxclass"] == "number" else float
            for end in ("minimum", "maximum"):
                yield boxes[prepend]["text"].removeprefix("prepend "), (number(box[end]),)


@pytest.mark.parametrize("sends", [stage, tablet, max_patch])
def test_all_that_a_layout_sends_is_understood(tmp_path: Path, sends: object) -> None:
    messages = list(sends())  # type: ignore[operator]
    addresses = {address for address, _ in messages}
    controls = (*PRESSES, *FADERS, *(() if sends is tablet else WORDS))
    assert addresses >= {f"/longtake/{each.address}" for each in controls} | {"/longtake/generate"}
    with osc_server(tmp_path) as (server, session), Peer(server.port) as peer:
        peer.send("param/prompt", "warm house")
        for address, arguments in messages:
            if address not in ("/longtake/reply_to", "/longtake/token"):
                peer.send(address.removeprefix("/longtake/"), *arguments)
        peer.ping()
        wrong = [each for each in peer.at("error") if each[1] in MISUNDERSTOOD]
        assert wrong == [] and len(peer.at("ack")) == 1
        for fader in FADERS:
            if fader.address.startswith("param/"):
                value = session.parameters.get(fader.address.removeprefix("param/"))
                assert value == pytest.approx(fader.span[1])


@pytest.mark.real_parts("pd")
def test_pd_makes_a_take_by_its_message_and_prints_how_it_goes(tmp_path: Path) -> None:
    need("pd")
    with Peer(9) as free:
        ear = free.port
    with osc_server(tmp_path) as (server, session):
        log = run_pd(tmp_path, server, ear)
        assert re.search(r"longtake: (list )?longtake ack pd j\w+", log)
        assert re.search(r"longtake: (list )?longtake progress j\w+ ", log)
        done = re.search(r"longtake done pd \S+ (\S+\.wav)", log)
        assert done and Path(done[1]).is_file()
        assert session.parameters.get("prompt") == "warm house"
        assert not re.search(r"longtake error|no such object|couldn't create", log)


def run_pd(folder: Path, server: OscServer, ear: int) -> str:
    """What Pd prints until the take is there, when its messages are sent by their names."""
    patch = (COMPANIONS / "pd/longtake.pd").read_text("utf-8")
    assert patch.count("9440") == 1 and patch.count("9441") == 2
    ported = patch.replace("9440", str(server.port)).replace("9441", str(ear))
    (folder / "x.pd").write_text(ported)
    log = folder / "pd.log"
    flags = ["-nogui", "-noaudio", "-nomidi", "-stderr", "-open", "x.pd"]
    sends = ["-send", "longtake-param-prompt bang", "-send", "longtake-generate bang"]
    with log.open("wb") as out:
        pd = subprocess.Popen(["pd", *flags, *sends], cwd=folder, stdout=out, stderr=out)
    try:
        until(lambda: " done pd " in log.read_text(errors="replace"), what="done in Pd")
        time.sleep(0.2)
    finally:
        pd.kill()
        pd.wait()
    return log.read_text(errors="replace")


def test_a_wheel_holds_every_companion(tmp_path: Path) -> None:
    """Built from a copy with the sources that count here, since building writes beside them."""
    copy = tmp_path / "copy"
    for name in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "ATTRIBUTION.md",
        "longtake.py",
        "engine/__init__.py",
    ):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((ROOT / name).read_bytes())
    files = [
        path for path in COMPANIONS.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    for path in [*files, ROOT / "bridge" / "__init__.py"]:
        there = copy / path.relative_to(ROOT)
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(copy)], check=True, timeout=600)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    assert {path.relative_to(ROOT).as_posix() for path in files} - inside == set()
