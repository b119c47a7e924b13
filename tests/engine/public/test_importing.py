"""Models as people have them: ComfyUI's files, training checkpoints and pickles are the same weights as the hub's."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.errors import CheckpointError
from engine.model_files import SAFETENSORS
from engine.public.importing import Found, recognised
from engine.public.installed import Store
from engine.public.loading import load_public
from engine.registry import ModelSpec
from tests.engine.public.public_models import TINY_MEDIUM, TINY_OPEN, write_public

Tensors = dict[str, Tensor]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


def swapped(tensors: Tensors, *pairs: tuple[str, str]) -> Tensors:
    """Tensors with the beginnings of their names replaced."""
    found: Tensors = {}
    for name, tensor in tensors.items():
        for old, new in pairs:
            if name.startswith(old):
                name = new + name.removeprefix(old)
                break
        found[name] = tensor
    return found


def trained(tensors: Tensors) -> Tensors:
    """As the trainer keeps it, raw weights and their average, which is what counts."""
    raw = {f"diffusion.{name}": tensor for name, tensor in tensors.items()}
    raw |= {n: t + 1 for n, t in raw.items() if n.startswith("diffusion.model.")}
    averaged = {n: t for n, t in tensors.items() if n.startswith("model.model.")}
    ema = swapped(averaged, ("model.", "diffusion_ema.ema_model."))
    more = {"diffusion_ema.step": torch.ones(1), "losses.losses.0.weight": torch.ones(1)}
    return raw | ema | more


def modern(tensors: Tensors) -> Tensors:
    """With torch's newer names of weight norms."""
    return {
        n.replace(".weight_g", ".parametrizations.weight.original0").replace(
            ".weight_v", ".parametrizations.weight.original1"
        ): t
        for n, t in tensors.items()
    }


LAYOUTS: dict[str, Callable[[Tensors], Tensors]] = {
    "the hub's": lambda t: t,
    "ComfyUI, saved by it": lambda t: (
        t | {"text_encoders.t5gemma.transformer.layers.0.weight": torch.ones(1)}
    ),
    "ComfyUI, older": lambda t: swapped(
        t, ("model.model.", "model.diffusion_model."), ("pretransform.model.", "first_stage_model.")
    ),
    "ComfyUI, in parts": lambda t: swapped(
        t, ("model.model.", "diffusion_model."), ("pretransform.model.", "vae.")
    ),
    "bare": lambda t: swapped(t, ("model.model.", "")),
    "training, unwrapped": lambda t: {f"diffusion.{n}": v for n, v in t.items()},
    "training, with an average": trained,
    "parallel and compiled": lambda t: {
        f"module.{n.replace('model.model.', 'model._orig_mod.model.')}": v for n, v in t.items()
    },
    "wrapped once more": lambda t: {f"model.{n}": v for n, v in t.items()},
    "newer weight norms": modern,
}


def same(found: Tensors, wanted: Tensors) -> bool:
    """Whether all that is wanted is found, and nothing else but what no network needs."""
    return found.keys() == wanted.keys() and all(torch.equal(found[n], wanted[n]) for n in wanted)


@pytest.mark.parametrize(
    ("layout", "spec"),
    [*((layout, TINY_MEDIUM) for layout in LAYOUTS), ("newer weight norms", TINY_OPEN)],
)
def test_every_layout_is_the_same_model(
    layout: str, spec: ModelSpec, tmp_path: Path, store: Store
) -> None:
    source = write_public(spec, tmp_path)
    weights = load_file(source / SAFETENSORS)
    (source / SAFETENSORS).unlink()
    path = source / "own.safetensors"
    save_file({n: t.clone() for n, t in LAYOUTS[layout](weights).items()}, path)
    assert same(load_file(store.add(path, spec) / SAFETENSORS), weights)
    # As a folder, and as a pickle of a training run.
    path.unlink()
    more = {"epoch": 3, "optimizer_states": [{"state": {0: {"step": torch.ones(1)}}}]}
    torch.save({"state_dict": LAYOUTS[layout](weights), **more}, source / "last.ckpt")
    assert same(load_file(store.add(source, spec) / SAFETENSORS), weights)


