"""The CLAP score of a set is the one that stable-audio-metrics computes; its networks are compared elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from engine.evaluation.published import fusion_clap
from engine.evaluation.published.judging import Heard, Judges, judged
from engine.evaluation.published.prompts import Prompt
from tests.golden.judges import vectors
from tests.golden.values import golden

NUMBERS, _ = golden("metrics")
NAMES = ("one", "two", "three")


def test_the_clap_score_is_the_mean_over_captions(monkeypatch: pytest.MonkeyPatch) -> None:
    def embedded(_: Any, texts: Sequence[str]) -> Tensor:
        return torch.stack([vectors(text, "text") for text in texts])

    monkeypatch.setattr(fusion_clap, "texts_embedded", embedded)
    judges = Judges(*(cast(Any, None) for _ in range(3)))
    takes = Heard(clap={name: vectors(name, "sound") for name in NAMES})
    prompts = [Prompt(name, name, name) for name in (*NAMES, "lost")]
    found = judged(judges, prompts, takes, None)["clap"]
    assert found["of"] == 3
    assert found["value"] == pytest.approx(float(NUMBERS["clap"]), rel=1e-5)
