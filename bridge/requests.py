"""From what a musician asks (transform, continue, inpaint, vary) to a `JobRequest`: pure functions of the spec.

Knows nothing of queues or devices; reads at most the header of an audio file, for its length.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bridge.delivery_state import Part
from bridge.errors import BridgeError
from bridge.state import Take, TransportState
from engine.composing.notation import key_in
from engine.composing.reading import metre_in
from engine.errors import LongtakeError, SpecError
from engine.sound.recordings import recording_seconds
from engine.sound.takes import found_again
from engine.spec import RANDOM_SEEDS, WHOLE, GenerationSpec, converted, tempo_in

Span = tuple[float, float]


def seconds_of(path: Path, span: Span = WHOLE) -> float:
    """Length of an audio file in seconds, from its header, or of the span of it that is used.

    Raises:
        BridgeError: `bad_path` if there is no such file.
        AudioError: if it is no audio, or empty.
        SpecError: if the span is not in it.
    """
    if not path.is_file():
        raise BridgeError("bad_path", f"There is no file {path}.")
    return recording_seconds(str(path), span)


def part_of(path: Path, start: float, end: float | None) -> Part:
    """The section of a file from `start` to `end` (None is its end), in seconds.

    Raises:
        BridgeError: `out_of_range` if the file has no such section; and as `seconds_of`.
    """
    length = seconds_of(path)
    end = length if end is None else end
    if not 0 <= start < end <= length + 1e-3:
        raise BridgeError(
            "out_of_range",
            f"A section of {path.name} lies within its {length:g} s; it is {start:g}-{end:g}.",
        )
    return Part(path, start, min(end, length) - start)


def transformed(
    spec: GenerationSpec, path: Path, strength: float, *, keep_length: bool
) -> GenerationSpec:
    """Audio-to-audio: the recording noised to level `strength` and made into something else.

    Args:
        spec: prompt and settings.
        path: the recording.
        strength: init_noise_level, 0 keeps it and 1 follows the prompt alone.
        keep_length: whether the take gets the recording's length (at most the model's longest).
    """
    seconds_of(path, spec.init_span)
    spec = replace(spec, init_audio=str(path), init_noise_level=strength, keep=())
    # Without a length, `with_recording` gives it the recording's when the job is queued.
    return replace(spec, bars=None, seconds_total=None) if keep_length else spec


def continued(spec: GenerationSpec, path: Path, seconds: float) -> GenerationSpec:
    """The recording kept, and `seconds` of new music after it.

    A MIDI file, which begins with the take, is left out, and what goes on is no loop.
    """
    length = seconds_of(path, spec.init_span)
    return replace(
        spec,
        midi=None,
        loop=False,
        init_audio=str(path),
        init_noise_level=1.0,
        keep=((0.0, length),),
        bars=None,
        seconds_total=length + seconds,
    )


def inpainted(spec: GenerationSpec, path: Path, spans: Iterable[Span]) -> GenerationSpec:
    """The recording with `spans` (seconds) regenerated and the rest kept; no MIDI file, no loop, as in `continued`.

    Raises:
        SpecError: if a span is empty, or they cover everything or nothing.
    """
    length = seconds_of(path, spec.init_span)
    keep = complement(spans, length)
    if not keep:
        raise SpecError(
            f"The spans cover all {length:g} s, so nothing is kept; ask for a transform instead."
        )
    if keep == ((0.0, length),):
        raise SpecError(f"No span to make anew lies within the {length:g} s of {path.name}.")
    return replace(
        spec,
        midi=None,
        loop=False,
        init_audio=str(path),
        init_noise_level=1.0,
        keep=keep,
        bars=None,
        seconds_total=length,
    )


def before_join(spec: GenerationSpec) -> float:
    """From where one hears how a recording goes on, in seconds: a bar before its end, or 2 s; 0 if it does not."""
    if len(spec.keep) != 1 or spec.keep[0][0] > 0:
        return 0.0
    lead = (spec.beats_per_bar or 4) * 60.0 / spec.tempo if spec.tempo else 2.0
    return max(spec.keep[0][1] - lead, 0.0)


def complement(spans: Iterable[Span], length: float) -> tuple[Span, ...]:
    """The parts of 0..length that no span covers, in order.

    Raises:
        SpecError: if a span's start is not before its end.
    """
    kept: list[Span] = []
    place = 0.0
    for start, end in sorted(spans):
        if start >= end:
            raise SpecError(f"A span needs start before end in seconds; it is {start:g}-{end:g}.")
        if start > place and place < length:
            kept.append((place, min(start, length)))
        place = max(place, end)
    if place < length:
        kept.append((place, length))
    return tuple(kept)


def understood(values: dict[str, Any]) -> tuple[GenerationSpec, list[str]]:
    """The settings a take was made with as far as they are known here, and the names of those that are not.

    A newer Longtake has settings that this one lacks, or values that this one cannot use.
    """
    known: dict[str, Any] = {}
    for name, value in values.items():
        try:
            known[name] = converted(name, value)
        except LongtakeError:
            continue
    return GenerationSpec(**known), sorted(set(values) - set(known))


def varied(take: Take, amount: float) -> GenerationSpec:
    """The take's own spec, moved by `amount` towards another, random take; it plays the same notes.

    Raises:
        BridgeError: `bad_args` if the take was recorded, not generated.
    """
    if not take.spec:
        raise BridgeError(
            "bad_args", f"{take.name} was recorded, not generated; transform it instead."
        )
    spec, _ = understood(take.spec)
    return found_again(spec, take.path.parent).varied(amount, secrets.randbelow(RANDOM_SEEDS))


def remade(take: Take, spans: Iterable[Span]) -> GenerationSpec:
    """The take with `spans` (seconds) made anew, by its own settings but another seed; the rest is kept.

    What a composer wrote is written anew there, over the same chords; notes that were given or locked stay.

    Raises:
        SpecError: as `inpainted`.
    """
    spec, _ = understood(take.spec)
    given = spec.midi is not None or spec.score_seed is not None
    score = spec.score if spec.score or given else "composed"
    spec = replace(spec, seed=None, score=score, variation=0.0, init_span=WHOLE)
    return inpainted(spec, take.path, spans)


def in_time(spec: GenerationSpec, transport: TransportState) -> GenerationSpec:
    """Tempo and key of the transport, where spec and prompt name none.

    A tempo nobody has set counts only for a length in bars, which needs one.
    """
    silent = spec.tempo is None and tempo_in(spec.prompt) is None
    if silent and (transport.tempo_known or spec.bars is not None):
        spec = replace(spec, tempo=transport.tempo)
    if not spec.key and transport.key and key_in(spec.prompt)[0] is None:
        spec = replace(spec, key=transport.key)
    return spec


def count_in_time(transport: TransportState, values: Mapping[str, Any]) -> TransportState:
    """The time in which a recording is counted in: a DAW's, or else that of the next take.

    Args:
        transport: now; where its tempo is set by hand, the one that is asked of the next take counts.
        values: what is asked: parameters by their names.
    """
    if transport.source != "manual":
        return transport
    prompt = values.get("prompt") or ""
    if tempo := values.get("tempo") or tempo_in(prompt):
        transport = replace(transport, tempo=tempo, tempo_known=True)
    beats = values.get("beats_per_bar") or metre_in(prompt)
    if beats and beats != quarters_in_bar(transport):
        transport = replace(transport, signature=(beats, 4))
    return transport


def quarters_in_bar(transport: TransportState) -> int | None:
    """Quarter notes in a bar of the transport's signature, or None when they are no whole number (7/8)."""
    beats, unit = transport.signature
    quarters, rest = divmod(4 * beats, unit)
    return None if rest else quarters
