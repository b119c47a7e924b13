"""The commands, their arguments and their errors: invalid input gives one sentence and exit code 2, not a traceback.

Exit codes: 0 done, 2 invalid input, 130 interrupted with Ctrl-C, 143 terminated. Knows nothing of how music is made.
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
from engine.cli.making import Target, make, summary
from engine.errors import LongtakeError
from engine.sound.formats import SUBTYPES
from engine.spec import GenerationSpec
from engine.updates import Generates

BAD_INPUT, STOPPED, TERMINATED = 2, 130, 143

PASSED_ON = {
    "models": (
        "engine.cli.models",
        "the models, their licences, and which are installed: list, download, add, remove, verify",
    ),
    "train": ("engine.training.cli", "train a model of your own, stage by stage"),
    "evaluate": ("engine.evaluation.command", "evaluate a model and write a report with plots"),
}
"""Command -> (module whose `main(argv)` gets the remaining arguments, help)."""


@dataclass(frozen=True, slots=True)
class Making:
    """A command that generates a take."""

    help: str
    request: Callable[[argparse.Namespace], GenerationSpec]
    source: str = ""
    """Help of the audio argument; empty if there is none."""
    prompt: str = ""
    """Prompt argument: "" none, "?" optional, "1" required."""
    left_out: tuple[str, ...] = ()
    """Parameters without a flag: those that make no sense for the command, or that it sets itself."""


MAKING = {
    "render": Making(
        "make music from a prompt",
        requests.render,
        prompt="1",
        left_out=("prompt", "init_audio", "init_noise_level", "keep"),
    ),
    "transform": Making(
        "restyle a recording (a beatbox take, a guitar idea) after a prompt",
        requests.transform,
        "recording to start from",
        "1",
        ("prompt", "init_audio", "keep"),
    ),
    "continue": Making(
        f"continue a recording (by {requests.ADDED_SECONDS:g} s, unless --seconds is given)",
        requests.continue_,
        "recording to continue",
        "?",
        ("prompt", "init_audio", "init_noise_level", "keep", "bars", "midi"),
    ),
    "inpaint": Making(
        "keep spans of a recording and generate the rest",
        requests.inpaint,
        "recording to keep parts of",
        "?",
        ("prompt", "init_audio", "init_noise_level", "seconds_total", "bars", "midi"),
    ),
    "vary": Making(
        "make a variation of a take: its own settings, with slightly different noise",
        requests.vary,
        "take to vary",
        left_out=("init_audio", "init_noise_level", "keep", "midi", "score_seed"),
    ),
}


class Parser(argparse.ArgumentParser):
    """argparse, but with one-line errors."""

    def error(self, message: str) -> NoReturn:
        """Prints the error and exits with 2."""
        self.exit(BAD_INPUT, f"{self.prog}: {message} (see {self.prog} --help)\n")


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
        if argv and argv[0] in PASSED_ON:
            return importlib.import_module(PASSED_ON[argv[0]][0]).main(argv[1:])
        return _run(_parser().parse_args(argv), engine)
    except LongtakeError as error:
        print(f"longtake: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("longtake: stopped; no incomplete file is left.", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        # The reader of the output (a pager, head) has closed it.
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
    print(summary(path, facts))


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    """Exits with an exception, so that the incomplete file is removed."""
    raise SystemExit(TERMINATED)


def _real_engine(arguments: argparse.Namespace) -> Generates:
    from engine.engine import Engine

    return Engine(arguments.device, precision=arguments.precision, compiled=arguments.compiled)


def _parser() -> Parser:
    parser = Parser(
        prog="longtake",
        description="Long-form music generation beside a DAW. Without a command, it opens the panel.",
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
                "prompt", nargs=count, default=argparse.SUPPRESS, help="description of the music"
            )
        _add_target(command)
        add_flags(command, making.left_out)
    info = commands.add_parser("info", help="show the settings that a take was made with")
    info.add_argument("file", type=Path, help="a take or its .json file")
    info.add_argument("--json", action="store_true", help="as JSON")
    for name, (_, help) in PASSED_ON.items():
        commands.add_parser(name, help=help, add_help=False)
    return parser


def _add_target(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="a .wav or .flac file (default: a new name in the current folder)",
    )
    command.add_argument("--subtype", choices=tuple(SUBTYPES), help="sample type (default: 24)")
    command.add_argument("--force", action="store_true", help="replace an existing file")
    command.add_argument(
        "--device",
        default="auto",
        help="cpu, cuda, mps, or auto for the fastest",
    )
    command.add_argument(
        "--precision",
        default="auto",
        help="float32, bfloat16, int8 (a quarter of the memory), or auto for the fastest without an audible difference",
    )
    command.add_argument(
        "--compiled",
        action="store_true",
        help="compile the model first: takes minutes, once, and then every step is faster",
    )
