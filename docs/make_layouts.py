"""Makes the layouts and patches in bridge/companions for Open Stage Control, TouchOSC, Pd and Max.

    python docs/make_layouts.py

All of them have the controls of layout_controls.py. A test keeps the files up to date.
"""

from __future__ import annotations

import json
import sys
import uuid
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).parents[1]))

from docs.layout_controls import (
    FADERS,
    PRESSES,
    TOKEN,
    WORDS,
    Fader,
    Press,
    Value,
    Words,
    address_of,
    generate,
)

FOLDER = Path(__file__).parents[1] / "bridge" / "companions"
PORT, EAR = 9440, 9441
"""Where Longtake listens, and where patches do."""
GRID_W, GRID_H, COLUMNS = 160, 64, 5


def places() -> Iterator[tuple[int, int]]:
    """Left and top of one field of the grid after the other."""
    number = 0
    while True:
        row, column = divmod(number, COLUMNS)
        yield 10 + column * GRID_W, 10 + row * GRID_H
        number += 1


# --- Open Stage Control ---


def open_stage_control() -> str:
    """A session."""
    at = places()
    widgets: list[dict[str, Any]] = []

    def add(kind: str, control: Press | Fader | Words, **more: Any) -> None:
        left, top = next(at)
        size = {"left": left, "top": top, "width": GRID_W - 10, "height": GRID_H - 10}
        name = f"longtake_{control.address.replace('/', '_')}"
        sent = {"address": address_of(control), "target": [f"127.0.0.1:{PORT}"]}
        widgets.append({"type": kind, "id": name, "label": control.title} | size | sent | more)

    for press in (generate("stage"), *PRESSES):
        # Tapped: sends `on` when it is pressed, and nothing when it is released.
        add("button", press, mode="tap", preArgs=list(press.arguments[:-1]), on=press.arguments[-1])
    for fader in FADERS:
        low, high = fader.span
        numbers = (
            {"typeTags": "i", "decimals": 0} if fader.whole else {"typeTags": "f", "decimals": 2}
        )
        more = {"range": {"min": low, "max": high}, "ignoreDefaults": True} | numbers
        add("fader", fader, horizontal=True, **more)
    for words in WORDS:
        add("input", words, default=words.text, typeTags="s")
    root = {"type": "root", "id": "root", "widgets": widgets, "tabs": []}
    session = {
        "createdWith": "Open Stage Control",
        "version": "1.25.0",
        "type": "session",
        "content": root,
    }
    return json.dumps(session, indent=1) + "\n"


# --- TouchOSC ---


def touchosc() -> bytes:
    """A document: XML, before it is compressed."""
    root = ElementTree.Element("lexml", version="3")
    rows = 2 * (
        (len(PRESSES) + 2 + COLUMNS - 1) // COLUMNS + (len(FADERS) + COLUMNS - 1) // COLUMNS
    )
    size = (0, 0, 20 + COLUMNS * GRID_W, 20 + rows * GRID_H)
    children = ElementTree.SubElement(_node(root, "GROUP", "longtake", size), "children")
    at = places()
    for press in (TOKEN, generate("tablet"), *PRESSES):
        _labelled(children, "BUTTON", press, next(at))
    while (place := next(at))[0] != 10:
        pass
    for fader in FADERS:
        _labelled(children, "FADER", fader, place)
        place = next(at)
    ElementTree.indent(root, "")
    return ElementTree.tostring(root, "UTF-8", xml_declaration=True) + b"\n"


def _labelled(
    children: ElementTree.Element, kind: str, control: Press | Fader, place: tuple[int, int]
) -> None:
    left, top = place[0], 2 * place[1] - 10
    label = _node(children, "LABEL", f"{control.title} label", (left, top, GRID_W - 10, 24))
    _value(label, "text", control.title)
    node = _node(children, kind, control.title, (left, top + 26, GRID_W - 10, 2 * GRID_H - 46))
    _value(node, "x", "0")
    messages = ElementTree.SubElement(node, "messages")
    if isinstance(control, Press):
        constants = [str(each) for each in control.arguments[:-1]]
        last = control.arguments[-1]
        constants += [last] if isinstance(last, str) else []
        _osc(messages, control, "RISE", constants, None if isinstance(last, str) else (0, 1))
    else:
        _osc(messages, control, "ANY", [], control.span)


