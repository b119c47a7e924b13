"""Makes clap.safetensors: what `stable_audio_tools` makes of prompts for a model with CLAP, such as the paper's.

Needs what make_sao.py needs, and transformers; run from this folder: `python make_clap.py`. LAION's package, from which
the conditioner takes CLAP, is replaced by RoBERTa and a tokenizer that pads to 77 tokens, as its own does. The script
only calls the packages and contains none of their code.
"""

# pyright: reportMissingImports=false, reportImplicitRelativeImport=false
from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from make_sao import randomised
from safetensors.torch import load_file, save_file
from stable_audio_tools.models.conditioners import (
    create_multi_conditioner_from_conditioning_config,
)
from stable_audio_tools.models.diffusion import ConditionedDiffusionModelWrapper, DiTWrapper
from text import ROBERTA, clap_folder
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import RobertaConfig, RobertaModel
from values import thinned, values

PROMPTS = {"prompt": ["warm tape", "house drums warm tape"], "negative": ["drums", "tape tape"]}
SECONDS = [(0.0, 30.5), (12.0, 95.0)]
IDS = ["prompt", "seconds_start", "seconds_total"]


class Clap(nn.Module):
    """What the conditioner uses of LAION's `CLAP_Module`, with the words of a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.model = nn.Module()
        self.model.text_branch = RobertaModel(RobertaConfig(**ROBERTA))
        self.model.audio_branch = nn.Identity()
        self.words = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.words.enable_padding(pad_id=1, pad_token="<pad>", length=77)

    def tokenizer(self, texts: list[str]) -> dict[str, Tensor]:
        """Padded to 77 tokens."""
        found = self.words.encode_batch(texts)
        return {
            "input_ids": torch.tensor([one.ids for one in found]),
            "attention_mask": torch.tensor([one.attention_mask for one in found]),
        }


def model(folder: Path) -> ConditionedDiffusionModelWrapper:
    """A small transformer of the paper's kind, with the official conditioners."""
    tower = load_file(folder / "model.safetensors")
    renamed = {name.replace("text_model", "module.text_branch"): x for name, x in tower.items()}
    torch.save({"state_dict": renamed}, folder / "clap.ckpt")
    laion: Any = ModuleType("laion_clap")
    laion.CLAP_Module = lambda **_: Clap(folder)
    sys.modules["laion_clap"] = laion
    text = {
        "clap_ckpt_path": str(folder / "clap.ckpt"),
        "use_text_features": True,
        "feature_layer_ix": -2,
    }
    numbers = {"min_val": 0, "max_val": 512}
    configs = [
        {"id": "prompt", "type": "clap_text", "config": text},
        {"id": "seconds_start", "type": "number", "config": numbers},
        {"id": "seconds_total", "type": "number", "config": numbers},
    ]
    conditioner = create_multi_conditioner_from_conditioning_config(
        {"cond_dim": 768, "configs": configs}
    )
    transformer = DiTWrapper(
        diffusion_objective="v",
        io_channels=16,
        embed_dim=768,
        depth=1,
        num_heads=12,
        cond_token_dim=768,
        project_cond_tokens=False,
        global_cond_dim=1536,
        transformer_type="continuous_transformer",
    )
    return ConditionedDiffusionModelWrapper(
        transformer,
        conditioner,
        io_channels=16,
        sample_rate=44_100,
        min_input_length=1,
        cross_attn_cond_ids=IDS,
        global_cond_ids=IDS[1:],
    ).eval()


@torch.no_grad()
def main() -> None:
    """Writes the file beside this script."""
    with tempfile.TemporaryDirectory() as folder:
        network = model(clap_folder(Path(folder)))
    shapes = randomised(network, "")
    made: dict[str, Any] = {}
    for kind, texts in PROMPTS.items():
        asked = [
            {"prompt": text, "seconds_start": start, "seconds_total": total}
            for text, (start, total) in zip(texts, SECONDS, strict=True)
        ]
        tensors = network.conditioner(asked, "cpu")
        made[kind] = network.get_conditioning_inputs(tensors, negative=kind == "negative")
    x, t = values("x", (2, 16, 24)), torch.tensor([0.6, 0.6])
    told = made["prompt"]
    found = {
        "cross": told["cross_attn_cond"],
        "plain": network.model(x, t, **told),
        "guided": network.model(x, t, cfg_scale=7.0, **told),
        "negative": network.model(x, t, cfg_scale=7.0, **told, **made["negative"]),
    }
    save_file(
        {name: thinned(tensor) for name, tensor in found.items()},
        "clap.safetensors",
        metadata={"shapes": json.dumps({"model": shapes})},
    )


if __name__ == "__main__":
    main()
