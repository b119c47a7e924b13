"""Public checkpoints: every published name and shape at full size, and whole small ones from a folder."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.conditioning import Prompt
from engine.errors import CheckpointError
from engine.latent_diffusion import LatentDiffusion
from engine.lora_list import LoraFile
from engine.precision import PackedLinear, decoder_dtype, packs
from engine.public.loading import check_config, check_fit, load_public, table_of
from engine.public.lora import adapt
from engine.public.renames import renamed, without_weight_norm
from engine.registry import MODELS, ModelSpec, SameConfig
from tests.engine.public.public_models import TINY_MEDIUM, TINY_OPEN, Words, write_public
from tests.engine.public.test_lora import lora
from tests.golden.values import values, weights

GOLDEN = Path(__file__).parents[2] / "golden" / "keys.tsv"


def published() -> dict[str, dict[str, list[int]]]:
    """Model -> every name in its file and the shape."""
    models: dict[str, dict[str, list[int]]] = {}
    for line in GOLDEN.read_text().splitlines():
        model, name, shape, count = line.split("\t")
        for layer in range(int(count)):
            found = [int(size) for size in shape.split("x")] if shape else []
            models.setdefault(model, {})[name.format(layer)] = found
    return models


PUBLISHED = published()


def built(spec: ModelSpec) -> dict[str, Tensor]:
    with torch.device("meta"):
        model = LatentDiffusion(spec, Words())
    without_weight_norm(model.autoencoder)
    del model.latent_scale
    return model.state_dict()


@pytest.mark.parametrize(
    ("name", "tensors", "numbers"),
    [
        ("stable-audio-3-medium", 997, 2_305_495_793),
        ("stable-audio-3-small-music", 685, 567_573_761),
        ("stable-audio-open-1.0", 745, None),
        ("stable-audio-open-small", 750, None),
    ],
)
def test_every_published_weight_has_its_place_and_no_other(
    name: str, tensors: int, numbers: int | None
) -> None:
    shapes = PUBLISHED[name]
    assert len(shapes) == tensors
    if numbers is not None:
        assert sum(torch.Size(shape).numel() for shape in shapes.values()) == numbers
    with torch.device("meta"):
        file = {key: torch.empty(shape) for key, shape in shapes.items()}
        theirs = renamed(file, table_of(MODELS[name]), name)
    ours = built(MODELS[name])
    assert {key: tensor.shape for key, tensor in theirs.items()} == {
        key: tensor.shape for key, tensor in ours.items()
    }


def test_all_of_a_family_share_their_shapes() -> None:
    small = MODELS["stable-audio-3-small-music"]
    for name in ("stable-audio-3-small-sfx", "stable-audio-3-small-sfx-base"):
        other = MODELS[name]
        assert (other.dit, other.autoencoder, other.conditioning) == (
            small.dit,
            small.autoencoder,
            small.conditioning,
        )


@pytest.mark.parametrize("spec", [TINY_MEDIUM, TINY_OPEN], ids=lambda spec: spec.name)
def test_a_checkpoint_loads_from_a_folder(spec: ModelSpec, tmp_path: Path) -> None:
    folder = write_public(spec, tmp_path)
    check_fit(spec, folder / "model.safetensors")
    model = load_public(spec, folder)
    assert not any(parameter.requires_grad for parameter in model.parameters())
    conditioning = model.conditioner([Prompt(text="warm tape", seconds_total=5.0)], frames=8)
    x = torch.ones(1, spec.dit.latent_channels, 8)
    output = model.network(x, torch.tensor([0.5]), conditioning)
    assert output.shape == x.shape
    assert output.isfinite().all()
    assert output.std() > 0


def test_a_lora_changes_what_it_names(tmp_path: Path) -> None:
    folder = write_public(TINY_MEDIUM, tmp_path)
    name = "model.transformer.project_in.parametrizations.weight.0"
    tensors = {f"{name}.lora_A": torch.ones(2, 256), f"{name}.lora_B": torch.ones(64, 2)}
    header = json.dumps({"rank": 2, "alpha": 2, "adapter_type": "lora"})
    save_file(tensors, tmp_path / "own.safetensors", metadata={"lora_config": header})
    plain = load_public(TINY_MEDIUM, folder).state_dict()
    model = load_public(TINY_MEDIUM, folder)
    adapt(model, [LoraFile(tmp_path / "own.safetensors", 0.5)])
    changed = model.state_dict()
    differing = [key for key in plain if not torch.equal(plain[key], changed[key])]
    assert differing == ["dit.transformer.project_in.weight"]
    with pytest.raises(CheckpointError, match="does not fit"):
        adapt(model, [LoraFile(lora(tmp_path, "lora", "first"))])


@pytest.mark.parametrize("spec", [TINY_MEDIUM, TINY_OPEN], ids=lambda spec: spec.name)
@pytest.mark.parametrize(("precision", "share"), [("bfloat16", 1 / 2), ("int8", 1 / 4)])
def test_less_memory_and_the_same_music(
    precision: str, share: float, spec: ModelSpec, tmp_path: Path
) -> None:
    folder = write_public(spec, tmp_path)
    exact, placed = load_public(spec, folder), load_public(spec, folder)
    placed.placed(torch.device("cpu"), precision)
    assert size(placed.autoencoder.encoder) == size(exact.autoencoder.encoder)
    latents = values("latents", (1, spec.dit.latent_channels, 4))
    sound, audio = (model.autoencoder.decode(latents) for model in (exact, placed))
    rounded = decoder_dtype(precision, torch.device("cpu")) == torch.bfloat16
    assert (audio - sound).std() < (1e-2 if rounded else 1e-6) * sound.std()
    packed = [part for part in placed.autoencoder.decoder.modules() if is_packed(part)]
    assert bool(packed) == (packs() and isinstance(spec.autoencoder, SameConfig))
    blocks, whole = (model.dit.transformer.layers for model in (placed, exact))
    # Scales and norms stay whole.
    assert share <= size(blocks) / size(whole) < share + 0.05
    told = exact.conditioner([Prompt(text="warm tape", seconds_total=5.0)], frames=8)
    x, t = values("x", (1, spec.dit.latent_channels, 8)), torch.tensor([0.5])
    exact.precision = "float32"
    output = exact.network(x, t, told)
    assert 0 < (placed.network(x, t, told) - output).std() < 0.03 * output.std()


def is_packed(module: torch.nn.Module) -> bool:
    return isinstance(module, PackedLinear)


def size(module: torch.nn.Module) -> int:
    return sum(tensor.nbytes for tensor in module.state_dict().values())


def test_nothing_is_skipped(tmp_path: Path) -> None:
    folder = write_public(TINY_MEDIUM, tmp_path)
    path = folder / "model.safetensors"
    shapes = json.loads((folder / "shapes.json").read_text())
    for change, words in (
        ({"model.model.unheard_of.weight": [2]}, "unknown to the network, first dit.unheard_of"),
        ({"ema.decay": [1]}, "1 weights that this model does not have, such as ema.decay"),
        ({"model.model.transformer.memory_tokens": [3, 64]}, "of the wrong shape"),
        ({"model.model.preprocess_conv.weight": None}, "missing, first dit.preprocess_conv.weight"),
    ):
        changed = {key: shape for key, shape in (shapes | change).items() if shape is not None}
        save_file(weights(changed), path)
        with pytest.raises(CheckpointError, match=words):
            check_fit(TINY_MEDIUM, path)
        with pytest.raises(CheckpointError, match=words):
            load_public(TINY_MEDIUM, folder)


def test_a_configuration_of_another_model_is_refused(tmp_path: Path) -> None:
    path = write_public(TINY_MEDIUM, tmp_path) / "model_config.json"
    check_config(TINY_MEDIUM, path)
    other = dataclasses.replace(TINY_MEDIUM, objective="v")
    with pytest.raises(CheckpointError, match="its diffusion_objective is rectified_flow, not v"):
        check_config(other, path)
    path.write_text("{}")
    with pytest.raises(CheckpointError, match="not a model configuration"):
        check_config(TINY_MEDIUM, path)
