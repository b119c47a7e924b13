"""LoRA files of every common trainer: the same update, whatever its tensors are called; words for what is none."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.errors import CheckpointError
from engine.lora_list import LoraFile
from engine.public.lora import merge
from engine.public.lora_formats import placed
from engine.registry import MODELS
from tests.engine.public.test_loading import built
from tests.golden.values import values

NAME = "transformer.layers.0.self_attn.to_qkv"
OURS = f"dit.{NAME}.weight"
WEIGHTS = {
    OURS: values("original", (12, 10)),
    "conditioner.conditioners.seconds_total.embedder.embedding.1.weight": torch.ones(3, 2),
}
A, B, LENGTHS = values("A", (4, 10)), values("B", (12, 4)), values("lengths", (12,)).abs()


def saved(path: Path, tensors: dict[str, Tensor], **facts: str) -> LoraFile:
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata=facts)
    return LoraFile(path, 0.5)


def pair(module: str, down: str, up: str, **more: Tensor) -> dict[str, Tensor]:
    named = {f"{module}.{name}": tensor for name, tensor in more.items()}
    return {f"{module}.{down}": A, f"{module}.{up}": B, **named}


UNDERSCORES = NAME.replace(".", "_")
SPELLINGS = {
    "ComfyUI": pair(f"diffusion_model.{NAME}", "lora_down.weight", "lora_up.weight"),
    "ComfyUI, whole": pair(f"diffusion_model.model.{NAME}", "lora_A.weight", "lora_B.weight"),
    "diffusers": pair(f"transformer.{NAME}", "lora_A.weight", "lora_B.weight"),
    "diffusers, old": pair(f"transformer.{NAME}", "lora.down.weight", "lora.up.weight"),
    "kohya": pair(f"lora_unet_{UNDERSCORES}", "lora_down.weight", "lora_up.weight"),
    "kohya, whole": pair(f"lora_unet_model_{UNDERSCORES}", "lora_down.weight", "lora_up.weight"),
    "bare": pair(f"model.model.{NAME}", "lora_A.default.weight", "lora_B.default.weight"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_the_same_update(spelling: str, tmp_path: Path) -> None:
    tensors = SPELLINGS[spelling]
    plain = merge(WEIGHTS, [saved(tmp_path / "plain.safetensors", tensors)])
    torch.testing.assert_close(plain[OURS], WEIGHTS[OURS] + 0.5 * B @ A)
    module = next(iter(tensors)).split(".lora")[0]
    with_alpha = tensors | {f"{module}.alpha": torch.tensor(2.0)}
    scaled = merge(WEIGHTS, [saved(tmp_path / "alpha.safetensors", with_alpha)])
    torch.testing.assert_close(scaled[OURS], WEIGHTS[OURS] + 0.5 * 2 / 4 * B @ A)


def peft(folder: Path, tensors: dict[str, Tensor], **config: object) -> LoraFile:
    folder.mkdir()
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 4} | config))
    return LoraFile(folder, 0.5)


def test_pefts_folder_says_how_strong_it_is(tmp_path: Path) -> None:
    tensors = pair(f"base_model.model.{NAME}", "lora_A.weight", "lora_B.weight")
    for number, (config, scale) in enumerate(
        (
            ({"lora_alpha": 8}, 2.0),
            ({"lora_alpha": 8, "use_rslora": True}, 8 / math.sqrt(4)),
            ({"lora_alpha": 8, "alpha_pattern": {"self_attn.to_qkv": 6}}, 1.5),
        )
    ):
        folder = peft(tmp_path / str(number), tensors, **config)
        for file in (folder, LoraFile(folder.path / "adapter_model.safetensors", 0.5)):
            found = merge(WEIGHTS, [file])[OURS]
            torch.testing.assert_close(found, WEIGHTS[OURS] + 0.5 * scale * B @ A)
    (tmp_path / "0" / "adapter_config.json").unlink()
    with pytest.raises(CheckpointError, match=r"without its adapter_config\.json"):
        merge(WEIGHTS, [LoraFile(tmp_path / "0")])
    with pytest.raises(CheckpointError, match="of the kind LOHA"):
        merge(WEIGHTS, [peft(tmp_path / "loha", tensors, peft_type="LOHA")])


def test_the_header_of_diffusers_says_it_too(tmp_path: Path) -> None:
    tensors = pair(f"transformer.{NAME}", "lora_A.weight", "lora_B.weight")
    header = json.dumps({"transformer.r": 4, "transformer.lora_alpha": 12})
    file = saved(tmp_path / "a.safetensors", tensors, lora_adapter_metadata=header)
    torch.testing.assert_close(merge(WEIGHTS, [file])[OURS], WEIGHTS[OURS] + 0.5 * 3 * B @ A)


@pytest.mark.parametrize(
    ("magnitude", "axis"), [(LENGTHS, 1), (LENGTHS[:, None], 1), (LENGTHS[None, :10], 0)]
)
def test_the_lengths_of_a_dora_are_those_of_the_changed_weight(
    magnitude: Tensor, axis: int, tmp_path: Path
) -> None:
    kohya = pair(f"lora_unet_{UNDERSCORES}", "lora_down.weight", "lora_up.weight")
    files = [
        saved(
            tmp_path / "k.safetensors", kohya | {f"lora_unet_{UNDERSCORES}.dora_scale": magnitude}
        )
    ]
    if axis == 1:
        tensors = pair(f"base_model.model.{NAME}", "lora_A.weight", "lora_B.weight")
        # Those of its convolutions have the shape of columns.
        tensors[f"base_model.model.{NAME}.lora_magnitude_vector"] = magnitude.reshape(1, -1, 1)
        files.append(peft(tmp_path / "peft", tensors, lora_alpha=4, use_dora=True))
    for file in files:
        found = merge(WEIGHTS, [file])[OURS]
        torch.testing.assert_close(found.norm(dim=axis), magnitude.flatten())
        turned = WEIGHTS[OURS] + 0.5 * B @ A
        torch.testing.assert_close(
            torch.nn.functional.normalize(found, dim=axis),
            torch.nn.functional.normalize(turned, dim=axis),
        )


def test_convolutions_in_all_their_shapes(tmp_path: Path) -> None:
    weights = {OURS: WEIGHTS[OURS][..., None]}
    tensors = {
        f"diffusion_model.{NAME}.lora_down.weight": A[..., None],
        f"diffusion_model.{NAME}.lora_up.weight": B[..., None],
    }
    found = merge(weights, [saved(tmp_path / "conv.safetensors", tensors)])[OURS]
    torch.testing.assert_close(found[..., 0], WEIGHTS[OURS] + 0.5 * B @ A)


@pytest.mark.parametrize("model", ["stable-audio-3-medium", "stable-audio-open-1.0", "sketch"])
def test_every_weight_has_a_name_of_its_own_in_every_spelling(model: str) -> None:
    names = [
        name
        for name in built(MODELS[model])
        if name.endswith(".weight") and name.startswith(("dit.", "conditioner."))
    ]
    for before in ("dit.", "conditioner."):
        part = [name for name in names if name.startswith(before)]
        bare = [name.removeprefix(before).removesuffix(".weight") for name in part]
        for prefix, flat in (
            ("", False),
            ("diffusion_model.", False),
            ("base_model.model.model.", False),
            ("lora_unet_", True),
        ):
            spelt = [prefix + (name.replace(".", "_") if flat else name) for name in bare]
            assert list(placed(spelt, names).values()) == part


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (f"diffusion_model.{NAME}.hada_w1_a", "LoHa"),
        (f"lora_unet_{UNDERSCORES}.lokr_w1", "LoKr"),
        (f"diffusion_model.{NAME}.diff", "whole weights"),
        ("lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.bias", "the text encoder"),
        (f"diffusion_model.{NAME}.weight", "not a LoRA"),
    ],
)
def test_what_is_no_low_rank_sum_is_named(name: str, words: str, tmp_path: Path) -> None:
    file = saved(tmp_path / "odd.safetensors", {name: torch.ones(2, 2)})
    with pytest.raises(CheckpointError, match=words):
        merge(WEIGHTS, [file])


def test_words_for_files_that_are_none(tmp_path: Path) -> None:
    pickle = tmp_path / "adapter_model.bin"
    torch.save({}, pickle)
    with pytest.raises(CheckpointError, match="pickle, which may run anything"):
        merge(WEIGHTS, [LoraFile(pickle)])
    with pytest.raises(CheckpointError, match="a folder without adapter_model"):
        merge(WEIGHTS, [LoraFile(tmp_path)])
    half = {f"transformer.{NAME}.lora_B.weight": B}
    with pytest.raises(CheckpointError, match="no LoRA matrices for"):
        merge(WEIGHTS, [saved(tmp_path / "half.safetensors", half)])
    te = pair("text_encoder.layers.0.fc1", "lora_A.weight", "lora_B.weight")
    with pytest.raises(CheckpointError, match="a LoRA of the text encoder"):
        merge(WEIGHTS, [saved(tmp_path / "te.safetensors", te)])
