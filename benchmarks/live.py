"""`longtake bench live`: what a live stream costs and keeps, over recordings as they are: no devices, no waiting.

Beatboxes are streamed in hops of several lengths: how long a hop takes, whether the rhythm is kept as well as in a take
made at once, and how far the timbre moves. Then memory, after a minute and after many. With `--devices MINUTES`, the
same in real time between the ports of a real JACK server (`_live_devices.py`), and nothing else.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile

from benchmarks import _live_devices
from engine.engine import Engine
from engine.errors import LongtakeError
from engine.evaluation import transfer
from engine.evaluation.scores import merged
from engine.evaluation.sounds import take
from engine.live.engine import LiveEngine
from engine.live_settings import LiveSettings, Metre
from engine.parsing import Parser
from engine.registry import SAMPLE_RATE
from engine.sound.audio import Samples
from engine.sound.metering import loudness
from engine.spec import GenerationSpec
from engine.training.corpus.beatbox import beatbox

TEMPI = (84.0, 96.0, 110.0, 124.0)
HOPS = (186.0, 279.0, 372.0, 557.0, 1115.0)
"""Milliseconds."""
PROMPT = "Instruments: Drums | Genre: Hip Hop"
STRENGTH = 0.8
OFFLINE_STEPS = 24
WARMING = 24
"""Hops whose time does not count: the window is not full before."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A beatbox [2, N], when its strokes are (s), its tempo, its timbre, and that of the prompt alone."""

    samples: Samples
    strokes: list[float]
    tempo: float
    source: Any
    goal: Any


def main(argv: Sequence[str]) -> int:
    """Measures and prints tables."""
    parser = Parser(prog="longtake bench live", description=__doc__)
    parser.add_argument("--model", default=LiveSettings().model)
    parser.add_argument("--recordings", type=int, default=10, help="beatboxes")
    parser.add_argument("--hops", type=float, nargs="+", default=HOPS, help="their lengths, ms")
    parser.add_argument("--steps", type=int, help="denoising steps of a hop (default: the model's)")
    parser.add_argument("--minutes", type=int, default=5, help="after which memory is measured")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--devices", type=float, help="minutes in real time, on jackd")
    parser.add_argument("--period", type=int, default=512, help="frames of JACK's cycle")
    options = parser.parse_args(list(argv))
    if options.devices:
        return _in_real_time(options)
    settings = LiveSettings(
        prompt=PROMPT, model=options.model, strength=STRENGTH, steps=options.steps
    )
    try:
        return _measured(options, settings)
    except LongtakeError as error:
        print(f"longtake bench: {error}", file=sys.stderr)
        return 2


def _in_real_time(options: Any) -> int:
    try:
        found = _live_devices.measured(options.devices, options.model, options.period)
    except RuntimeError as error:
        print(f"longtake bench: {error}", file=sys.stderr)
        return 1
    apart = ", ".join(map(str, found["found"]))
    rows = {
        "started in": f"{found['starting']:.1f} s",
        "hop": f"{found['hop_ms']:.0f} ms",
        "made in, of a hop: median of p95, most": f"{found['load']:.0%}, {found['load_most']:.0%}",
        "latency that is told": f"{found['told_ms']:.1f} ms",
        "input to output, frames: told, found": f"{found['frames']:.0f}, {apart}",
        "late, of hops": f"{found['late']} of {found['hops']:.0f}",
        "gaps of exact silence": found["gaps"],
        "late callbacks of JACK": found["xruns"],
        "memory after 1 minute, at the end": "{:.0f} MB, {:.0f} MB".format(*found["memory"]),
        "load of the machine": f"{found['machine']:.1f}",
    }
    print(f"| {options.devices:g} minutes, {options.period} frames | found |\n| --- | --- |")
    for what, value in rows.items():
        print(f"| {what} | {value} |")
    return 0


def _measured(options: Any, settings: LiveSettings) -> int:
    engine, live = Engine(options.device), LiveEngine(options.device)
    print(
        f"{options.model} on {live.describe()}; load of the machine {psutil.getloadavg()[0]:.1f}\n"
    )
    recordings = [_recorded(engine, settings, number) for number in range(options.recordings)]
    print(
        "| what | input until heard | hop p50 | p95 | p99 | p95 / hop | onset F1 | timbre moved | loudness |"
    )
    print(f"|{' --- |' * 9}")
    heard = [transfer.onset_f1(r.strokes, transfer.onset_times(r.samples)) for r in recordings]
    level = np.mean([loudness(r.samples, SAMPLE_RATE) for r in recordings])
    print(f"| the recordings | | | | | | {np.mean(heard):.2f} | 0.00 | {level:.1f} LUFS |")
    made = [_offline(engine, settings, recording) for recording in recordings]
    _row(f"at once, {OFFLINE_STEPS} steps", ["", "", "", "", ""], recordings, made)
    engine.unload()
    for hop in options.hops:
        for beat in (False, True):
            _streamed(live, settings.with_value("hop", hop), recordings, beat=beat)
    _memory(live, settings.with_value("hop", HOPS[1]), recordings[0], options.minutes)
    return 0


