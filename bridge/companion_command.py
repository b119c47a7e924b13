"""`longtake companion`: our scripts inside DAWs, installed, looked after and removed in a terminal.

Knows words and lines; `delivery/installing.py` does it.
"""

from __future__ import annotations

import argparse
import sys

from bridge.delivery import installing
from bridge.delivery.installable import KINDS
from bridge.delivery.installing import Status
from bridge.errors import BridgeError
from engine.errors import LongtakeError
from engine.parsing import Parser

WRONG = 2


def main(argv: list[str]) -> int:
    """Runs `longtake companion list | install NAME | status [NAME] | remove NAME`; 2 if it cannot be done."""
    arguments = _parser().parse_args(argv)
    try:
        lines = _lines(arguments)
    except LongtakeError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _lines(arguments: argparse.Namespace) -> list[str]:
    name: str = arguments.name or ""
    if arguments.act == "install":
        if not arguments.folder and installing.found(name) is None:
            raise BridgeError("bad_path", _said(installing.status(name)))
        left = installing.install(name, arguments.folder)
        return [f"{KINDS[name].title}: the files are in {installing.found(name)}.", *left]
    if arguments.act == "remove":
        return [*installing.remove(name), f"{KINDS[name].title}: removed."]
    if arguments.act == "status":
        return [_said(installing.status(each)) for each in ([name] if name else KINDS)]
    return [f"{each:<20}{_said(installing.status(each))}" for each in KINDS]


def _said(one: Status) -> str:
    """How it stands, in a line."""
    if one.folder is None:
        return f"{one.title}: not found on this computer; --folder names where it is."
    if not one.installed:
        return f"{one.title}: not installed; it would go into {one.folder}."
    parts = [f"{one.title}: installed in {one.folder} by Longtake {one.version}"]
    if one.changed:
        parts.append(f"changed or missing: {', '.join(one.changed)}")
    if not one.current:
        parts.append("this Longtake has another version; install it again")
    if one.speaks is not None:
        parts.append("it speaks now" if one.speaks else "it does not speak now")
    return "; ".join(parts) + "."


def _parser() -> Parser:
    parser = Parser(prog="longtake companion", description="Scripts of ours inside DAWs.")
    acts = parser.add_subparsers(
        dest="act", required=True, metavar="list | install | status | remove"
    )
    acts.add_parser("list", help="what there is").set_defaults(name="")
    install = acts.add_parser("install", help="copies it where the program looks for it")
    install.add_argument(
        "--folder", default="", help="the program's own folder, if it is elsewhere"
    )
    status = acts.add_parser("status", help="whether it is there, and speaks")
    remove = acts.add_parser("remove", help="deletes what was copied")
    for act in (install, remove):
        act.add_argument("name", metavar="NAME", help=f"one of {', '.join(KINDS)}")
    status.add_argument("name", metavar="NAME", nargs="?", default="", help="only this one")
    return parser
