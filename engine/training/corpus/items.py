"""Items of the corpus on disk: a WAV file and a JSON file with its metadata, both written atomically.

Knows nothing of where the audio comes from.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from engine.training.corpus.oscillators import SAMPLE_RATE, Signal
from engine.whole_files import whole, write_whole


def write_item(directory: Path, name: str, audio: Signal, metadata: dict[str, Any]) -> None:
    """Writes audio [2, N] and metadata; the JSON file is last, so an item that has one is complete."""
    scaled = np.clip(np.round(audio.T * 32767.0), -32768, 32767).astype(np.int16)
    with whole(directory / f"{name}.wav") as part:
        soundfile.write(part, scaled, SAMPLE_RATE, "PCM_16", format="WAV")
    text = json.dumps(metadata, ensure_ascii=False, indent=1)
    write_whole(directory / f"{name}.json", text)