def _node(
    parent: ElementTree.Element, kind: str, name: str, frame: tuple[int, int, int, int]
) -> ElementTree.Element:
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"longtake {kind} {name}"))
    node = ElementTree.SubElement(parent, "node", ID=identity, type=kind)
    properties = ElementTree.SubElement(node, "properties")
    for sign, key, value in (
        ("s", "name", name),
        ("i", "orientation", "1" if kind == "FADER" else "0"),
    ):
        _texts(_property(properties, sign, key), {"value": value})
    inner = ElementTree.SubElement(_property(properties, "r", "frame"), "value")
    _texts(inner, dict(zip("xywh", map(str, frame), strict=True)))
    return node


def _property(properties: ElementTree.Element, sign: str, key: str) -> ElementTree.Element:
    made = ElementTree.SubElement(properties, "property", type=sign)
    _texts(made, {"key": key})
    return made


def _value(node: ElementTree.Element, key: str, default: str) -> None:
    value = ElementTree.SubElement(ElementTree.SubElement(node, "values"), "value")
    fixed = {"locked": "0", "lockedDefaultCurrent": "0", "default": default, "defaultPull": "0"}
    _texts(value, {"key": key} | fixed)


def _osc(
    messages: ElementTree.Element,
    control: Press | Fader,
    when: str,
    constants: list[str],
    span: tuple[float, float] | None,
) -> None:
    osc = ElementTree.SubElement(messages, "osc")
    flags = {"enabled": "1", "send": "1", "receive": "1", "feedback": "0", "connections": "00001"}
    _texts(osc, flags)
    trigger = ElementTree.SubElement(ElementTree.SubElement(osc, "triggers"), "trigger")
    _texts(trigger, {"var": "x", "condition": when})
    _partial(ElementTree.SubElement(osc, "path"), "CONSTANT", "STRING", address_of(control))
    arguments = ElementTree.SubElement(osc, "arguments")
    for constant in constants:
        _partial(arguments, "CONSTANT", "STRING", constant)
    if span:
        whole = isinstance(control, Press) or control.whole
        _partial(arguments, "VALUE", "INTEGER" if whole else "FLOAT", "x", span)


def _partial(
    parent: ElementTree.Element,
    kind: str,
    conversion: str,
    value: str,
    span: tuple[float, float] = (0, 1),
) -> None:
    low, high = (f"{each:g}" for each in span)
    partial = ElementTree.SubElement(parent, "partial")
    said = {"type": kind, "conversion": conversion, "value": value}
    _texts(partial, said | {"scaleMin": low, "scaleMax": high})


