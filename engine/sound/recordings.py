"""The settings that follow from a recording or a MIDI file: length and tempo of the take, and how much of it is new.

Reads of a recording only the header, and knows nothing of torch, so that the command line, the bridge and the engine
all resolve a spec in the same way: `with_recording(spec).resolved(model)`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import soundfile

from engine.composing.midi_files import midi_seconds, read_midi
from engine.errors import AudioError, LongtakeError, SpecError
from engine.registry import model_spec
from engine.sound.targets import on_disk
from engine.spec import PARAMETERS, GenerationSpec, tempo_in


def with_recording(spec: GenerationSpec) -> GenerationSpec:
    """Fills in settings that follow from `init_audio` and `midi`, where they are not given.

    A take from a recording is as long as the recording, or as long as the model allows. With spans to keep, the rest is
    generated from pure noise.

    Raises:
        AudioError: if the file does not exist, is not audio or is empty.
        SpecError: if the MIDI file or the model cannot be used, or the spec combines a loop with spans to keep.
    """
    if spec.midi is not None:
        spec = _with_midi(spec, spec.midi)
    path = spec.init_audio
    if path is None:
        return spec
    if spec.keep and spec.loop:
        raise SpecError(
            "A loop cannot keep parts of a recording, because its beginning is crossfaded; use one or the other."
        )
    if spec.keep and spec.init_noise_level is None:
        spec = replace(spec, init_noise_level=1.0)
    if spec.seconds_total is None and spec.bars is None:
        shortest = PARAMETERS["seconds_total"].low or 0.0
        longest = model_spec(spec.model).max_seconds
        seconds = min(max(recording_seconds(path), shortest), longest)
        spec = replace(spec, seconds_total=seconds)
    return spec


def _with_midi(spec: GenerationSpec, path: str) -> GenerationSpec:
    """Tempo and length of a clip, where no others are asked for."""
    try:
        score = read_midi(Path(path))
    except LongtakeError as error:
        raise SpecError(str(error)) from error
    tempo = spec.tempo or tempo_in(spec.prompt) or score.tempo
    spec = replace(
        spec, tempo=tempo, beats_per_bar=spec.beats_per_bar or _whole(score.beats_per_bar)
    )
    if spec.seconds_total is None and spec.bars is None and spec.init_audio is None:
        shortest = PARAMETERS["seconds_total"].low or 0.0
        seconds = max(midi_seconds(replace(score, tempo=tempo)), shortest)
        spec = replace(spec, seconds_total=min(seconds, model_spec(spec.model).max_seconds))
    return spec


def _whole(beats: float) -> int | None:
    return int(beats) if beats == int(beats) else None


def recording_seconds(path: str) -> float:
    """Length of an audio file, s, from its header.

    Raises:
        AudioError: if the file does not exist, is not audio or is empty.
    """
    try:
        if not Path(path).is_file():  # To read a pipe or a device would wait for ever.
            raise OSError
        facts = soundfile.info(on_disk(Path(path)))
    except (soundfile.LibsndfileError, OSError, ValueError) as error:
        raise AudioError(
            f"{path} cannot be read as audio; give a WAV, FLAC, AIFF, OGG or MP3 file."
        ) from error
    if facts.frames == 0:
        raise AudioError(f"{path} has no audio in it: 0 samples.")
    return facts.frames / facts.samplerate
