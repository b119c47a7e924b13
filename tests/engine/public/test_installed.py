"""Models on this machine, public ones and the user's own made from them: added, named, verified, removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine import model_files
from engine.engine import load_model
from engine.errors import CheckpointError, SpecError
from engine.model_files import find_weights
from engine.public.installed import Store, own_name
from engine.registry import MODELS, all_models, model_spec
from engine.spec import GenerationSpec
from tests.engine.public.public_models import TINY_MEDIUM, TINY_OPEN, write_public


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The user's own, with the tiny model in place of the large one."""
    monkeypatch.setitem(MODELS, TINY_MEDIUM.name, TINY_MEDIUM)
    monkeypatch.setattr(model_files, "models_folder", lambda: tmp_path / "models")
    return Store(tmp_path / "models")


def test_a_folder_is_taken_over(tmp_path: Path, store: Store) -> None:
    source = write_public(TINY_MEDIUM, tmp_path)
    folder = store.add(source, TINY_MEDIUM)
    assert (folder / "model.safetensors").samefile(source / "model.safetensors")
    assert load_model(TINY_MEDIUM, folder)
    (source / "model.safetensors").unlink()
    assert store.verify(TINY_MEDIUM)


def test_changes_are_found_and_removal_leaves_nothing(tmp_path: Path, store: Store) -> None:
    store.add(write_public(TINY_MEDIUM, tmp_path), TINY_MEDIUM)
    path = store.folder(TINY_MEDIUM) / "model_config.json"
    path.write_text(path.read_text() + " ")
    with pytest.raises(CheckpointError, match="has changed"):
        store.verify(TINY_MEDIUM)
    path.unlink()
    with pytest.raises(CheckpointError, match="is missing"):
        store.verify(TINY_MEDIUM)
    assert store.remove(TINY_MEDIUM) > 0
    assert not list(store.root.iterdir())
    for act in (store.verify, store.remove):
        with pytest.raises(SpecError, match="sketch comes with Longtake"):
            act(MODELS["sketch"])
        with pytest.raises(CheckpointError, match=r"not installed|is not in"):
            act(TINY_MEDIUM)


def test_a_fine_tune_has_a_name_of_its_own(tmp_path: Path, store: Store) -> None:
    source = write_public(TINY_MEDIUM, tmp_path)
    store.add(source, TINY_MEDIUM)
    assert "my-tune" not in all_models()
    folder = store.add(source, TINY_MEDIUM, "my-tune")
    assert folder == store.root / "my-tune" == find_weights(model_spec("my-tune"))
    assert list(all_models()) == [*MODELS, "my-tune"]
    own = model_spec("my-tune")
    assert (own.dit, own.weights) == (TINY_MEDIUM.dit, "public")
    assert GenerationSpec(prompt="warm", model="my-tune").resolved(own).model == "my-tune"
    assert load_model(own, folder)
    assert store.verify(own) == store.verify(TINY_MEDIUM)
    # Each goes without the other, though they share files.
    store.remove(TINY_MEDIUM)
    assert store.has(own) and load_model(own, folder)
    store.remove(own)
    assert "my-tune" not in all_models()
    with pytest.raises(SpecError, match="Unknown model 'my-tune'"):
        model_spec("my-tune")


@pytest.mark.parametrize(
    "name", ["sketch", "My-Tune", "a", "../up", "con", ".hidden", "a b", "x/y"]
)
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(SpecError, match=r"another name|cannot be a model's name"):
        own_name(name)


def test_folders_that_are_no_models_are_not_taken_for_one(store: Store) -> None:
    for name, content in (("odd", "[]"), ("broken", "{"), ("other", json.dumps({"model": "bach"}))):
        (store.root / name).mkdir(parents=True)
        (store.root / name / "origin.json").write_text(content)
    (store.root / "empty").mkdir()
    assert list(all_models()) == list(MODELS)


def test_what_does_not_fit_is_not_added(tmp_path: Path, store: Store) -> None:
    source = write_public(TINY_OPEN, tmp_path)
    with pytest.raises(CheckpointError, match="another model"):
        store.add(source, TINY_MEDIUM)
    with pytest.raises(CheckpointError, match="not of a public model"):
        store.add(source)
    assert not store.has(TINY_MEDIUM)
    with pytest.raises(CheckpointError, match="neither a folder nor a file"):
        store.add(tmp_path / "none")
    with pytest.raises(SpecError, match="sketch comes with Longtake"):
        store.add(source, MODELS["sketch"])
