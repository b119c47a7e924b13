"""The score of a take, from whatever it was asked by: a MIDI file, chords, a recording, or the prompt alone.

The built-in composer writes what is asked in words and chords; the diffusion model plays it. Knows nothing of the
networks.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.composing.description import chart, describe
from engine.composing.lead_sheet import written
from engine.composing.midi_files import read_midi
from engine.composing.mix import DRUMS
from engine.composing.reading import read
from engine.composing.score import GROUPS, NOTES, Score
from engine.composing.splicing import moved, only, repeated, said, spliced
from engine.composing.style_choice import Similar
from engine.hearing.listening import heard
from engine.registry import SAMPLE_RATE
from engine.sound.audio import Samples
from engine.spec import GenerationSpec
from engine.updates import LeadSheet

SOUNDS_LIKE = tuple(group for group in GROUPS if group != "players")
"""What is kept of the notes of a recording that is to sound otherwise."""
_LONGER = 0.5
"""How much longer than its recording a take is that goes on, s."""


def lead_sheet(spec: GenerationSpec, likeness: Similar, recording: Samples | None) -> LeadSheet:
    """What a take plays.

    Args:
        spec: resolved.
        likeness: understands words that no table has.
        recording: [2, N] at the models' sample rate, what `init_audio` has; None without it.

    Raises:
        LongtakeError: if chords, form or MIDI file cannot be used.
    """
    if spec.midi is not None:
        return _from_midi(spec, likeness)
    if spec.score == "none":
        return LeadSheet(None, "notes are left to the model", spec.tempo)
    known = _beside(spec.init_audio) if spec.init_audio else None
    if recording is not None and spec.keep:
        seconds = recording.shape[1] / SAMPLE_RATE
        return _going_on(spec, known, seconds, likeness)
    if recording is not None and spec.score != "composed" and not (spec.chords or spec.form):
        return _heard(spec, known, recording)
    return _composed(spec, likeness)


def _composed(spec: GenerationSpec, likeness: Similar, **given: Any) -> LeadSheet:
    assert spec.seed is not None and spec.seconds_total is not None  # The spec is resolved.
    reading = read(spec.prompt, likeness)
    wish = reading.wish(
        seed=spec.seed if spec.score_seed is None else spec.score_seed,
        seconds=spec.seconds_total,
        tempo=spec.tempo,
        beats_per_bar=spec.beats_per_bar if spec.bars or spec.beats_per_bar != 4 else None,
        chords=spec.chords,
        form=spec.form,
        exact=spec.bars is not None,
        loop=spec.loop,
        **given,
    )
    piece = written(wish)
    score = Score.of(piece)
    if spec.loop:
        period = spec.seconds_total * score.tempo / 60
        score = repeated(score, period, 2 * period)
    return LeadSheet(score, f"composed: {describe(piece)}", score.tempo)


def _from_midi(spec: GenerationSpec, likeness: Similar) -> LeadSheet:
    """A clip with the sound that the prompt asks for; nobody else plays if it asks for no band."""
    assert spec.midi is not None
    score, reading = read_midi(Path(spec.midi)), read(spec.prompt, likeness)
    pitched = [name for name in reading.instruments if name not in DRUMS]
    melodic = [index for index, (role, _) in enumerate(score.parts) if role != "drums"]
    if pitched and len(melodic) == 1:
        parts = score.parts.copy()
        parts[melodic[0], 1] = pitched[0]
        score = replace(score, parts=parts, known=score.known | {"players"})
    if reading.alone:
        score = replace(score, known=score.known | NOTES)
    if spec.tempo is not None:
        score = replace(score, tempo=spec.tempo)
    bars = max(np.ceil(score.end / score.beats_per_bar - 1e-3), 1)
    length = (spec.seconds_total or 0.0) * score.tempo / 60
    score = repeated(score, bars * score.beats_per_bar, length)
    name = Path(spec.midi).name
    return LeadSheet(score, f"{', '.join(said(score)) or 'nothing'} from {name}", score.tempo)


def _heard(spec: GenerationSpec, known: Score | None, recording: Samples) -> LeadSheet:
    """The notes of a take that is one of ours, or what can be heard in a recording."""
    if known is not None:
        score = only(known, SOUNDS_LIKE)
        return LeadSheet(score, "notes of the take it starts from", spec.tempo or score.tempo)
    score = heard(recording, spec.tempo, float(spec.beats_per_bar))
    if score is None:
        return LeadSheet(None, "no single voice or beat was heard in the recording", spec.tempo)
    return LeadSheet(score, f"{' and '.join(said(score))} as heard in the recording", spec.tempo)


def _going_on(
    spec: GenerationSpec, known: Score | None, seconds: float, likeness: Similar
) -> LeadSheet:
    """The score of a recording of so many seconds, continued or filled in; new notes where its sound is not kept."""
    if known is None:
        if spec.score == "composed" or spec.chords or spec.form:
            return _composed(spec, likeness)
        about = "notes are left to the model, as those of the recording are not known"
        return LeadSheet(None, about, spec.tempo)
    spans = [(start * known.tempo / 60, end * known.tempo / 60) for start, end in spec.keep]
    longer = spec.seconds_total is not None and spec.seconds_total > seconds + _LONGER
    if not longer and not (spec.chords or spec.form) and spec.score != "composed":
        return LeadSheet(known, "the take's own score", known.tempo)
    spec = replace(spec, tempo=known.tempo, chords=spec.chords or chart(known))
    new = _composed(spec, likeness)
    assert new.score is not None
    if len(spans) == 1 and spans[0][0] == 0:
        # What goes on begins with a bar of its own.
        bar = known.beats_per_bar
        new = replace(new, score=moved(new.score, np.ceil(spans[0][1] / bar - 1e-3) * bar))
    assert new.score is not None
    return LeadSheet(
        spliced(known, new.score, spans), f"the take's own score, then {new.about}", known.tempo
    )


def _beside(path: str) -> Score | None:
    """The score in the sidecar of one of our takes; None if there is none."""
    try:
        values = json.loads(Path(path).with_suffix(".json").read_text(encoding="utf-8"))
        return Score.from_dict(values["score"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
