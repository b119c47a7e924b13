"""The score of a take, from whatever it was asked by: a MIDI file, chords, a recording, or the prompt alone.

The built-in composer writes what is asked in words and chords; the diffusion model plays it. Knows nothing of the
networks.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.composing.description import chart, describe
from engine.composing.instruments import INSTRUMENTS
from engine.composing.lead_sheet import written
from engine.composing.midi_files import read_midi
from engine.composing.mix import DRUMS
from engine.composing.notation import TEMPI
from engine.composing.reading import read
from engine.composing.score import GROUPS, NOTES, Score, score_in
from engine.composing.splicing import moved, only, repeated, said, spliced
from engine.composing.style_choice import Similar
from engine.errors import AudioError
from engine.hearing.listening import heard
from engine.registry import SAMPLE_RATE
from engine.sound.audio import Samples
from engine.sound.takes import read_settings
from engine.spec import WHOLE, GenerationSpec
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
    # The notes of a part of a take are not told apart.
    known = _beside(spec.init_audio) if spec.init_audio and spec.init_span == WHOLE else None
    if recording is not None and spec.keep:
        seconds = recording.shape[1] / SAMPLE_RATE
        return _going_on(spec, known, seconds, likeness)
    if recording is not None and spec.score != "composed" and not (spec.chords or spec.form):
        return _heard(spec, known, recording)
    return _composed(spec, likeness)


def within(sheet: LeadSheet, seconds: float, *, loop: bool) -> Score | None:
    """What a model is shown for a take of so many seconds: a loop's score goes on as it began."""
    if sheet.score is None or not loop:
        return sheet.score
    period = seconds * sheet.score.tempo / 60
    return repeated(sheet.score, period, 2 * period)


def _composed(spec: GenerationSpec, likeness: Similar, known: Score | None = None) -> LeadSheet:
    """What the composer makes of a spec, with the players of a score that is known unless the prompt names others."""
    seed = spec.composer_seed
    assert seed is not None and spec.seconds_total is not None  # The spec is resolved.
    reading = read(spec.prompt, likeness)
    band = _band(known)
    given: dict[str, Any] = {}
    if band and set(reading.instruments) <= set(band):
        given = {"instruments": band, "alone": True}
    named = spec.bars or spec.beats_per_bar != 4 or known is not None
    wish = reading.wish(
        seed=seed,
        seconds=spec.seconds_total,
        tempo=spec.tempo,
        beats_per_bar=spec.beats_per_bar if named else None,
        chords=spec.chords,
        form=spec.form,
        exact=spec.bars is not None,
        loop=spec.loop,
        **given,
    )
    piece = written(wish)
    score = Score.of(piece)
    return LeadSheet(score, f"composed: {describe(piece)}", score.tempo)


def _band(score: Score | None) -> tuple[str, ...]:
    """Who plays in a score, of those whom the composer knows."""
    if score is None or not len(score.notes):
        return ()
    names = dict.fromkeys(str(score.parts[part][1]) for part in np.unique(score.notes["part"]))
    return tuple(name for name in names if name in INSTRUMENTS or name in DRUMS)


def _from_midi(spec: GenerationSpec, likeness: Similar) -> LeadSheet:
    """A clip with the sound that the prompt asks for; nobody else plays if it asks for no band."""
    assert spec.midi is not None and spec.seconds_total is not None
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
    length = spec.seconds_total * score.tempo / 60
    score = repeated(score, bars * score.beats_per_bar, length)
    name = Path(spec.midi).name
    return LeadSheet(score, f"{', '.join(said(score)) or 'nothing'} from {name}", score.tempo)


def _heard(spec: GenerationSpec, known: Score | None, recording: Samples) -> LeadSheet:
    """The notes of a take that is one of ours, or what can be heard in a recording, as often as the take is longer."""
    period = recording.shape[1] / SAMPLE_RATE
    length = spec.seconds_total or period
    if known is not None:
        tempo = known.tempo
        score = repeated(only(known, SOUNDS_LIKE), period * tempo / 60, length * tempo / 60)
        other = f", at its {tempo:g} BPM" if spec.tempo not in (None, tempo) else ""
        return LeadSheet(score, f"notes of the take it starts from{other}", tempo)
    tempo = spec.tempo or _counted_in(spec.init_audio)
    score = heard(recording, tempo, float(spec.beats_per_bar or 4))
    if score is None:
        return LeadSheet(None, "no single voice or beat was heard in the recording", tempo)
    score = repeated(score, period * score.tempo / 60, length * score.tempo / 60)
    return LeadSheet(score, f"{' and '.join(said(score))} as heard in the recording", tempo)


def _going_on(
    spec: GenerationSpec, known: Score | None, seconds: float, likeness: Similar
) -> LeadSheet:
    """The score of a recording of so many seconds, continued or filled in; new notes where its sound is not kept."""
    if known is None:
        if spec.score == "composed" or spec.chords or spec.form:
            return _composed(spec, likeness)
        about = "notes are left to the model, as those of the recording are not known"
        return LeadSheet(None, about, spec.tempo)
    total = spec.seconds_total or seconds
    longer = total > seconds + _LONGER
    if not longer and not (spec.chords or spec.form) and spec.score != "composed":
        return LeadSheet(known, "the take's own score", known.tempo)
    beat, bar = 60 / known.tempo, known.beats_per_bar
    spans = [(start / beat, end / beat) for start, end in spec.keep]
    # What goes on begins with the bar in which the recording ends; of that bar the recording's notes stay.
    first = spans[0][1] // bar * bar if len(spans) == 1 and spans[0][0] == 0 else 0.0
    chords = spec.chords
    if not chords and "chords" in known.known and len(known.chords):
        chords = chart(known)
    metre = int(bar) if bar == int(bar) else None
    asked = replace(
        spec,
        tempo=known.tempo,
        chords=chords,
        beats_per_bar=metre or spec.beats_per_bar,
        seconds_total=max(total - first * beat, _LONGER),
        bars=None,
    )
    new = _composed(asked, likeness, known)
    assert new.score is not None
    score = spliced(known, moved(new.score, first), spans)
    return LeadSheet(score, f"the take's own score, then {new.about}", known.tempo)


def _beside(path: str) -> Score | None:
    """The score in the sidecar of one of our takes; None if there is none."""
    return score_in(_settings(path))


def _counted_in(path: str | None) -> float | None:
    """The tempo that a recording was counted in with, as its sidecar says; what is heard only guesses it."""
    tempo = _settings(path).get("tempo_asked") if path else None
    if isinstance(tempo, bool) or not isinstance(tempo, (int, float)):
        return None
    return float(tempo) if TEMPI[0] <= tempo <= TEMPI[1] else None


def _settings(path: str) -> dict[str, Any]:
    try:
        return read_settings(path)
    except AudioError:
        return {}
