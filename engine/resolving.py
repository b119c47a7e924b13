"""What a request says, made whole: a prompt with the tempo, metre and key of its take, LoRA files by their paths.

Knows nothing of models.
"""

from __future__ import annotations

from engine.composing.wording import with_key, with_metre, with_tempo
from engine.lora_list import located, lora_list


def said(prompt: str, tempo: float | None, beats_per_bar: int | None, key: str) -> str:
    """A prompt with the tempo (BPM), metre and key of the take, and no other ones."""
    if tempo is not None:
        prompt = with_tempo(prompt, tempo)
    if beats_per_bar is not None:
        prompt = with_metre(prompt, beats_per_bar)
    return with_key(prompt, key) if key.strip() else prompt


def whole_paths(lora: str) -> str:
    """LoRA files by their whole paths: the settings must reproduce the take from any folder."""
    files = located(lora)
    # A comma in the path of the current folder would separate files.
    return lora if any("," in str(file.path) for file in files) else lora_list(files)
