"""The three judges, so small that a take is heard in moments; what they hear is random, but the same each time."""

from __future__ import annotations

import torch

from engine.clap import Clap
from engine.evaluation.published import fusion_clap
from engine.evaluation.published.judging import Judges
from engine.evaluation.published.openl3 import OpenL3
from engine.evaluation.published.passt import PaSST
from tests.engine.test_clap import TEXTS, tiny_config, train_tokenizer
from tests.golden.judges import judge_weights


def tiny_judges() -> Judges:
    """OpenL3 of 8 columns a side, PaSST of one block, CLAP of 16."""
    tokenizer = train_tokenizer(TEXTS, 300)
    clap = Clap(tiny_config(tokenizer.get_vocab_size()), tokenizer, fusion_clap.listener())
    clap.initialize(torch.Generator().manual_seed(1))
    openl3, passt = OpenL3((2, 2, 4, 8)), PaSST(depth=1)
    for network in (openl3, passt):
        network.load_state_dict(judge_weights(network.state_dict()))
    return Judges(openl3.eval(), passt.eval(), clap.eval())
