"""`longtake live PROMPT --file IN --out OUT`: the stream that plays between devices, over a file, faster than time.

The output is as long as the file, and each of its moments is made of the same moment there. Without `--hop`, hops have
one length on every machine: the same command gives the same file. Knows nothing of devices.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from engine.cli.flags import add_flag
from engine.cli.progress import Shown, progress
from engine.cli.results import note
from engine.errors import AudioError, SpecError
from engine.live_settings import LIVE, LIVE_DEFAULTS, MIXED, LiveSettings, LiveStream, Metre
from engine.parsing import Parser
from engine.sound.audio import AudioWriter, Samples, to_stereo
from engine.sound.limiter import CEILING
from engine.sound.reading import blocks, opened
from engine.sound.resampling import Resampling
from engine.spec import PARAMETERS
from engine.updates import AudioBlock, Step

EXAMPLE = 'longtake live "funk drums" --file beatbox.wav --out drums.wav'
RATE = 44_100
HOP = 279.0
"""Where none is given, ms."""
APPLIED = ("wet", "input_gain")
"""Settings of what is heard that a file has too."""
FLAGS = tuple(name for name in LIVE if name != "prompt" and (name not in MIXED or name in APPLIED))

Begins = Callable[[LiveSettings, Metre | None], Iterator[Step | LiveStream]]
"""Yields steps, then the stream."""


def main(argv: Sequence[str], begins: Begins | None = None) -> int:
    """Runs the command; returns the exit code.

    Args:
        argv: what follows `longtake live`.
        begins: begins the stream; None for the real engine.

    Raises:
        LongtakeError: with a sentence for the user.
    """
    arguments = _parser().parse_words(argv)
    settings = _settings(arguments)
    source, target = Path(arguments.file), Path(arguments.out)
    if source.resolve() == target.resolve():
        raise AudioError(f"{target} is the recording that is played; choose another name.")
    metre = Metre(arguments.bpm) if "bpm" in arguments else None
    with (
        opened(source) as file,
        AudioWriter(target, RATE, subtype=arguments.subtype, overwrite=arguments.force) as writer,
    ):
        frames = round(file.frames * RATE / file.samplerate)
        with progress(frames, quiet=arguments.quiet) as shown:
            steps = (begins or _real(arguments))(settings, metre)
            stream = _begun(steps, shown)
            sound = _resampled(blocks(file, longest=RATE), file.samplerate, file.channels)
            for block in played(stream, sound, settings):
                writer.write(block.samples)
                shown.show(block)
    if not arguments.quiet:
        note(f"hops of {stream.pace.seconds * 1000:.0f} ms, {stream.pace.steps} steps")
    print(target)
    return 0


def played(
    stream: LiveStream, sound: Iterator[Samples], settings: LiveSettings
) -> Iterator[AudioBlock]:
    """What a stream makes of [2, any] blocks, as long as these together, mixed with them as asked."""
    gain = np.float32(10 ** (settings.input_gain / 20))
    dry: Samples = np.zeros((2, 0), np.float32)
    start = 0

    def mixed(made: Samples) -> AudioBlock:
        nonlocal dry, start
        heard, dry = dry[:, : made.shape[1]], dry[:, made.shape[1] :]
        both = settings.wet * made[:, : heard.shape[1]] + (1 - settings.wet) * heard
        start += both.shape[1]
        return AudioBlock(
            start - both.shape[1], np.clip(both, -CEILING, CEILING).astype(np.float32)
        )

    for block in sound:
        dry = np.concatenate([dry, block * gain], axis=1)
        yield mixed(stream.push(block * gain))
    # So much silence after the end that all of it comes out.
    yield mixed(stream.push(np.zeros((2, stream.pace.latency), np.float32)))


def _parser() -> Parser:
    parser = Parser(
        prog="longtake live",
        usage="longtake live PROMPT --file IN --out OUT [flags]",
        description=f"Plays a file as another instrument, as live does with a microphone. Example: {EXAMPLE}",
    )
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    files = parser.add_argument_group("files")
    files.add_argument("--file", required=True, metavar="FILE", help="the recording that is played")
    files.add_argument("--out", "-o", required=True, metavar="FILE", help="what becomes of it")
    files.add_argument(
        "--subtype", metavar="TYPE", help="sample type: 16, 24 or float (default 24)"
    )
    files.add_argument("--force", action="store_true", help="replace the file, if it exists")
    files.add_argument(
        "--quiet", action="store_true", help="print the file's path and nothing else"
    )
    group = parser.add_argument_group("live")
    tempo = PARAMETERS["tempo"]
    add_flag(group, "bpm", tempo, "tempo, if the first beat is at 0 s")
    for name in FLAGS:
        add_flag(group, name, LIVE[name], _help(name))
    group.add_argument(
        "--device", default="auto", metavar="NAME", help="cpu, cuda, mps, or auto for the fastest"
    )
    group.add_argument("--precision", default="auto", metavar="NAME", help="as of longtake render")
    return parser


def _help(name: str) -> str:
    known, default = LIVE[name], LIVE_DEFAULTS[name]
    if name == "hop":
        return f"{known.help.split(';')[0]} ({known.range}; default {HOP:g})"
    facts = [known.range] if known.range else []
    facts += [f"default {default:g}"] if isinstance(default, float) else []
    return f"{known.help} ({'; '.join(facts)})" if facts else known.help


def _settings(arguments: argparse.Namespace) -> LiveSettings:
    words: list[str] = arguments.words
    if not words:
        raise SpecError(f"live needs a prompt; type, for example: {EXAMPLE}")
    if len(words) > 1:
        raise SpecError(f"A prompt of several words goes in quotes: {' '.join(words)!r}.")
    settings = LiveSettings(prompt=words[0], hop=HOP)
    for name in FLAGS:
        if name in arguments:
            settings = settings.with_value(name, getattr(arguments, name))
    if settings.blend and not settings.prompt_b.strip():
        raise SpecError("blend needs prompt_b: the second prompt, towards which it moves.")
    return settings


def _real(arguments: argparse.Namespace) -> Begins:
    from engine.live.engine import LiveEngine

    engine = LiveEngine(arguments.device, arguments.precision)

    def begins(settings: LiveSettings, metre: Metre | None) -> Iterator[Step | LiveStream]:
        yield (yield from engine.begin(settings, metre, timed=False))

    return begins


def _begun(steps: Iterator[Step | LiveStream], shown: Shown) -> LiveStream:
    for step in steps:
        if not isinstance(step, Step):
            return step
        shown.show(step)
    raise AssertionError("no stream was begun")


def _resampled(parts: Iterator[Samples], rate: int, channels: int) -> Iterator[Samples]:
    resampling = Resampling(rate, RATE, channels)
    for part in parts:
        yield to_stereo(resampling.add(part))
    yield to_stereo(resampling.end())
