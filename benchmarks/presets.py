"""Renders a short take of every built-in preset and measures level, silence and tempo.

    python -m benchmarks.presets --out FOLDER      renders all (or --only WORD), prints a table, writes presets.json
    ... --document docs/presets.md                 also writes the table as a page
    python -m benchmarks.presets --keys            rewrites the table of keys in presets/README.md

Beatbox and hum presets start from a synthesised recording at the preset's tempo. Tempo is measured as in the library of
takes; the pulse is the strength of the requested beat in the onsets. The exit code is 1 if a preset is silent, too
quiet, clips, or keeps neither its tempo nor its beat.
"""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.takes.measure import Measuring
from engine.model_files import find_weights, sha256
from engine.parsing import Parser
from engine.presets import Preset, builtin_presets, keys_table
from engine.registry import model_spec
from engine.spec import GenerationSpec, tempo_in
from engine.updates import AudioBlock, Generates

Audio = NDArray[np.float32]

README = Path(__file__).parents[1] / "presets" / "README.md"
FLOOR_DB, FAINT_DB, CEILING_DB = -42.0, -20.0, 0.0
"""Limits of a usable preset: least RMS level, least and largest peak."""
RHYTHMIC = ("genre", "loop", "instrument", "beatbox")
SPARSE = ("effect", "beatbox", "hum")
"""Categories that must keep the beat, and those that may be silent for more than half of the time."""
NEAR, BEATEN = 0.04, 3.0
"""Largest relative deviation of a measured tempo; pulse that proves the beat otherwise."""
RATIOS = (0.5, 2 / 3, 0.75, 1.0, 4 / 3, 1.5, 2.0)
"""Multiples of the requested tempo that may be heard instead: half, double, dotted or triplet beats."""
HOP = 512


@dataclass(frozen=True, slots=True)
class Heard:
    """The measurements of one rendered preset.

    Attributes:
        peak_db, rms_db: levels in dBFS.
        silent: the share of windows of 50 ms below -60 dBFS.
        pulse: strength of the requested beat in the onsets, relative to the median of all tempi; None without a tempo.
        verdict: 'good', or what is wrong.
    """

    name: str
    category: str
    seconds: float
    peak_db: float
    rms_db: float
    silent: float
    tempo_asked: float | None
    tempo_measured: float | None
    pulse: float | None
    render_seconds: float
    verdict: str


def render(
    engine: Generates, preset: Preset, seconds: float, source: Path
) -> tuple[GenerationSpec, Audio]:
    """Renders at most `seconds` of a preset, from `source` if it needs a recording; the take is [C, N]."""
    values: dict[str, Any] = {"seed": 1} | preset.values
    if preset.needs_recording:
        values["init_audio"] = str(source)
    spec = GenerationSpec.from_dict(values)
    spec = spec.resolved(model_spec(spec.model))
    if (spec.seconds_total or 0.0) > seconds:
        spec = replace(spec, bars=None, loop=False, seconds_total=seconds)
    blocks = [update.samples for update in engine.generate(spec) if isinstance(update, AudioBlock)]
    return spec, np.concatenate(blocks, axis=1)


def listen(preset: Preset, spec: GenerationSpec, audio: Audio, took: float) -> Heard:
    """Measures a take and judges it."""
    rate = model_spec(spec.model).sample_rate
    measuring = Measuring(rate)
    measuring.add(audio)
    measured = measuring.result(spec.tempo).tempo
    heard = Heard(
        name=preset.name,
        category=preset.category,
        seconds=round(audio.shape[1] / rate, 2),
        peak_db=round(_db(float(np.abs(audio).max(initial=0.0))), 1),
        rms_db=round(_db(float(np.sqrt(np.mean(np.square(audio))))), 1),
        silent=round(silence(audio, rate), 3),
        tempo_asked=spec.tempo,
        tempo_measured=None if measured is None else round(measured, 1),
        pulse=round(pulse(audio, rate, spec.tempo), 1) if spec.tempo else None,
        render_seconds=round(took, 2),
        verdict="" if np.isfinite(audio).all() else "not finite",
    )
    return replace(heard, verdict=heard.verdict or verdict(heard))


def verdict(heard: Heard) -> str:
    """What is wrong with a preset in a few words, or 'good'."""
    wrong = (
        ("too quiet", heard.rms_db < FLOOR_DB or heard.peak_db < FAINT_DB),
        ("clips", heard.peak_db > CEILING_DB),
        ("mostly silent", heard.silent > 0.5 and heard.category not in SPARSE),
        ("off its tempo", heard.category in RHYTHMIC and not in_time(heard)),
    )
    return ", ".join(words for words, is_so in wrong if is_so) or "good"