def _recorded(engine: Engine, settings: LiveSettings, number: int) -> Recording:
    tempo = TEMPI[number % len(TEMPI)]
    samples, onsets = beatbox(number, tempo, 4)
    spec = GenerationSpec(
        prompt=f"{PROMPT} | BPM: {tempo:g}",
        model=settings.model,
        seed=1000 + number,
        seconds_total=samples.shape[1] / SAMPLE_RATE,
    )
    return Recording(
        samples,
        list(merged([when for when, _ in onsets])),
        tempo,
        transfer.timbre(samples),
        transfer.timbre(take(engine, spec).samples),
    )


def _offline(engine: Engine, settings: LiveSettings, recording: Recording) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "beatbox.wav")
        soundfile.write(str(path), recording.samples.T, SAMPLE_RATE, "PCM_24")
        spec = GenerationSpec(
            prompt=f"{PROMPT} | BPM: {recording.tempo:g}",
            model=settings.model,
            seed=settings.seed,
            steps=OFFLINE_STEPS,
            init_audio=str(path),
            init_noise_level=settings.strength,
        )
        return take(engine, spec).samples


def _streamed(
    live: LiveEngine, settings: LiveSettings, recordings: Sequence[Recording], *, beat: bool
) -> None:
    """A row of the table; with the beat known, or not."""
    made: list[Samples] = []
    times: list[float] = []
    facts: list[str] = []
    for recording in recordings:
        sound, spent, pace = streamed(
            live, settings, recording.samples, Metre(recording.tempo) if beat else None
        )
        made.append(sound)
        times += spent[WARMING:] or spent[-1:]
        p50, p95, p99 = np.quantile(times, (0.5, 0.95, 0.99))
        facts = [
            f"{pace.latency / SAMPLE_RATE * 1000:.0f} ms",
            *(f"{value * 1000:.0f} ms" for value in (p50, p95, p99)),
            f"{p95 / pace.seconds:.0%}",
        ]
    _row(f"hops of {settings.hop:g} ms{', beat known' if beat else ''}", facts, recordings, made)


def streamed(
    live: LiveEngine, settings: LiveSettings, samples: Samples, metre: Metre | None
) -> tuple[Samples, list[float], Any]:
    """The stream over [2, N], as long as that; how long each of its hops took, s; and its pace."""
    stream = _begun(live, settings, metre)
    hop = round(stream.pace.seconds * SAMPLE_RATE)
    padded = np.pad(samples, ((0, 0), (0, stream.pace.latency + hop)))
    parts: list[Samples] = []
    times: list[float] = []
    for start in range(0, padded.shape[1], hop):
        began = time.perf_counter()
        part = stream.push(padded[:, start : start + hop])
        if part.shape[1]:
            times.append(time.perf_counter() - began)
            parts.append(part)
    return np.concatenate(parts, axis=1)[:, : samples.shape[1]], times, stream.pace


def _begun(live: LiveEngine, settings: LiveSettings, metre: Metre | None = None) -> Any:
    steps = live.begin(settings, metre, timed=False)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _row(
    what: str, facts: Sequence[str], recordings: Sequence[Recording], made: Sequence[Samples]
) -> None:
    pairs = list(zip(recordings, made, strict=True))
    kept = np.mean([transfer.onset_f1(r.strokes, transfer.onset_times(one)) for r, one in pairs])
    moved = np.mean([transfer.way(r.source, transfer.timbre(one), r.goal) for r, one in pairs])
    level = np.mean([loudness(one, SAMPLE_RATE) for one in made])
    cells = [what, *facts, f"{kept:.2f}", f"{moved:.2f}", f"{level:.1f} LUFS"]
    print(f"| {' | '.join(cells)} |", flush=True)


def _memory(live: LiveEngine, settings: LiveSettings, recording: Recording, minutes: int) -> None:
    """Prints what the process holds after a minute of sound, and after many."""
    print()
    stream, own, held = _begun(live, settings), psutil.Process(), 0.0
    for minute in range(1, minutes + 1):
        left = 60 * SAMPLE_RATE
        while left > 0:
            left -= stream.push(recording.samples).shape[1] or recording.samples.shape[1]
        before, held = held, own.memory_info().rss / 1e6
        if minute in (1, minutes):
            last = f", {held - before:+.1f} MB in the last" if minute > 1 else ""
            print(f"memory after {minute} min of sound: {held:.0f} MB{last}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
