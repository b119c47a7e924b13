"""Items of the corpus on disk: a WAV file beside a JSON file of facts, each whole or not there.

Knows nothing of where sound comes from.
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
    """Writes sound [2, N] and facts; the JSON comes last, so an item with one is whole."""
    scaled = np.clip(np.round(audio.T * 32767.0), -32768, 32767).astype(np.int16)
    with whole(directory / f"{name}.wav") as part:
        soundfile.write(part, scaled, SAMPLE_RATE, "PCM_16", format="WAV")
    text = json.dumps(metadata, ensure_ascii=False, indent=1)
    write_whole(directory / f"{name}.json", text)
