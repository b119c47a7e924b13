"""The commands, their arguments and their errors: one sentence and exit code 2, never a traceback for a bad input.

Knows nothing of how music is made. Exit codes: 0 done, 2 bad input, 130 stopped with Ctrl-C, 143 terminated.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from engine import __version__
from engine.cli import requests, showing
from engine.cli.flags import add_flags
from engine.cli.making import Target, make, told
from engine.errors import LongtakeError
from engine.sound.audio import SUBTYPES
from engine.spec import GenerationSpec
from engine.updates import Generates

BAD_INPUT, STOPPED, TERMINATED = 2, 130, 143

PASSED_ON = {
    "models": (
        "engine.cli.models",
        "the models, their licences, and which are here: list, download, add, remove, verify",
    ),
    "train": ("engine.training.cli", "train a model of your own, stage by stage"),
    "evaluate": ("engine.evaluation.command", "measure a model and write a report, with pictures"),
}
"""Command -> the module whose `main(argv)` takes all that follows, and what it is for."""


@dataclass(frozen=True, slots=True)
class Making:
    """A command that makes a take."""

    help: str
    request: Callable[[argparse.Namespace], GenerationSpec]
    source: str = ""
    """What the audio argument is, if there is one."""
    prompt: str = ""
    """How many prompts: "" none, "?" perhaps one, "1" one."""
    left_out: tuple[str, ...] = ()
    """Parameters that mean nothing to the command, or that it sets itself."""


MAKING = {
    "render": Making(
        "make music from a prompt",
        requests.render,
        prompt="1",
        left_out=("prompt", "init_audio", "init_noise_level", "keep"),
    ),
    "transform": Making(
        "turn a recording (a beatbox take, a guitar idea) into what the prompt says",
        requests.transform,
        "recording to start from",
        "1",
        ("prompt", "init_audio", "keep"),
    ),
    "continue": Making(
        f"keep a recording and go on after it ({requests.ADDED_SECONDS:g} s if --seconds says nothing)",
        requests.continue_,
        "recording to go on from",
        "?",
        ("prompt", "init_audio", "init_noise_level", "keep", "bars"),
    ),
    "inpaint": Making(
        "keep spans of a recording and make the rest anew",
        requests.inpaint,
        "recording to keep parts of",
        "?",
        ("prompt", "init_audio", "init_noise_level", "seconds_total", "bars"),
    ),
    "vary": Making(
        "make a relative of a take: its own settings, moved a little",
        requests.vary,
        "take to move away from",
        left_out=("init_audio", "init_noise_level", "keep"),
    ),
}


class Parser(argparse.ArgumentParser):
    """argparse, but a bad argument is one line."""

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and ends with 2."""
        self.exit(BAD_INPUT, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None, engine: Generates | None = None) -> int:
    """Runs one command.

    Args:
        argv: the arguments after the program's name.
        engine: what makes the music; None loads the real engine when it is needed.

    Returns:
        The exit code.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        if argv and argv[0] in PASSED_ON:
            return importlib.import_module(PASSED_ON[argv[0]][0]).main(argv[1:])
        return _run(_parser().parse_args(argv), engine)
    except LongtakeError as error:
        print(f"longtake: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("longtake: stopped; nothing half-written is left.", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        # Whoever read the output (a pager, head) has seen enough.
        sys.stderr.close()
        return 0


def _run(arguments: argparse.Namespace, engine: Generates | None) -> int:
    if arguments.command == "info":
        print(showing.info(arguments.file, arguments.json))
    else:
        _make(arguments, engine)
    return 0


def _make(arguments: argparse.Namespace, engine: Generates | None) -> None:
    spec = MAKING[arguments.command].request(arguments)
    target = Target(arguments.out, arguments.subtype, arguments.force)
    previous = signal.signal(signal.SIGTERM, _terminated)
    try:
        path, facts = make(spec, target, lambda: engine or _real_engine(arguments))
    finally:
        signal.signal(signal.SIGTERM, previous)
    print(told(path, facts))


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    """Ends by way of an exception, so that half a file is removed on the way out."""
    raise SystemExit(TERMINATED)


def _real_engine(arguments: argparse.Namespace) -> Generates:
    from engine.engine import Engine

    return Engine(arguments.device, precision=arguments.precision, compiled=arguments.compiled)


def _parser() -> Parser:
    parser = Parser(
        prog="longtake",
        description="Makes long music beside a DAW. Without a command it opens the panel.",
        epilog="Also: 'longtake serve' (the bridge: OSC, MIDI, audio), 'longtake bench'.",
    )
    parser.add_argument("--version", action="version", version=f"Longtake {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, making in MAKING.items():
        command = commands.add_parser(name, help=making.help, description=making.help)
        if making.source:
            command.add_argument("audio", type=Path, metavar="AUDIO", help=making.source)
        if making.prompt:
            count = None if making.prompt == "1" else "?"
            command.add_argument(
                "prompt", nargs=count, default=argparse.SUPPRESS, help="what the music is"
            )
        _add_target(command)
        add_flags(command, making.left_out)
    info = commands.add_parser("info", help="the settings a take was made with")
    info.add_argument("file", type=Path, help="a take, or its .json")
    info.add_argument("--json", action="store_true", help="as JSON")
    for name, (_, help) in PASSED_ON.items():
        commands.add_parser(name, help=help, add_help=False)
    return parser


def _add_target(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--out", type=Path, metavar="FILE", help="a .wav or .flac file (default: a new name here)"
    )
    command.add_argument("--subtype", choices=tuple(SUBTYPES), help="sample type (default: 24)")
    command.add_argument("--force", action="store_true", help="replace a file that is there")
    command.add_argument(
        "--device",
        default="auto",
        help="where to compute: cpu, cuda, mps, or auto for the quickest",
    )
    command.add_argument(
        "--precision",
        default="auto",
        help="in what numbers: float32, bfloat16, int8 (a quarter of the memory), or auto for the quickest that is "
        "not heard",
    )
    command.add_argument(
        "--compiled",
        action="store_true",
        help="compile the model first: minutes, once, and then every step is quicker",
    )
