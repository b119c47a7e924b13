"""Items of the corpus on disk: a WAV file beside a JSON file of facts, each whole or not there.

Knows nothing of where sound comes from.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from engine.training.corpus.oscillators import SAMPLE_RATE, Signal


def write_item(directory: Path, name: str, audio: Signal, metadata: dict[str, Any]) -> None:
    """Writes sound [2, N] and facts; the JSON comes last, so an item with one is whole."""
    scaled = np.clip(np.round(audio.T * 32767.0), -32768, 32767).astype(np.int16)
    _replace(
        directory / f"{name}.wav",
        lambda path: soundfile.write(path, scaled, SAMPLE_RATE, "PCM_16", format="WAV"),
    )
    text = json.dumps(metadata, ensure_ascii=False, indent=1)
    _replace(directory / f"{name}.json", lambda path: Path(path).write_text(text, encoding="utf-8"))


def _replace(path: Path, write: Callable[[str], object]) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".partial-")
    os.close(handle)
    try:
        write(temporary)
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