def in_time(heard: Heard) -> bool:
    """Whether the measured tempo is an accepted multiple, or the onsets are on the requested beat."""
    asked, measured = heard.tempo_asked, heard.tempo_measured
    if asked is None or (heard.pulse or 0.0) >= BEATEN:
        return True
    return measured is not None and any(
        abs(measured / (asked * ratio) - 1) < NEAR for ratio in RATIOS
    )


def silence(audio: Audio, rate: int) -> float:
    """The share of windows of 50 ms with an RMS level below -60 dBFS, in audio [C, N]."""
    window = rate // 20
    mono = audio.mean(axis=0)[: audio.shape[1] // window * window].reshape(-1, window)
    return float(np.mean(np.sqrt(np.mean(np.square(mono), axis=1)) < 1e-3)) if mono.size else 1.0


def pulse(audio: Audio, rate: int, tempo: float) -> float:
    """Strength of a beat at `tempo` (BPM) in the onsets of audio [C, N], relative to the median of all tempi.

    The onsets' Fourier transform at the beat, its half and its double, relative to that between 40 and 400 BPM.
    """
    mono = audio.mean(axis=0)
    count = max((len(mono) - 2 * HOP) // HOP, 0)
    if count < 2:
        return 0.0
    frames = np.lib.stride_tricks.sliding_window_view(mono, 2 * HOP)[::HOP][:count]
    level = np.log1p(100.0 * np.abs(np.fft.rfft(frames * np.hanning(2 * HOP))))
    onsets = np.maximum(np.diff(level, axis=0), 0.0).mean(axis=1)
    onsets = onsets - onsets.mean()
    times = np.arange(len(onsets)) * HOP / rate

    def strength(tempi: Any) -> Any:
        return np.abs(np.exp(-2j * np.pi * np.outer(np.asarray(tempi) / 60.0, times)) @ onsets)

    beside = float(np.median(strength(np.geomspace(40.0, 400.0, 300))))
    return float(strength([tempo / 2, tempo, tempo * 2]).max()) / max(beside, 1e-9)


def recording(path: Path, rate: int, beatbox: bool, tempo: float = 110.0, bars: int = 4) -> Path:
    """Writes a synthetic recording: a beatbox-like beat, or a hummed scale."""
    import soundfile

    rng = np.random.default_rng(5)
    beat = round(60.0 / tempo * rate)
    out = np.zeros(beat * 4 * bars, np.float32)
    for step in range(4 * bars):
        place = step * beat
        time_s = np.arange(beat, dtype=np.float32) / rate
        if beatbox:
            kick = np.sin(2 * np.pi * (55 * time_s + 20 * (1 - np.exp(-30 * time_s)))) * np.exp(
                -14 * time_s
            )
            hiss = rng.standard_normal(beat).astype(np.float32) * np.exp(-22 * time_s) * 0.4
            sound = kick if step % 2 == 0 else hiss
        else:
            pitch = 220.0 * 2 ** ([0, 3, 5, 7, 8, 7, 5, 3][step % 8] / 12)
            vibrato = 0.4 * np.sin(2 * np.pi * 5 * time_s)
            sound = np.sin(2 * np.pi * pitch * time_s + vibrato) * np.minimum(
                1, 12 * (time_s[-1] - time_s)
            )
        out[place : place + beat] += 0.5 * sound.astype(np.float32)
    soundfile.write(path, out, rate)
    return path


def write_keys() -> None:
    """Updates the table of keys in presets/README.md."""
    text = README.read_text("utf-8")
    table = f"<!-- keys -->\n{keys_table()}\n<!-- /keys -->"
    README.write_text(
        re.sub(r"<!-- keys -->.*<!-- /keys -->", lambda _: table, text, flags=re.S), "utf-8"
    )


def _db(value: float) -> float:
    return 20.0 * float(np.log10(max(value, 1e-6)))


HEAD = ("preset", "peak dB", "RMS dB", "silent", "BPM", "measured", "pulse", "verdict")


def cells(row: Heard) -> tuple[str, ...]:
    """A row under `HEAD`."""
    return (
        row.name,
        f"{row.peak_db:.1f}",
        f"{row.rms_db:.1f}",
        f"{row.silent:.0%}",
        f"{row.tempo_asked:g}" if row.tempo_asked else "",
        f"{row.tempo_measured:g}" if row.tempo_measured else "",
        f"{row.pulse:.1f}" if row.pulse is not None else "",
        row.verdict,
    )


def table(rows: list[Heard]) -> str:
    """All rows under a header, aligned for a terminal."""
    lines = [HEAD, *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if HEAD[column] in ("preset", "verdict") else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def markdown(rows: list[Heard]) -> str:
    """The same as a Markdown table."""
    rule = ("---", *("---:" for _ in HEAD[2:]), "---")
    return "\n".join("| " + " | ".join(line) + " |" for line in (HEAD, rule, *map(cells, rows)))


def document(rows: list[Heard], seconds: float) -> str:
    """The page docs/presets.md: all measurements by category, and how they were made."""
    good = sum(row.verdict == "good" for row in rows)
    weights = find_weights(model_spec("sketch")) / "dit.safetensors"
    parts = [
        "# The presets, measured",
        f"{good} of {len(rows)} presets are good: each was rendered once with the embedded model (transformer "
        f"`{sha256(weights)[:8]}`), the first {seconds:g} s of it at most, seed 1 where it names none. Written by",
        f"    python -m benchmarks.presets --out FOLDER --seconds {seconds:g} --document docs/presets.md",
        "A preset fails if its level is below "
        f"{FLOOR_DB:g} dBFS RMS or {FAINT_DB:g} dBFS peak, if it clips, if more than half of it is silent (hits "
        "and recordings may be), or if it keeps neither its tempo nor its beat. The measured BPM is that of the "
        "library, empty without onsets or if the take is shorter than 4 s. The pulse is the strength of the requested "
        f"beat relative to the median tempo; {BEATEN:g} proves the beat if the tempo is heard as a multiple, as with "
        "triplets. Presets of `beatbox` and `hum` start from a synthetic recording at their tempo.",
    ]
    for category in dict.fromkeys(row.category for row in rows):
        parts.append(f"## {category.capitalize()}")
        parts.append(markdown([row for row in rows if row.category == category]))
    return "\n\n".join(part if part[0] in " |" else fill(part, 118) for part in parts) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Renders and measures; returns 1 if a preset is not usable."""
    options = Parser(prog="python -m benchmarks.presets", description=__doc__)
    options.add_argument(
        "--keys", action="store_true", help="rewrite the table of keys in presets/README.md"
    )
    options.add_argument("--out", type=Path, help="folder for the rendered takes and presets.json")
    options.add_argument("--seconds", type=float, default=12.0, help="longest take (s)")
    options.add_argument("--only", default="", help="only presets with this word in their name")
    options.add_argument("--document", type=Path, help="also write the table as a page")
    chosen = options.parse_args(argv)
    if chosen.keys:
        write_keys()
        return 0
    if chosen.out is None:
        options.error("--out FOLDER is required")
    heard = _render_all(chosen.out, chosen.seconds, chosen.only)
    print(table(heard))
    if chosen.document:
        chosen.document.write_text(document(heard, chosen.seconds), "utf-8")
    bad = [row.name for row in heard if row.verdict != "good"]
    print(
        f"{len(heard)} presets, {len(heard) - len(bad)} good"
        + (f"; look at {', '.join(bad)}" if bad else "")
    )
    return 1 if bad else 0


def _render_all(folder: Path, seconds: float, only: str) -> list[Heard]:
    import soundfile

    from engine.engine import Engine

    folder.mkdir(parents=True, exist_ok=True)
    engine, heard = Engine(), list[Heard]()
    rate = model_spec("sketch").sample_rate
    chosen = [each for each in builtin_presets() if only.casefold() in each.name.casefold()]
    for number, preset in enumerate(chosen, 1):
        source = folder / f"source-{number:02d}.wav"
        if preset.needs_recording:
            tempo = tempo_in(preset.values.get("prompt", "")) or 110.0
            recording(source, rate, preset.category == "beatbox", tempo, bars=3)
        began = time.perf_counter()
        spec, audio = render(engine, preset, seconds, source)
        heard.append(listen(preset, spec, audio, time.perf_counter() - began))
        soundfile.write(folder / f"{number:02d} {preset.name}.wav", audio.T, rate)
        print(f"{number:2}/{len(chosen)} {preset.name}: {heard[-1].verdict}", file=sys.stderr)
        (folder / "presets.json").write_text(json.dumps([asdict(row) for row in heard], indent=1))
    return heard


if __name__ == "__main__":
    sys.exit(main())
