"""What a recording decides of a spec before anything is generated: how long the take is, and how much of it is new.

Reads no more than the file's header and knows nothing of torch, so that the command line, the bridge and the engine all
settle a spec in the same way: `with_recording(spec).resolved(model)`.
"""

from __future__ import annotations

from dataclasses import replace

import soundfile

from engine.errors import AudioError, SpecError
from engine.registry import model_spec
from engine.spec import PARAMETERS, GenerationSpec


def with_recording(spec: GenerationSpec) -> GenerationSpec:
    """Fills in what follows from `init_audio`; a spec without one, or with all of it said, comes back as it is.

    Unless a length is given, a take made from a recording is as long as that, if the model can make so much. Unless a
    level is given, what is not kept is made anew from pure noise.

    Raises:
        AudioError: if there is no such file, or it is not audio, or it is empty.
        SpecError: if the model is unknown, or the take shall be a loop and keep parts at once.
    """
    path = spec.init_audio
    if path is None:
        return spec
    if spec.keep and spec.loop:
        raise SpecError(
            "A loop cannot keep parts of a recording: its beginning is blended; drop one."
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
        AudioError: if there is no such file, or it is not audio, or it is empty.
    """
    try:
        facts = soundfile.info(path)
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioError(
            f"{path} cannot be read as audio; give a WAV, FLAC, AIFF, OGG or MP3 file."
        ) from error
    if facts.frames == 0:
        raise AudioError(f"{path} has no sound in it: 0 samples.")
    return facts.frames / facts.samplerate
