"""The table of commands, in the order in which they are used, and the flags of those that make takes.

Knows nothing of how a command is carried out.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine import __version__
from engine.cli import requests
from engine.cli.flags import MODEL, add_flags
from engine.cli.requests import ADDED_SECONDS, VARIATION, Asked
from engine.errors import SpecError, choices, nearest
from engine.fleet.cluster import address_of
from engine.parsing import Parser
from engine.sound.formats import FORMATS, SUBTYPES
from engine.sound.rates import OUTPUT_RATES
from engine.spec import GenerationSpec

MOST = 1000
"""Takes of one command."""


@dataclass(frozen=True, slots=True)
class Making:
    """A command that makes takes.

    Attributes:
        help: what it does.
        example: a whole line to type.
        request: the spec of what is asked.
        source: help of the recording it starts from; empty if there is none.
        prompt: "" none, "?" optional, "1" required.
        left_out: parameters without a flag: those that make no sense for the command, or that it sets itself.
        moved: the seed that differs between takes of one command.
        about: help of flags that mean something of their own here.
    """

    help: str
    example: str
    request: Callable[[Asked], GenerationSpec]
    source: str = ""
    prompt: str = ""
    left_out: tuple[str, ...] = ()
    moved: str = "seed"
    about: Mapping[str, str] = field(default_factory=dict[str, str])


MAKING = {
    "render": Making(
        "make music from a prompt",
        'longtake render "warm tape house, 124 BPM" --length 30 --out take.wav',
        requests.render,
        prompt="1",
        left_out=("init_audio", "init_span", "init_noise_level", "keep"),
    ),
    "vary": Making(
        "make a relative of a take: its settings, with slightly other noise",
        "longtake vary take.wav --count 3",
        requests.vary,
        "take to vary",
        left_out=("init_audio", "init_span", "init_noise_level", "keep", "midi", "score_seed"),
        moved="variation_seed",
        about={"variation": f"how distant the relative is (0 to 1; default {VARIATION:g})"},
    ),
    "continue": Making(
        "continue a recording",
        "longtake continue take.wav --bars 8 --out longer.wav",
        requests.continue_,
        "recording to continue",
        "?",
        ("init_audio", "init_noise_level", "keep", "midi"),
        about={
            "seconds_total": f"how much is added (default {ADDED_SECONDS:g} s); also --length",
            "bars": "how many bars are added; needs a tempo: the take's own, --tempo, or the prompt's",
        },
    ),
    "transform": Making(
        "restyle a recording (a beatbox take, a guitar idea) after a prompt",
        'longtake transform beatbox.wav "funk drums, 100 BPM" --strength 0.6',
        requests.transform,
        "recording to start from",
        "1",
        ("init_audio", "keep"),
        about={
            "seconds_total": "length of the take (default: the recording's, as far as the model goes); also --length"
        },
    ),
    "inpaint": Making(
        "keep spans of a recording and make the rest anew",
        "longtake inpaint take.wav --keep 0:8,16:24",
        requests.inpaint,
        "recording to keep parts of",
        "?",
        ("init_audio", "init_noise_level", "seconds_total", "bars", "midi"),
    ),
}

OTHERS = {
    "live": (
        "play a microphone, or a file, as another instrument",
        'longtake live "funk drums" --input NAME --output NAME',
    ),
    "presets": ("list the presets, or show one", "longtake presets show 'Deep House Night'"),
    "info": ("show the settings that a take was made with", "longtake info take.wav"),
    "panel": ("open the panel, as no command does", "longtake panel"),
    "serve": ("run the bridge without a screen: OSC, MIDI, audio", "longtake serve --port 9440"),
    "config": ("show or change the settings", "longtake config osc.port 9450"),
    "companion": ("install our scripts inside DAWs", "longtake companion install reaper"),
    "dawproject": (
        "put takes into a project for Bitwig, Studio One, Cubase",
        "longtake dawproject a.wav b.wav@16 --out song.dawproject",
    ),
    "models": (
        "the models and their licences: list, download, add, remove, verify",
        "longtake models download stable-audio-3-small-music",
    ),
    "bench": ("measure how fast this machine is", "longtake bench"),
    "train": ("train a model of your own, stage by stage", "longtake train sketch"),
    "evaluate": ("evaluate a model and write a report", "longtake evaluate --help"),
}
"""Command -> what it does, and a line to type."""

ENDS = """\
'longtake COMMAND --help' has all flags of a command. Results go to standard output, everything else to
standard error. Exit codes: 0 done; 1 some of several takes failed, or a part of Longtake is missing; 2 wrong
input, or the take could not be made; 130 Ctrl-C, 143 ended, 129 the terminal was closed."""


def overview() -> str:
    """What `longtake --help` says."""
    every = {name: (making.help, making.example) for name, making in MAKING.items()} | OTHERS
    order = ("render", "presets", "vary", "continue", "transform", "inpaint")
    named = {name: every[name] for name in (*order, *every)}
    lines = [f"  {name:<10} {what}\n      {example}" for name, (what, example) in named.items()]
    return "\n".join(
        [
            f"Longtake {__version__}: music beside your DAW. Without a command, the panel opens.\n",
            "usage: longtake [COMMAND] ...\n",
            *lines,
            "",
            *_filled(ENDS),
        ]
    )


def _filled(text: str) -> list[str]:
    return textwrap.wrap(text.replace("\n", " "), 79)


def unknown(word: str) -> SpecError:
    """What is said of a word that is no command."""
    if " " in word:
        return SpecError(
            f"There is no command {word[:60]!r}; to make music of it: longtake render {word[:60]!r}."
        )
    if Path(word).suffix and word == Path(word).as_posix():
        return SpecError(f"There is no file {word}, and no command of that name.")
    near = nearest(word, (*MAKING, *OTHERS))
    return SpecError(f"There is no command {word!r}{near or '; longtake --help lists them.'}")


def parser_of(name: str) -> Parser:
    """The parser of a command that makes takes."""
    making = MAKING[name]
    words = " ".join(
        [
            *(["AUDIO"] if making.source else []),
            *({"1": ["PROMPT"], "?": ["[PROMPT]"]}.get(making.prompt, [])),
        ]
    )
    parser = Parser(
        prog=f"longtake {name}",
        usage=f"longtake {name} {words} [flags]",
        description=f"{making.help[0].upper()}{making.help[1:]}. Example: {making.example}",
    )
    parser.set_defaults(batch=None, preset=None)
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    _add_target(parser.add_argument_group("files"), making)
    groups = add_flags(parser, making.left_out, making.about)
    _add_model(groups[MODEL])
    return parser


def parsed(name: str, argv: Sequence[str]) -> argparse.Namespace:
    """The arguments of a command that makes takes; its words are in `audio` and `prompt`.

    Raises:
        SpecError: if a word is missing or is one too many; says what to type.
    """
    making, parser = MAKING[name], parser_of(name)
    arguments = parser.parse_words(argv)
    words: list[str] = arguments.words
    arguments.command, arguments.audio = name, Path()
    if making.source:
        if not words:
            raise SpecError(f"{name} needs a {making.source}; type, for example: {making.example}")
        arguments.audio = Path(words.pop(0))
        if str(arguments.audio) == "-":
            raise SpecError(
                "A recording cannot come from a pipe, since a take names the file it was made from; save it first."
            )
    batch = getattr(arguments, "batch", None)
    if words and (not making.prompt or batch):
        why = "the prompts are in the batch" if batch else f"{name} takes no prompt"
        raise SpecError(f"{why[0].upper()}{why[1:]}; leave out {words[0]!r}.")
    if len(words) > 1:
        raise SpecError(f"A prompt of several words goes in quotes: {' '.join(words)!r}.")
    if words and "prompt" in arguments:
        raise SpecError(f"The prompt is there twice; leave out {words[0]!r}.")
    if words:
        arguments.prompt = words[0]
    elif making.prompt == "1" and not ("prompt" in arguments or batch or arguments.preset):
        raise SpecError(f"{name} needs a prompt; type, for example: {making.example}")
    return arguments


def _add_target(group: argparse._ArgumentGroup, making: Making) -> None:
    group.add_argument(
        "--out",
        "-o",
        metavar="FILE",
        help=f"a file ending in {choices(FORMATS)}, or - for WAV on standard output (default: a new name in the "
        "current folder)",
    )
    group.add_argument(
        "--subtype",
        choices=tuple(SUBTYPES),
        metavar="TYPE",
        help=f"sample type: {choices(SUBTYPES)} (default 24)",
    )
    group.add_argument(
        "--rate",
        type=_rate,
        metavar="HZ",
        help=f"sample rate of the file: {choices(map(str, OUTPUT_RATES))} (default: the model's own)",
    )
    group.add_argument("--force", action="store_true", help="replace the file, if it exists")
    group.add_argument(
        "--count",
        type=_count,
        metavar="NUMBER",
        help=f"make so many takes, with seeds one after the other: FILE-1, FILE-2 ... (1 to {MOST})",
    )
    if making.prompt == "1":
        group.add_argument(
            "--batch",
            metavar="LIST",
            help="make a take of every line of a text file, of every table of a .toml file, or of every object of a "
            '.jsonl file, as {"id": "a", "prompt": "..."}; - reads lines. With --out FOLDER each is FOLDER/ID.wav',
        )
    group.add_argument(
        "--resume",
        action="store_true",
        help="of several takes, leave whole ones that are there already as they are; with --force, those "
        "that were made from other settings are replaced",
    )
    if making.prompt:
        group.add_argument(
            "--preset", metavar="NAME", help="start from a preset's settings; flags beat them"
        )
    said = group.add_mutually_exclusive_group()
    said.add_argument("--quiet", action="store_true", help="print the file's path and nothing else")
    said.add_argument("--json", action="store_true", help="print the result as a line of JSON")


def _rate(text: str) -> int:
    rates = {str(rate): rate for rate in OUTPUT_RATES}
    if text not in rates:
        raise argparse.ArgumentTypeError(f"must be {choices(rates)}; it is {text[:40]!r}.")
    return rates[text]


def _cluster(text: str) -> str:
    try:
        return address_of(text)
    except SpecError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= MOST:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 1 to {MOST}; it is {text[:40]!r}."
        )
    return number


def _add_model(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--device", default="auto", metavar="NAME", help="cpu, cuda, mps, or auto for the fastest"
    )
    group.add_argument(
        "--precision",
        default="auto",
        metavar="NAME",
        help="float32, bfloat16 (Stable Audio 3 then decodes in it too, a third faster, at the risk of a faint noise), "
        "int8 (a quarter of the memory), or auto for the fastest without an audible difference",
    )
    group.add_argument(
        "--compiled",
        action="store_true",
        help="compile the model first: takes minutes, once, and then every step is faster",
    )
    group.add_argument(
        "--at-once",
        type=_count,
        default=1,
        metavar="NUMBER",
        help="of several takes, make so many together, which fills a GPU: those that follow each other and have one "
        "length, model, sampler and guidance; each is as alone up to rounding. Where memory runs out, half as many "
        "are tried. On a CPU it saves time with takes of a few seconds only (default 1)",
    )
    group.add_argument(
        "--cluster",
        nargs="?",
        const="local",
        type=_cluster,
        metavar="ADDRESS",
        help="share several takes out among engines on a Ray cluster: HOST:PORT, ray://HOST:PORT, auto; without an "
        "address, on this machine",
    )
    group.add_argument(
        "--engines",
        type=_count,
        metavar="NUMBER",
        help="how many engines the cluster gets (default: one a GPU, or one for four cores)",
    )
