"""`longtake train hearing`: makes the classifier of drum sounds, `engine/hearing/drum_sounds.safetensors`.

Deterministic: grooves by seed, features at the known onsets and a little beside them, full batches, one thread. Prints
how often held-out strokes are told right, by source.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save
from torch import nn

import engine.hearing
from engine.hearing.drum_sounds import FEATURES, SOUNDS, WEIGHTS, DrumSounds, features
from engine.parsing import Parser
from engine.training.corpus.grooves import NO_DRUMS, SOURCES, Groove, groove
from engine.training.corpus.oscillators import Signal
from engine.whole_files import whole

_LOG = logging.getLogger(__name__)
HIDDEN = 40
TOGETHER = 0.025
"""Strokes that begin within this of each other are one onset, s."""
JITTER = 0.003
"""How far from the true onset one that is found may be, s, in the training."""
_SHARES = {"mouth": 4.0, "beatbox": 1.0, "spoken": 1.5, "claps": 0.3, "machine": 1.0, "samples": 2.0, "font": 3.0,
           "synth": 1.5, "instrument": 3.0, "voice": 1.0}  # fmt: skip
"""Grooves of each source, in parts."""


@dataclass(frozen=True, slots=True)
class Strokes:
    """Features [S, FEATURES] of onsets, which sounds they are, [S, len(SOUNDS)] of 0 and 1, and the source of each."""

    found: Signal
    known: Signal
    source: list[str]


def strokes_of(grooves: Iterable[Groove], seed: int) -> Strokes:
    """What is to be learnt from these grooves."""
    rng = np.random.default_rng([0x5B, seed])
    found, known, source = [], [], []
    for each in grooves:
        times, labels = _onsets(each)
        beside = times + rng.uniform(-JITTER, JITTER, len(times))
        found.append(features(each.audio[None], beside))
        known.append(labels)
        source += [each.source] * len(times)
    return Strokes(np.concatenate(found), np.concatenate(known), source)


def _onsets(each: Groove) -> tuple[np.ndarray, Signal]:
    """Onsets, and which sounds begin at each or so soon after it that they are one."""
    times: list[float] = []
    labels: list[list[float]] = []
    for when, sound in each.onsets:
        if not times or when - times[-1] > TOGETHER:
            times.append(when)
            labels.append([0.0] * len(SOUNDS))
        if sound:
            labels[-1][list(SOUNDS).index(sound)] = 1.0
    return np.array(times), np.array(labels, np.float32).reshape(-1, len(SOUNDS))


def fit(strokes: Strokes, steps: int, seed: int = 0) -> DrumSounds:
    """The perceptron that tells these strokes best: Adam on full batches, with weight decay."""
    generator = torch.Generator().manual_seed(seed)
    hidden = _matrix(FEATURES, HIDDEN, generator)
    output = _matrix(HIDDEN, len(SOUNDS), generator)
    optimiser = torch.optim.AdamW([hidden, output], lr=0.01, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    found, known = torch.from_numpy(strokes.found), torch.from_numpy(strokes.known)
    for _ in range(steps):
        optimiser.zero_grad()
        inner = torch.tanh(found @ hidden[:-1] + hidden[-1])
        logits = inner @ output[:-1] + output[-1]
        nn.functional.binary_cross_entropy_with_logits(logits, known).backward()
        optimiser.step()
        schedule.step()
    return DrumSounds(hidden.detach().numpy(), output.detach().numpy())


def _matrix(inputs: int, outputs: int, generator: torch.Generator) -> nn.Parameter:
    """Weights, and a last row of biases, which begin at zero."""
    weights = torch.randn(inputs + 1, outputs, generator=generator) / inputs**0.5
    weights[-1] = 0
    return nn.Parameter(weights)


def told_right(model: DrumSounds, strokes: Strokes) -> dict[str, tuple[float, int]]:
    """By source: the share of onsets of which the likeliest sound is one that is there, and how many there are.

    For sources without drums: the share of which no sound is likelier than not.
    """
    likely = model.likelihoods(strokes.found)
    drum = strokes.known[np.arange(len(likely)), likely.argmax(axis=1)] > 0
    rows: dict[str, tuple[float, int]] = {}
    for name in SOURCES:
        own = np.array([source == name for source in strokes.source])
        right = likely.max(axis=1) < 0.5 if name in NO_DRUMS else drum
        rows[name] = (float(right[own].mean()) if own.any() else 0.0, int(own.sum()))
    return rows


def material(grooves: int, *, held_out: bool) -> Iterator[Groove]:
    """So many grooves, of all sources, one at a time: together they would fill gigabytes."""
    parts = sum(_SHARES.values())
    for source, share in _SHARES.items():
        for seed in range(max(1, round(grooves * share / parts))):
            yield groove(seed, source, held_out=held_out)


def main(arguments: list[str] | None = None) -> None:
    """Makes the grooves, fits the perceptron, says what it is worth, and writes it."""
    parser = Parser(prog="longtake train hearing", description=__doc__)
    parser.add_argument("--grooves", type=int, default=3000, help="6 s each, to learn from")
    parser.add_argument("--held-out", type=int, default=300, help="grooves to judge by")
    parser.add_argument("--steps", type=int, default=600, help="of the optimiser")
    here = Path(engine.hearing.__file__).parent / WEIGHTS
    parser.add_argument("--out", type=Path, default=here, help="the file (default: the wing's own)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    model = fit(strokes_of(material(options.grooves, held_out=False), 0), options.steps)
    judged = told_right(model, strokes_of(material(options.held_out, held_out=True), 1))
    for source, (share, onsets) in judged.items():
        _LOG.info("%-10s %5.1f %% of %d held-out onsets", source, 100 * share, onsets)
    with whole(options.out) as file:
        file.write_bytes(save({"hidden": model.hidden, "output": model.output}))


if __name__ == "__main__":
    main()
