"""Every built-in preset, rendered shortly with a model and listened to by measure: level, silence, tempo.

    python -m benchmarks.presets --out FOLDER      renders all (or --only WORD), prints a table, writes presets.json
    python -m benchmarks.presets --keys            rewrites the table of keys in presets/README.md

Beatbox and hum presets start from a recording that is made here. Tempo is measured as the library does.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.measure import Measuring
from engine.presets import Preset, builtin_presets, keys_table
from engine.registry import model_spec
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Generates

Audio = NDArray[np.float32]

README = Path(__file__).parents[1] / "presets" / "README.md"
FLOOR_DB, CEILING_DB = -45.0, 0.0
"""A preset whose RMS level is below the floor, or whose peak is above the ceiling, is no use."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was measured on one rendered preset; levels in dBFS, `silent` the share of 50 ms windows under -60."""

    name: str
    category: str
    seconds: float
    peak_db: float
    rms_db: float
    silent: float
    tempo_asked: float | None
    tempo_measured: float | None
    render_seconds: float
    verdict: str


def render(
    engine: Generates, preset: Preset, seconds: float, source: Path
) -> tuple[GenerationSpec, Audio]:
    """Renders a preset no longer than `seconds`, from `source` if it needs a recording: the take as [C, N]."""
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
    """Measures a take and says whether anything is wrong with it."""
    rate = model_spec(spec.model).sample_rate
    peak, rms = (
        _db(float(np.abs(audio).max(initial=0.0))),
        _db(float(np.sqrt(np.mean(np.square(audio))))),
    )
    window = rate // 20
    mono = audio.mean(axis=0)[: audio.shape[1] // window * window].reshape(-1, window)
    silent = float(np.mean(np.sqrt(np.mean(np.square(mono), axis=1)) < 1e-3)) if mono.size else 1.0
    measuring = Measuring(rate)
    measuring.add(audio)
    measured = measuring.result(spec.tempo).tempo
    wrong = [
        *(["not finite"] if not np.isfinite(audio).all() else []),
        *(["too quiet"] if rms < FLOOR_DB else []),
        *(["clips"] if peak > CEILING_DB else []),
        *(
            ["mostly silent"]
            if silent > 0.5 and preset.category not in ("effect", "beatbox", "hum")
            else []
        ),
    ]
    return Heard(
        preset.name,
        preset.category,
        round(audio.shape[1] / rate, 2),
        round(peak, 1),
        round(rms, 1),
        round(silent, 3),
        spec.tempo,
        None if measured is None else round(measured, 1),
        round(took, 2),
        ", ".join(wrong) or "good",
    )


def recording(path: Path, rate: int, beatbox: bool, tempo: float = 110.0, bars: int = 4) -> Path:
    """Writes a stand-in for what a musician would bring: a mouth-like beat, or a hummed scale."""
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
    """Puts the present table of keys into presets/README.md."""
    text = README.read_text("utf-8")
    table = f"<!-- keys -->\n{keys_table()}\n<!-- /keys -->"
    README.write_text(
        re.sub(r"<!-- keys -->.*<!-- /keys -->", lambda _: table, text, flags=re.S), "utf-8"
    )


def _db(value: float) -> float:
    return 20.0 * float(np.log10(max(value, 1e-6)))


def main(argv: list[str] | None = None) -> int:
    """Renders and measures; returns 1 if a preset is no use."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.presets", description=__doc__)
    options.add_argument(
        "--keys", action="store_true", help="rewrite the table of keys in presets/README.md"
    )
    options.add_argument("--out", type=Path, help="folder for the rendered takes and presets.json")
    options.add_argument("--seconds", type=float, default=12.0, help="longest take (s)")
    options.add_argument("--only", default="", help="presets whose name has this word")
    chosen = options.parse_args(argv)
    if chosen.keys:
        write_keys()
        return 0
    if chosen.out is None:
        options.error("--out FOLDER is needed: where the takes go")
    return _render_all(chosen.out, chosen.seconds, chosen.only)


def _render_all(folder: Path, seconds: float, only: str) -> int:
    import soundfile

    from engine.engine import Engine

    folder.mkdir(parents=True, exist_ok=True)
    engine, heard = Engine(), list[Heard]()
    rate = model_spec("sketch").sample_rate
    sources = {
        kind: recording(folder / f"source-{kind}.wav", rate, kind == "beatbox")
        for kind in ("beatbox", "hum")
    }
    for preset in builtin_presets():
        if only.casefold() not in preset.name.casefold():
            continue
        began = time.perf_counter()
        spec, audio = render(engine, preset, seconds, sources.get(preset.category, folder))
        heard.append(listen(preset, spec, audio, time.perf_counter() - began))
        soundfile.write(folder / f"{len(heard):02d} {preset.name}.wav", audio.T, rate)
        last = heard[-1]
        print(
            f"{last.name:32} {last.peak_db:6.1f} dB peak {last.rms_db:6.1f} dB rms  {last.silent:4.0%} silent  "
            f"{last.tempo_asked or 0:5.0f} -> {last.tempo_measured or 0:5.1f} BPM  "
            f"{last.render_seconds:5.1f} s  {last.verdict}",
            flush=True,
        )
    (folder / "presets.json").write_text(json.dumps([asdict(row) for row in heard], indent=1))
    bad = [row.name for row in heard if row.verdict != "good"]
    print(
        f"{len(heard)} presets, {len(heard) - len(bad)} good"
        + (f"; look at {', '.join(bad)}" if bad else "")
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