class Evil:
    """Leaves a trace if it is ever unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


def test_nothing_in_a_pickle_is_run(tmp_path: Path, store: Store) -> None:
    source = write_public(TINY_OPEN, tmp_path)
    state = load_file(source / SAFETENSORS)
    (source / SAFETENSORS).unlink()
    trace = tmp_path / "trace"
    torch.save({"state_dict": state, "hyper_parameters": Evil(trace)}, source / "model.ckpt")
    with pytest.raises(CheckpointError, match=r"more than weights.*safetensors\.torch\.save_file"):
        store.add(source, TINY_OPEN)
    assert not trace.exists() and not store.has(TINY_OPEN)
    torch.save([1, 2], source / "model.ckpt")
    with pytest.raises(CheckpointError, match="whole program object"):
        store.add(source, TINY_OPEN)
    torch.save({"state_dict": {}}, source / "model.ckpt")
    with pytest.raises(CheckpointError, match="no weights in it"):
        store.add(source, TINY_OPEN)


@pytest.mark.parametrize("spec", [TINY_MEDIUM, TINY_OPEN], ids=lambda spec: spec.name)
def test_a_missing_text_encoder_is_named_or_shared(
    spec: ModelSpec, tmp_path: Path, store: Store
) -> None:
    source = write_public(spec, tmp_path)
    alone = tmp_path / "alone" / "own.safetensors"
    alone.parent.mkdir()
    shutil.copy(source / SAFETENSORS, alone)
    where = {"t5": "text_encoder and tokenizer of", "t5gemma": "the folder t5gemma-b-b-ul2 of"}
    with pytest.raises(CheckpointError, match=where[spec.conditioning.text.encoder]) as refused:
        store.add(alone, spec)
    assert f"huggingface.co/{spec.repository}" in str(refused.value)
    assert not store.has(spec)
    store.add(source, spec)
    folder = store.add(alone, spec, "my-tune")
    store.remove(spec)
    shutil.rmtree(source)
    own = dataclasses.replace(spec, name="my-tune")
    assert store.verify(own)
    assert load_public(own, folder)


def test_half_a_text_encoder_is_missing_too(tmp_path: Path, store: Store) -> None:
    source = write_public(TINY_OPEN, tmp_path)
    shutil.rmtree(source / "tokenizer")
    with pytest.raises(CheckpointError, match="has no tokenizer"):
        store.add(source, TINY_OPEN)
    (source / "text_encoder" / SAFETENSORS).unlink()
    with pytest.raises(CheckpointError, match=r"has no model\.safetensors"):
        store.add(source, TINY_OPEN)


def test_a_transformer_alone_takes_the_rest_from_where_it_came(
    tmp_path: Path, store: Store
) -> None:
    source = write_public(TINY_MEDIUM, tmp_path)
    weights = load_file(source / SAFETENSORS)
    tuned = {n: t + 1 for n, t in weights.items() if n.startswith("model.model.")}
    path = tmp_path / "tuned.safetensors"
    save_file(swapped(tuned, ("model.model.", "diffusion_model.")), path)
    with pytest.raises(CheckpointError, match="no conditioning and autoencoder; install stable-a"):
        store.add(path, TINY_MEDIUM, "my-tune")
    store.add(source, TINY_MEDIUM)
    folder = store.add(path, TINY_MEDIUM, "my-tune")
    found = load_file(folder / SAFETENSORS)
    assert all(torch.equal(found[name], (weights | tuned)[name]) for name in weights)


def test_a_trained_autoencoder_takes_the_rest_from_its_model(tmp_path: Path, store: Store) -> None:
    source = write_public(TINY_OPEN, tmp_path)
    weights = load_file(source / SAFETENSORS)
    begins = "pretransform.model."
    tuned = {n: t + 1 for n, t in weights.items() if n.startswith(begins)}
    # As stable-audio-tools' trainer keeps it: raw, averaged, and what judges and losses have.
    state = {
        **swapped({n: t + 2 for n, t in tuned.items()}, (begins, "autoencoder.")),
        **swapped({n: t + 3 for n, t in tuned.items()}, (begins, "autoencoder_ema.online_model.")),
        **swapped(tuned, (begins, "autoencoder_ema.ema_model.")),
        "autoencoder_ema.initted": torch.tensor([True]),
        "discriminator.discriminators.0.convs.0.weight_g": torch.ones(1),
        "sdstft.stft_losses.0.window": torch.ones(1),
    }
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": state, "epoch": 1}, path)
    with pytest.raises(CheckpointError, match="no transformer and conditioning; install stable-a"):
        store.add(path, TINY_OPEN, "my-ears")
    store.add(source, TINY_OPEN)
    found = load_file(store.add(path, TINY_OPEN, "my-ears") / SAFETENSORS)
    assert same(found, weights | tuned)


def test_one_file_is_chosen_or_several_are_named(tmp_path: Path, store: Store) -> None:
    source = write_public(TINY_MEDIUM, tmp_path)
    shutil.copy(source / SAFETENSORS, source / "b.safetensors")
    (source / SAFETENSORS).rename(source / "a.safetensors")
    (source / "t5gemma_b_b_ul2.safetensors").touch()
    with pytest.raises(CheckpointError, match=r"a\.safetensors or b\.safetensors; add one of"):
        store.add(source, TINY_MEDIUM)
    assert store.add(source / "a.safetensors", TINY_MEDIUM)
    (source / "model.gguf").touch()
    with pytest.raises(CheckpointError, match="no file of weights; choose one that ends in"):
        store.add(source / "model.gguf", TINY_MEDIUM)


def test_recognised_by_its_repository_or_the_name_of_its_file(tmp_path: Path) -> None:
    source = write_public(TINY_MEDIUM, tmp_path)
    base = dataclasses.replace(
        TINY_MEDIUM, name=f"{TINY_MEDIUM.name}-base", repository="stabilityai/base"
    )
    known = [TINY_MEDIUM, base, TINY_OPEN]
    with pytest.raises(CheckpointError, match="medium or stable-audio-3-medium-base; choose with"):
        recognised(Found.at(source), known)
    for name, spec in (
        ("stable_audio_3_medium", TINY_MEDIUM),
        ("Stable_Audio_3_Medium_Base_fp8", base),
    ):
        path = source / f"{name}.safetensors"
        shutil.copy(source / SAFETENSORS, path)
        assert recognised(Found.at(path), known) is spec
    config = json.loads((source / "model_config.json").read_text())
    config["model"]["conditioning"]["configs"][0]["config"] = {"repo_id": "stabilityai/base"}
    (source / "model_config.json").write_text(json.dumps(config))
    assert recognised(Found.at(source), known) is base


def test_two_models_in_one_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.safetensors"
    save_file({"model.model.transformer.x": torch.ones(1), "transformer.x": torch.ones(1)}, path)
    with pytest.raises(CheckpointError, match=r"two weights for model\.model\.transformer\.x"):
        Found.at(path)