def _texts(parent: ElementTree.Element, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        ElementTree.SubElement(parent, name).text = text


# --- Pd and Max ---


def pd() -> str:
    """A patch of Pd 0.53 without externals; each message can also be sent to the name beside it."""
    lines = ["#N canvas 60 60 900 520 12;"]
    wires: list[str] = []

    def box(text: str) -> int:
        lines.append(f"#X {text};")
        return len(lines) - 2

    def wire(source: int, sink: int, outlet: int = 0) -> None:
        wires.append(f"#X connect {source} {outlet} {sink} 0;")

    box(
        "text 20 10 Longtake: click a message \\, or drag a number. What Longtake says is printed in Pd's window."
    )
    prepend, trim = box("obj 20 440 list prepend send"), box("obj 20 465 list trim")
    net, load = box("obj 20 490 netsend -u -b"), box("obj 20 40 loadbang")
    first, connect = box("obj 20 65 t b b"), box(f"msg 120 65 connect 127.0.0.1 {PORT}")
    ear, parse = box(f"obj 620 440 netreceive -u -b {EAR}"), box("obj 620 465 oscparse")
    said, shown = box("obj 720 465 list trim"), box("obj 720 490 print longtake")
    for source, sink in ((prepend, trim), (trim, net), (load, first), (connect, net), (ear, parse)):
        wire(source, sink)
    wire(first, connect, 1)
    wire(parse, said)
    wire(said, shown)

    def sends(source: int, address: str, left: int, top: int) -> None:
        form = box(f"obj {left} {top} oscformat longtake {address.replace('/', ' ')}")
        wire(source, form)
        wire(form, prepend)

    reply = box(f"msg 320 65 list 127.0.0.1 {EAR}")
    wire(first, reply)
    sends(reply, "reply_to", 520, 65)
    presses = (
        generate("pd", WORDS[0].text),
        *PRESSES,
        *(Press(w.title, w.address, (w.text,)) for w in WORDS),
    )
    for row, press in enumerate(presses):
        top = 100 + 27 * row
        words = " ".join(str(each).replace(" ", "\\ ") for each in press.arguments)
        name, message = f"longtake-{press.address.replace('/', '-')}", f"msg 190 {top} list {words}"
        receive, sent = box(f"obj 20 {top} r {name}"), box(message)
        wire(receive, sent)
        sends(sent, press.address, 420 if row == 0 else 340, top)
    for row, fader in enumerate(FADERS):
        low, high = fader.span
        top = 100 + 27 * row
        title = fader.title.replace(",", "").replace(" ", "_")
        atom = box(f"floatatom 560 {top} 6 {low:g} {high:g} 1 {title} - - 0")
        if fader.whole:
            wire(atom, box(f"obj 640 {top} int"))
            atom += 1
        sends(atom, fader.address, 680, top)
    return "\n".join([*lines, *wires]) + "\n"


def _in_max(value: Value) -> str:
    """An argument as a message box of Max has it."""
    return f'"{value}"' if isinstance(value, str) and (" " in value or not value) else str(value)


def maxpat() -> str:
    """A patcher of Max 8."""
    boxes: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []

    def box(kind: str, left: int, top: int, width: int, **more: Any) -> str:
        name = f"obj-{len(boxes) + 1}"
        inlets = (
            0 if more.get("text", "").startswith("udpreceive") else 2 if kind == "message" else 1
        )
        outlets = (
            0 if kind == "comment" or more.get("text", "").startswith(("udpsend", "print")) else 1
        )
        made = {"id": name, "maxclass": kind, "numinlets": inlets, "numoutlets": outlets}
        rect = {"patching_rect": [float(left), float(top), float(width), 22.0]}
        outs = {"outlettype": [""] * outlets} if outlets else {}
        boxes.append({"box": made | outs | rect | more})
        return name

    def wire(source: str, sink: str) -> None:
        lines.append({"patchline": {"source": [source, 0], "destination": [sink, 0]}})

    box(
        "comment",
        20,
        10,
        520,
        text="Longtake: click a message, or drag a number. What Longtake says is printed.",
    )
    send = box("newobj", 20, 470, 150, text=f"udpsend 127.0.0.1 {PORT}")
    heard = box("newobj", 620, 440, 110, text=f"udpreceive {EAR}")
    wire(heard, box("newobj", 620, 470, 110, text="print longtake"))
    load = box("newobj", 20, 40, 70, text="loadbang")
    reply = box("message", 120, 40, 260, text=f"/longtake/reply_to 127.0.0.1 {EAR}")
    wire(load, reply)
    wire(reply, send)
    presses = (
        generate("max", WORDS[0].text),
        *PRESSES,
        *(Press(w.title, w.address, (w.text,)) for w in WORDS),
    )
    for row, press in enumerate(presses):
        text = " ".join([address_of(press), *map(_in_max, press.arguments)])
        wire(box("message", 20, 80 + 28 * row, 340, text=text), send)
    for row, fader in enumerate(FADERS):
        low, high = fader.span
        top = 80 + 28 * row
        number = box("number" if fader.whole else "flonum", 420, top, 70, minimum=low, maximum=high)
        prepend = box("newobj", 510, top, 240, text=f"prepend {address_of(fader)}")
        wire(number, prepend)
        wire(prepend, send)
    version = {"major": 8, "minor": 5, "revision": 0, "architecture": "x64", "modernui": 1}
    patcher = {
        "fileversion": 1,
        "appversion": version,
        "classnamespace": "box",
        "rect": [60.0, 60.0, 800.0, 540.0],
    }
    return json.dumps({"patcher": patcher | {"boxes": boxes, "lines": lines}}, indent=1) + "\n"


def made() -> dict[str, bytes]:
    """File below `FOLDER` -> what is in it; that of TouchOSC is not compressed yet."""
    return {
        "open_stage_control/longtake.json": open_stage_control().encode(),
        "touchosc/longtake.tosc": touchosc(),
        "pd/longtake.pd": pd().encode(),
        "max/longtake.maxpat": maxpat().encode(),
    }


if __name__ == "__main__":
    for name, content in made().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(zlib.compress(content, 9) if path.suffix == ".tosc" else content)
