"""FD, KL and CLAP score of a set of takes (§4.1), file by file: in memory is one file, and a batch of its windows.

What cannot be read or judged is counted, and said with its reason; the official code leaves it out in silence. Knows
nothing of where takes and weights come from.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.clap import Clap, Towers
from engine.errors import LongtakeError
from engine.evaluation.published import fusion_clap, passt
from engine.evaluation.published.divergence import divergence
from engine.evaluation.published.frechet import Gaussian, frechet_distance
from engine.evaluation.published.judges_files import CLAP, OPENL3, PASST, check_there
from engine.evaluation.published.openl3 import OpenL3
from engine.evaluation.published.passt import PaSST
from engine.evaluation.published.prompts import Prompt
from engine.evaluation.published.sounds import mono_at, read_published, stereo_at_band
from engine.evaluation.published.takes import found
from engine.sound.audio import Audio

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judges:
    """The three networks, on one device."""

    openl3: OpenL3
    passt: PaSST
    clap: Towers

    @classmethod
    def from_folder(cls, folder: Path, device: torch.device) -> Judges:
        """Loads all three.

        Raises:
            CheckpointError: if weights are missing, damaged or of other networks.
        """
        check_there(folder)
        clap = Clap.from_folder(folder / CLAP)
        # Whatever the folder says: it is the metric's own.
        clap.listener = fusion_clap.listener()
        return cls(
            OpenL3.from_file(folder / OPENL3).to(device),
            PaSST.from_file(folder / PASST).to(device),
            clap.to(device),
        )


@dataclass(slots=True)
class Heard:
    """What is kept of a set of sounds: statistics of all windows, what is heard in each, lengths in s, what failed."""

    windows: Gaussian = field(default_factory=Gaussian)
    tags: dict[str, Tensor] = field(default_factory=dict)
    clap: dict[str, Tensor] = field(default_factory=dict)
    lengths: list[float] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def listen(judges: Judges, names: Iterable[str], folder: Path, *, texts: bool) -> Heard:
    """Hears the files of these names; `texts` is whether they will be compared with texts."""
    heard = Heard()
    for name in names:
        path = found(folder, name)
        if path is None:
            heard.failed[name] = f"there is no audio file {name} in {folder.name}"
            continue
        try:
            _hear(judges, name, read_published(path), heard, texts)
        except LongtakeError as error:
            heard.failed[name] = str(error).replace(f"{folder}/", "")
        log.info("heard %s", path.name)
    for name, why in heard.failed.items():
        log.warning("not judged: %s: %s", name, why)
    return heard


def judged(
    judges: Judges,
    prompts: Sequence[Prompt],
    takes: Heard,
    reference: Heard | None,
) -> dict[str, Any]:
    """The figures of takes: FD against all recordings, KL by caption, CLAP score; with how many each is of.

    `seconds` is the takes' mean length.

    Raises:
        AudioError: if there are too few windows for a distance.
    """
    figures: dict[str, Any] = {"prompts": len(prompts), "failed": takes.failed}
    if takes.lengths:
        figures["seconds"] = _mean(takes.lengths)
    texted = [prompt for prompt in prompts if prompt.name in takes.clap]
    if texted:
        vectors = fusion_clap.texts_embedded(judges.clap, [prompt.text for prompt in texted])
        sounds = torch.stack([takes.clap[prompt.name] for prompt in texted])
        figures["clap"] = _mean(torch.cosine_similarity(vectors, sounds).tolist())
    if reference is not None:
        figures["reference_failed"] = reference.failed
        pairs = [
            divergence(takes.tags[prompt.name], reference.tags[prompt.reference])
            for prompt in prompts
            if prompt.name in takes.tags and prompt.reference in reference.tags
        ]
        if pairs:
            figures["kl"] = _mean(pairs)
        if takes.windows.count and reference.windows.count:
            figures["fd"] = {
                "value": frechet_distance(takes.windows, reference.windows),
                "of": takes.windows.count,
                "reference": reference.windows.count,
            }
    return figures


def _hear(judges: Judges, name: str, audio: Audio, heard: Heard, texts: bool) -> None:
    """All or nothing of a file: what fails late has left no windows behind."""
    tags = judges.passt.tags(mono_at(audio, passt.RATE))
    clap = (
        fusion_clap.sound_embedded(judges.clap, mono_at(audio, fusion_clap.RATE), name)
        if texts
        else None
    )
    rows = torch.cat(list(judges.openl3.embedded(stereo_at_band(audio))))
    heard.windows.add(rows.numpy())
    heard.tags[name] = tags
    heard.lengths.append(audio.seconds)
    if clap is not None:
        heard.clap[name] = clap


def _mean(values: list[float]) -> dict[str, Any]:
    return {"value": sum(values) / len(values), "of": len(values)}
