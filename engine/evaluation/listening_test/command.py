"""`longtake evaluate listening`: writes a listening test, serves it, and reads its answers back (§4.2)."""

from __future__ import annotations

import argparse
import logging
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.errors import SpecError, choices
from engine.evaluation.figures import writing
from engine.evaluation.folders import need
from engine.evaluation.listening_test.design import ANSWERS, QUESTIONS, ListeningTest
from engine.parsing import Parser, within

PROG = "longtake evaluate listening"
log = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Runs `serve`, `results`, or writes a test.

    Raises:
        LongtakeError: with a sentence for the user.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    words = list(argv)
    act = ACTS.get(words[0]) if words else None
    if act is not None:
        act(words[1:])
    else:
        write(words)
    return 0


def write(argv: Sequence[str]) -> ListeningTest:
    """Writes a test from systems into a folder."""
    from engine.evaluation.listening_test.material import from_folders, from_list
    from engine.evaluation.listening_test.writing import Choices, write_test
    from engine.evaluation.sounds import spread

    arguments = _writing().parse_args(list(argv))
    need("scipy")
    if (arguments.systems is None) == (arguments.list is None):
        raise SpecError("Give either --systems NAME=FOLDER NAME=FOLDER ... or --list FILE.")
    reference = arguments.reference
    optional = [reference] if reference else []
    if arguments.list is not None:
        pieces = from_list(arguments.list, optional)
    else:
        pieces = from_folders(_named(arguments.systems), optional)
    known = sorted({system for piece in pieces for system in piece.files})
    if len(known) < 2:
        raise SpecError(
            "A listening test compares two systems or more: --systems A=FOLDER B=FOLDER, or a list with a file of each."
        )
    if reference is not None and reference not in known:
        raise SpecError(
            f"There is no system {reference!r} to be the reference; it is {choices(known)}."
        )
    pieces = spread(pieces, arguments.items or len(pieces))
    test = write_test(
        pieces,
        arguments.out,
        Choices(
            title=arguments.title,
            contact=arguments.contact,
            language=arguments.language,
            questions=[name for name in QUESTIONS if name in arguments.questions],
            per_listener=arguments.per_listener,
            listen=arguments.listen,
            reference=reference,
            anchors=arguments.anchors,
            seconds=arguments.seconds,
            suffix=arguments.format,
        ),
    )
    log.info(
        "the test is in %s: open page/index.html, or '%s serve %s'",
        arguments.out,
        PROG,
        arguments.out,
    )
    return test


def serve(argv: Sequence[str]) -> None:
    """Serves a test until Ctrl-C."""
    from engine.evaluation.listening_test.serving import PageServer

    arguments = _serving().parse_args(list(argv))
    with PageServer(arguments.test, (arguments.host, arguments.port), arguments.name) as server:
        log.info("the test is at %s; answers go to %s; Ctrl-C ends", server.url, server.answers)
        server.serve_forever()


def results(argv: Sequence[str]) -> None:
    """Reads answers and writes the report."""
    from engine.evaluation.listening_test.answers import read_ratings
    from engine.evaluation.listening_test.reporting import report

    arguments = _reading().parse_args(list(argv))
    need("matplotlib")
    test = ListeningTest.load(arguments.test)
    own = arguments.test / ANSWERS
    ratings = read_ratings(test, [*[own] * own.exists(), *arguments.answers])
    out: Path = arguments.out or arguments.test / "report"
    with writing(out):
        report(test, ratings, out, screen=not arguments.keep_all)
    log.info("the report is in %s", out / "README.md")


ACTS: dict[str, Callable[[Sequence[str]], object]] = {
    "write": write,
    "serve": serve,
    "results": results,
}


def _named(words: Sequence[str]) -> dict[str, Path]:
    """NAME=FOLDER, or FOLDER alone, which is its own name."""
    found: dict[str, Path] = {}
    for word in words:
        name, sign, folder = word.partition("=")
        path = Path(folder if sign else word)
        name = name if sign else path.resolve().name
        if not name:
            raise SpecError(f"{word!r} names no system; give it as NAME=FOLDER.")
        if name in found:
            raise SpecError(f"Two systems are called {name!r}; give them names as NAME=FOLDER.")
        found[name] = path
    return found


def _writing() -> argparse.ArgumentParser:
    parser = Parser(
        prog=PROG,
        description=f"Writes a listening test; '{PROG} serve DIR' hands it out, and '{PROG} results DIR' reports.",
    )
    add = parser.add_argument
    add("--systems", nargs="+", help="NAME=FOLDER each, with takes of the same names in all")
    add("--list", type=Path, help="CSV or JSON lines: prompt, name, and a file per system")
    add("--out", type=Path, required=True, help="folder of the test")
    add("--reference", help="the system that is real music: the hidden reference")
    add(
        "--anchors",
        type=_edge,
        nargs="*",
        default=[3500.0],
        help="low-passed at so many Hz (default: 3500; nothing for none)",
    )
    add("--questions", nargs="+", choices=list(QUESTIONS), default=list(QUESTIONS))
    add("--items", type=_count, help="at most so many prompts")
    add("--per-listener", type=_count, help="how many of them each listener rates (default: all)")
    add("--seconds", type=_seconds, help="at most so much of each recording (default: all)")
    add("--listen", type=_seconds, default=10.0, help="s of each to be heard (default: 10)")
    add("--title", default="Listening test", help="shown to listeners")
    add("--contact", default="", help="whom answers are sent to where no server takes them")
    add("--language", choices=("en", "de"), default="", help="of the page (default: the browser's)")
    add("--format", choices=("flac", "wav", "mp3"), default="flac", help="of the sounds")
    return parser


def _serving() -> argparse.ArgumentParser:
    parser = Parser(prog=f"{PROG} serve", description="Hands out a listening test, keeps answers.")
    parser.add_argument("test", type=Path, help="folder of the test")
    parser.add_argument(
        "--host", default="127.0.0.1", help="0.0.0.0 for phones (default: this machine)"
    )
    parser.add_argument("--port", type=_port, default=8460, help="(default: 8460)")
    parser.add_argument("--name", nargs="*", default=[], help="names that it is reached under")
    return parser


def _reading() -> argparse.ArgumentParser:
    parser = Parser(prog=f"{PROG} results", description="Reports what listeners answered.")
    parser.add_argument("test", type=Path, help="folder of the test")
    parser.add_argument(
        "--answers", type=Path, nargs="+", default=[], help="more files: the page's, webMUSHRA's"
    )
    parser.add_argument("--out", type=Path, help="the report's folder (default: DIR/report)")
    parser.add_argument("--keep-all", action="store_true", help="screen nobody")
    return parser


def _edge(word: str) -> float:
    return within(word, float, 100, 20_000, "an anchor's edge is 100 to 20000 Hz")


def _count(word: str) -> int:
    return within(word, int, 1, math.inf, "it is a whole number, 1 or more")


def _seconds(word: str) -> float:
    return within(word, float, 0.5, 3600, "it is 0.5 to 3600 s")


def _port(word: str) -> int:
    return within(word, int, 0, 65_535, "it is 0 to 65535; 0 takes any that is free")
