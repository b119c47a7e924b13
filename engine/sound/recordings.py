"""What follows from a recording or a MIDI file: length and tempo of the take, how much of it is new, and the sound.

Settings need only the header of a recording, so that the command line, the bridge and the engine all resolve a spec in
the same way: `with_recording(spec).resolved(model)`. Of its sound no more is read than is needed. Knows no torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.composing.midi_files import midi_seconds, read_midi
from engine.composing.notation import TEMPI
from engine.errors import AudioError, LongtakeError, SpecError
from engine.registry import model_spec
from engine.sound.audio import to_stereo
from engine.sound.music_in_files import musical_facts
from engine.sound.reading import BLOCK, Samples, blocks, opened
from engine.sound.resampling import Resampling
from engine.spec import PARAMETERS, GenerationSpec, tempo_in


def with_recording(spec: GenerationSpec) -> GenerationSpec:
    """Fills in settings that follow from `init_audio` and `midi`, where they are not given.

    A take from a recording is as long as the recording, or as long as the model allows, and has the tempo that the
    recording says it has. With spans to keep, the rest is generated from pure noise.

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
    if spec.tempo is None and tempo_in(spec.prompt) is None:
        spec = replace(spec, tempo=_tempo_of(path))
    if spec.keep and spec.init_noise_level is None:
        spec = replace(spec, init_noise_level=1.0)
    if spec.seconds_total is None and spec.bars is None:
        shortest = PARAMETERS["seconds_total"].low or 0.0
        longest = model_spec(spec.model).max_seconds
        seconds = min(max(recording_seconds(path), shortest), longest)
        spec = replace(spec, seconds_total=seconds)
    return spec


def _tempo_of(path: str) -> float | None:
    """The tempo that a recording says it has, if a piece may have it."""
    try:
        music = musical_facts(Path(path))
    except OSError:  # What is wrong with it is said by who reads it.
        return None
    tempo = music.tempo if music else None
    return tempo if tempo and TEMPI[0] <= tempo <= TEMPI[1] else None


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
    with opened(path) as file:
        return file.frames / file.samplerate


def read_start(path: str, sample_rate: int, frames: int) -> Samples:
    """The beginning of a recording of any rate and channel count, bit for bit as if all of it had been read.

    Args:
        path: an audio file of any length; memory is needed for what is returned alone.
        sample_rate: that of the result, Hz.
        frames: most that are needed, at that rate.

    Returns:
        [2, N] with N <= frames; less where the recording ends.

    Raises:
        AudioError: if what is needed of it cannot be used as audio.
    """
    made: list[Samples] = []
    with opened(path) as file:
        missing = frames
        # No more than is needed: at a rate of a few Hz, a full block would become hours.
        longest = min(BLOCK, frames) * file.samplerate // sample_rate
        parts = map(to_stereo, blocks(file, longest=longest))
        for part in _resampled(parts, file.samplerate, sample_rate):
            made.append(part[:, :missing])
            missing -= made[-1].shape[1]
            if missing <= 0:
                break
    samples = np.concatenate([np.zeros((2, 0), np.float32), *made], axis=1)
    if not samples.shape[1]:
        raise AudioError(
            f"{path} is shorter than one sample at {sample_rate} Hz; give a longer one."
        )
    return samples


def _resampled(parts: Iterable[Samples], rate: int, new_rate: int) -> Iterator[Samples]:
    """Blocks [2, N] at another rate, equal to `resample` of them all."""
    resampling = Resampling(rate, new_rate)
    for part in parts:
        yield resampling.add(part)
    yield resampling.end()
