"""Makes fusion_clap.safetensors: how LAION's CLAP with fusion embeds sounds and texts, with weights made from names.

Needs laion-clap, transformers and what they ask for; run from this folder: `python make_fusion_clap.py`. The text tower
has fewer layers and words, and nothing is downloaded. The crops, which LAION draws without a seed, are the middle ones;
images are resized without antialias, as torchvision 0.16 does unless told otherwise. The script only calls the packages
and contains none of their code.
"""

# pyright: reportMissingImports=false, reportImplicitRelativeImport=false
from __future__ import annotations

import json
import re
import tempfile
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import librosa
import numpy as np
import pyloudnorm
import soundfile
import torch
import torchvision.transforms
from judges import CAPTIONS, RATE, heard, judge_weight
from safetensors.torch import save_file
from text import ROBERTA, clap_folder
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase, RobertaConfig, RobertaModel
from values import thinned

# Imported, the package fetches three tokenizers; it also puts `clap_module` on the path.
with patch.object(PreTrainedTokenizerBase, "from_pretrained", return_value=None):
    from laion_clap.training.data import float32_to_int16, get_audio_features, int16_to_float32

SECONDS = {"short": 3.7, "long": 12.4}
CONFIG = json.loads(
    (
        Path(__import__("laion_clap").__file__).parent / "clap_module/model_configs/HTSAT-tiny.json"
    ).read_text()
)
RENAMES = (
    (r"^text_branch\.", "text_model."),
    (r"^audio_branch\.", "audio_model.audio_encoder."),
    (r"_projection\.0\.", "_projection.linear1."),
    (r"_projection\.2\.", "_projection.linear2."),
    (r"\.attn\.proj\.", ".attention.output.dense."),
    (r"\.attn\.qkv\.", ".attention.self.qkv."),
    (r"\.attn\.relative", ".attention.self.relative"),
    (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
    (r"(layers\.\d\.blocks\.\d)\.norm1\.", r"\1.layernorm_before."),
    (r"(layers\.\d\.blocks\.\d)\.norm2\.", r"\1.layernorm_after."),
    (r"\.bn0\.", ".batch_norm."),
)
"""LAION's names -> those of transformers, by which the weights are made."""
OURS_HAVE_NONE = (
    r"attn_mask|spectrogram_extractor|logmel_extractor|tscam_conv|\.head\.|_transform\."
)


def model() -> Any:
    """LAION's network, its weights made by the names that transformers gives them."""
    from clap_module.model import CLAP

    small = RobertaModel(RobertaConfig(**ROBERTA))
    with patch.object(RobertaModel, "from_pretrained", return_value=small):
        text = {**CONFIG["text_cfg"], "model_type": "roberta"}
        made = CLAP(
            CONFIG["embed_dim"],
            CONFIG["audio_cfg"],
            text,
            enable_fusion=True,
            fusion_type="aff_2d",
        )
    state = made.state_dict()
    for name, tensor in state.items():
        if tensor.is_floating_point() and not re.search(OURS_HAVE_NONE, name):
            tensor.copy_(_made(name, tuple(tensor.shape)))
    made.load_state_dict(state)
    return made.eval()


def _made(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    for theirs, ours in RENAMES:
        name = re.sub(theirs, ours, name)
    if ".qkv." not in name:
        return judge_weight(name, shape)
    third = (shape[0] // 3, *shape[1:])
    return torch.cat(
        [judge_weight(name.replace("qkv", part), third) for part in ("query", "key", "value")]
    )


def embedded(made: Any, seconds: float) -> tuple[torch.Tensor, torch.Tensor]:
    """A sound as the metric reads it: its picture, thinned, and its embedding [512]."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "heard.wav"
        soundfile.write(path, heard(seconds).T, RATE, subtype="FLOAT")
        samples, _ = librosa.load(path, sr=48_000, mono=True)
    samples = pyloudnorm.normalize.peak(samples, -1.0).astype(np.float32)
    waveform = torch.from_numpy(int16_to_float32(float32_to_int16(samples)))
    shown: dict[str, Any] = get_audio_features(
        {}, waveform, 480_000, "fusion", "repeatpad", CONFIG["audio_cfg"]
    )
    return thinned(shown["mel_fusion"]), made.get_audio_embedding([shown])[0]


@torch.no_grad()
def main() -> None:
    """Writes the golden file."""
    torchvision.transforms.Resize = partial(torchvision.transforms.Resize, antialias=False)
    np.random.choice = lambda starts: starts[len(starts) // 2]
    made = model()
    with tempfile.TemporaryDirectory() as folder:
        words = Tokenizer.from_file(str(clap_folder(Path(folder)) / "tokenizer.json"))
    words.enable_padding(pad_id=1, pad_token="<pad>", length=77)
    tokens = words.encode_batch(CAPTIONS)
    found = {
        "texts": made.get_text_embedding(
            {
                "input_ids": torch.tensor([one.ids for one in tokens]),
                "attention_mask": torch.tensor([one.attention_mask for one in tokens]),
            }
        )
    }
    for name, seconds in SECONDS.items():
        found[f"{name} picture"], found[name] = embedded(made, seconds)
    facts = {**{name: str(seconds) for name, seconds in SECONDS.items()}, "shapes": "{}"}
    save_file(
        {n: x.contiguous() for n, x in found.items()}, "fusion_clap.safetensors", metadata=facts
    )


if __name__ == "__main__":
    main()
