"""The settings that follow from a recording: the length of the take, and how much of it is new.

Reads only the file's header and knows nothing of torch, so that the command line, the bridge and the engine all resolve
a spec in the same way: `with_recording(spec).resolved(model)`.
"""

from __future__ import annotations

from dataclasses import replace

import soundfile

from engine.errors import AudioError, SpecError
from engine.registry import model_spec
from engine.spec import PARAMETERS, GenerationSpec


def with_recording(spec: GenerationSpec) -> GenerationSpec:
    """Fills in settings that follow from `init_audio`, where they are not given.

    A take from a recording is as long as the recording, or as long as the model allows. With spans to keep, the rest is
    generated from pure noise.

    Raises:
        AudioError: if the file does not exist, is not audio or is empty.
        SpecError: if the model is unknown, or the spec combines a loop with spans to keep.
    """
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


def recording_seconds(path: str) -> float:
    """Length of an audio file, s, from its header.

    Raises:
        AudioError: if the file does not exist, is not audio or is empty.
    """
    try:
        facts = soundfile.info(path)
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioError(
            f"{path} cannot be read as audio; give a WAV, FLAC, AIFF, OGG or MP3 file."
        ) from error
    if facts.frames == 0:
        raise AudioError(f"{path} has no audio in it: 0 samples.")
    return facts.frames / facts.samplerate
