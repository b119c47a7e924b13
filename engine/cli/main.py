"""Runs a command, and turns its errors into one sentence and an exit code instead of a traceback.

Exit codes: 0 done, 1 some of several takes failed, 2 invalid input or a take that could not be made, 130 interrupted
with Ctrl-C, 143 terminated, 129 the terminal was closed. Knows nothing of how music is made.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from engine import __version__
from engine.cli import commands, showing
from engine.cli.making import Order
from engine.cli.orders import PIPE, orders
from engine.cli.results import Saying, make_all, note
from engine.cli.signals import STOPPED, stoppable
from engine.errors import LongtakeError
from engine.fleet.place import Building
from engine.fleet.rendering import Fleet, Pool
from engine.parsing import BAD_INPUT, Parser
from engine.together import Together
from engine.updates import Generates, GeneratesBatches

PASSED_ON = {
    "live": "engine.cli.live",
    "presets": "engine.cli.presets",
    "models": "engine.cli.models",
    "train": "engine.training.cli",
    "evaluate": "engine.evaluation.command",
}
"""Command -> module whose `main(argv)` gets the remaining arguments."""


def main(argv: Sequence[str] | None = None, engine: Generates | None = None) -> int:
    """Runs one command.

    Args:
        argv: the arguments after the program's name.
        engine: generates the music; None loads the real engine when needed.

    Returns:
        The exit code.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        with stoppable():
            code = _run(argv, engine)
            if sys.stdout is not None:
                sys.stdout.flush()  # Here it is known whether somebody reads.
            return code
    except LongtakeError as error:
        note(str(error))
        return BAD_INPUT
    except KeyboardInterrupt:
        made = bool(argv) and argv[0] in commands.MAKING
        note(f"stopped{'; no incomplete file is left' if made else ''}.")
        return STOPPED
    except BrokenPipeError:
        # The reader of the output (a pager, head, a player) has what it wanted.
        _drop_unread()
        return 0
    except SystemExit:
        # Of a terminal that was closed; Python would make another exit code of what it cannot tell it.
        _drop_unread()
        raise


def _drop_unread() -> None:
    """What was written and has no reader any more goes nowhere."""
    for stream in filter(None, (sys.__stdout__, sys.__stderr__)):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _run(argv: list[str], engine: Generates | None) -> int:
    name, rest = (argv[0], argv[1:]) if argv else ("help", [])
    if name in ("help", "--help", "-h"):
        if rest and rest[0] in commands.MAKING:
            return _run([rest[0], "--help"], engine)
        print(commands.overview())
        return 0
    if name == "--version":
        print(f"Longtake {__version__}")
        return 0
    if name in PASSED_ON:
        return importlib.import_module(PASSED_ON[name]).main(rest)
    if name == "info":
        return _info(rest)
    if name not in commands.MAKING:
        raise commands.unknown(name)
    arguments = commands.parsed(name, rest)
    return _make(arguments, engine)


def _make(arguments: argparse.Namespace, engine: Generates | None) -> int:
    asked = orders(arguments)
    if not asked:
        note("every take is there already.")
        return 0
    results = sys.stderr if arguments.out == PIPE else sys.stdout
    saying = Saying(results, arguments.json, arguments.quiet)
    # Nothing but the sound goes into its pipe, whatever a library has to say.
    with contextlib.redirect_stdout(results):
        if arguments.cluster is not None:
            return _shared_out(arguments, asked, saying)
        engine = engine or _real_engine(arguments)
        if arguments.at_once > 1 and isinstance(engine, GeneratesBatches):
            engine = Together(engine, [order.spec for order in asked], arguments.at_once, note)
        return make_all(asked, engine, saying)


def _shared_out(arguments: argparse.Namespace, asked: Sequence[Order], saying: Saying) -> int:
    """Makes takes on a cluster."""
    settings = {name: getattr(arguments, name) for name in ("device", "precision", "compiled")}
    pool = Pool(Building(settings=settings), arguments.device, arguments.engines, arguments.at_once)
    fleet = Fleet(pool, arguments.cluster)
    note(f"{len(asked)} takes go to the cluster {arguments.cluster}")
    with (
        open(os.devnull, "w") as nothing,
        contextlib.redirect_stdout(nothing),  # Ray's reports of processes that end.
        contextlib.closing(fleet.arriving([order.spec for order in asked])) as arriving,
    ):
        return make_all(asked, fleet, saying, arriving)


def _real_engine(arguments: argparse.Namespace) -> Generates:
    from engine.engine import Engine

    return Engine(arguments.device, precision=arguments.precision, compiled=arguments.compiled)


def _info(argv: Sequence[str]) -> int:
    parser = Parser(
        prog="longtake info", description="Shows the settings that a take was made with."
    )
    parser.add_argument("file", type=Path, help="a take or its .json file")
    parser.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args(argv)
    print(showing.info(arguments.file, arguments.json))
    return 0
