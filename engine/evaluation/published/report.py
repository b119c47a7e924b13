"""The report on the published metrics in Markdown: the paper's rows beside one's own.

Knows nothing of how the figures came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.evaluation.published.paper import BENCHMARK, TABLE_5, TABLES
from engine.evaluation.tables import UNKNOWN, table

HEADS = ("model", "length", "FD openl3 ↓", "KL passt ↓", "CLAP score ↑", "time")
AUTOENCODERS = ("autoencoder", "rate", "latents", "STFT distance ↓", "mel distance ↓", "SI-SDR ↑")
HOW = (
    "Computed as stable-audio-metrics does: OpenL3 (mel256, music, 512) of both sides, a window each half second; "
    "PaSST, ten seconds each five, by caption; LAION CLAP `630k-audioset-fusion-best`, whose crops of long sounds "
    "have a seed here. FD falls with the number of windows on either side: only figures of as many takes of one "
    "length compare."
)


def report(figures: Mapping[str, Any]) -> str:
    """Markdown of everything that was measured."""
    about = figures["about"]
    blocks = [
        f"# `{about['model']}` before the published judges",
        f"Made by `{about['command']}` on {about['date']}: {about['machine']}, {about['minutes']:.0f} minutes. {HOW}",
        *(_table(number, figures) for number in TABLES),
        _counts(figures),
    ]
    if "autoencoder" in figures:
        blocks.append(_autoencoders(figures))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _table(number: int, figures: Mapping[str, Any]) -> str:
    about, judged = figures["about"], figures["judged"]
    rows: list[tuple[Any, ...]] = [
        (
            row.model,
            _length(row.seconds),
            f"{row.fd:.2f}",
            f"{row.kl:.2f}",
            f"{row.clap:.2f}",
            row.time,
        )
        for row in TABLES[number]
    ]
    own = [_figure(judged, name) for name in ("fd", "kl", "clap")]
    length = _length(judged["seconds"]["value"]) if "seconds" in judged else UNKNOWN
    rows.append((f"**{about['model']}**", length, *own, _time(figures)))
    return f"## Beside Table {number}\n\n{table(HEADS, rows)}"


def _counts(figures: Mapping[str, Any]) -> str:
    judged = figures["judged"]
    said = [
        f"{judged['prompts']} prompts"
        + ("." if judged["prompts"] == BENCHMARK else f"; the paper's benchmark has {BENCHMARK}.")
    ]
    if "fd" in judged:
        said.append(
            f"FD: {judged['fd']['of']} windows of takes, {judged['fd']['reference']} of recordings."
        )
    else:
        said.append("Without recordings (`--reference`) there is no FD and no KL.")
    said += [
        f"{name.upper()}: {judged[name]['of']} captions."
        for name in ("kl", "clap")
        if name in judged
    ]
    lost = [
        _lost("takes", judged["failed"]),
        _lost("recordings", judged.get("reference_failed", {})),
    ]
    return "\n\n".join([" ".join(said), *filter(None, lost)])


def _lost(what: str, failed: Mapping[str, str]) -> str:
    """Those that could not be judged, with the reason; empty if all could."""
    if not failed:
        return ""
    listed = "\n".join(f"- {name}: {why}" for name, why in failed.items())
    return f"In no figure, of the {what}: {len(failed)}.\n\n{listed}"


def _autoencoders(figures: Mapping[str, Any]) -> str:
    rows: list[tuple[Any, ...]] = [
        (name, rate, latents, f"{stft:.2f}", f"{mel:.2f}", f"{sdr:.2f}")
        for name, (stft, mel, sdr, rate, latents) in TABLE_5.items()
    ]
    own = figures["autoencoder"]
    measured = [
        f"{own[name]:.2f}" if name in own else UNKNOWN for name in ("stft", "mel", "si_sdr")
    ]
    rows.append((f"**{figures['about']['model']}**", "44.1 kHz", own["latents"], *measured))
    ours = f"Ours: the mean of {own['tracks']} recordings."
    blocks = [
        "## Beside Table 5",
        table(AUTOENCODERS, rows),
        ours,
        _lost("recordings", own["failed"]),
    ]
    return "\n\n".join(filter(None, blocks))


def _figure(judged: Mapping[str, Any], name: str) -> str:
    return f"{judged[name]['value']:.2f}" if name in judged else UNKNOWN


def _time(figures: Mapping[str, Any]) -> str:
    """Of one take, with the first one's loading; unknown where all were there."""
    made = figures.get("made", {"takes": 0})
    return f"{made['seconds'] / made['takes']:.3g}s" if made["takes"] else UNKNOWN


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return " ".join(
        filter(None, (f"{minutes}m" if minutes else "", f"{rest}s" if rest or not minutes else ""))
    )
