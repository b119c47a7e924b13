"""Public models from a hub on this machine: whole or not at all, resumed, checked, told in words."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from engine.engine import load_model
from engine.errors import CheckpointError, SpecError
from engine.latent_diffusion import LatentDiffusion
from engine.model_files import ORIGIN, sha256
from engine.public import hub as hub_module
from engine.public.hub import Hub, stored_token
from engine.public.installed import Store
from engine.registry import MODELS, ModelSpec
from tests.engine.public.hub_server import FakeHub
from tests.engine.public.public_models import TINY_MEDIUM, TINY_OPEN, write_public


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeHub]:
    source = tmp_path / "hub"
    source.mkdir()
    folders = {spec.repository: write_public(spec, source) for spec in (TINY_MEDIUM, TINY_OPEN)}
    with FakeHub(folders).serving() as server:
        yield server


def fetch(server: FakeHub, store: Store, spec: ModelSpec = TINY_MEDIUM, token: str = "x") -> Path:
    return Hub(token, server.endpoint).download(spec, store, accepted=True)


def arriving(server: FakeHub, store: Store) -> Path:
    """Where a killed download left its weights."""
    path = server.repositories[TINY_MEDIUM.repository] / "model.safetensors"
    part = store.part(TINY_MEDIUM)
    part.mkdir(parents=True, exist_ok=True)
    return part / f"model.safetensors.{sha256(path)[:12]}.incomplete"


@pytest.mark.parametrize("spec", [TINY_MEDIUM, TINY_OPEN], ids=lambda spec: spec.name)
def test_a_download_is_a_model(spec: ModelSpec, server: FakeHub, store: Store) -> None:
    folder = fetch(server, store, spec)
    assert folder == store.root / spec.name
    assert isinstance(load_model(spec, folder), LatentDiffusion)
    assert store.verify(spec) == len(json.loads((folder / ORIGIN).read_text())["files"]) >= 5
    assert [path.name for path in store.root.iterdir()] == [spec.name]
    assert not (folder / "shapes.json").exists()
    assert not list(folder.rglob("*.incomplete"))
    assert fetch(server, store, spec) == folder


def test_nothing_is_fetched_before_the_licence_is_accepted(server: FakeHub, store: Store) -> None:
    with pytest.raises(SpecError, match="Stability AI Community License"):
        Hub("x", server.endpoint).download(TINY_MEDIUM, store, accepted=False)
    assert not store.root.exists()
    with pytest.raises(SpecError, match="sketch comes with Longtake"):
        Hub("x", server.endpoint).download(MODELS["sketch"], store, accepted=True)


def test_a_download_that_was_killed_goes_on(server: FakeHub, store: Store) -> None:
    whole = (server.repositories[TINY_MEDIUM.repository] / "model.safetensors").read_bytes()
    arriving(server, store).write_bytes(whole[:100_000])
    fetch(server, store)
    assert server.ranges == [("model.safetensors", "bytes=100000-")]
    store.verify(TINY_MEDIUM)


@pytest.mark.parametrize("change", ["whole", "longer", "other bytes"])
def test_whatever_a_killed_download_left_the_next_one_is_whole(
    change: str, server: FakeHub, store: Store
) -> None:
    whole = (server.repositories[TINY_MEDIUM.repository] / "model.safetensors").read_bytes()
    left = {"whole": whole, "longer": whole + b"more", "other bytes": b"x" * 100_000}[change]
    arriving(server, store).write_bytes(left)
    folder = fetch(server, store)
    assert (folder / "model.safetensors").read_bytes() == whole
    assert not list(folder.rglob("*.incomplete"))
    # Nothing is asked for twice that is there, and no server is asked for what lies beyond the end.
    assert len(server.ranges) == (change == "other bytes")


def test_what_changed_on_the_hub_meanwhile_is_not_mixed(server: FakeHub, store: Store) -> None:
    folder = server.repositories[TINY_MEDIUM.repository]
    arriving(server, store).write_bytes((folder / "model.safetensors").read_bytes()[:100_000])
    part = store.part(TINY_MEDIUM)
    (part / "model_config.json").write_text("of an older revision")
    weights = load_file(folder / "model.safetensors")
    save_file({name: tensor + 1 for name, tensor in weights.items()}, folder / "model.safetensors")
    there = fetch(server, store)
    assert not server.ranges
    for name in ("model.safetensors", "model_config.json"):
        assert (there / name).read_bytes() == (folder / name).read_bytes()
    assert not list(there.rglob("*.incomplete"))


def test_a_line_that_breaks_is_taken_up_again(server: FakeHub, store: Store) -> None:
    server.cut["model.safetensors"] = 100_000
    fetch(server, store)
    assert not server.cut
    store.verify(TINY_MEDIUM)


def test_damage_on_the_way_is_found(server: FakeHub, store: Store) -> None:
    server.damaged.add("model.safetensors")
    with pytest.raises(CheckpointError, match="checksum differs"):
        fetch(server, store)
    assert not store.has(TINY_MEDIUM)
    server.damaged.clear()
    fetch(server, store)


def test_words_for_gated_and_unknown(server: FakeHub, store: Store) -> None:
    server.gated.add(TINY_MEDIUM.repository)
    with pytest.raises(CheckpointError, match="accept its licence with your account on https"):
        fetch(server, store)
    server.gated.clear()
    server.token = "right"
    with pytest.raises(CheckpointError, match="gated"):
        fetch(server, store, token="wrong")
    fetch(server, store, token="right")
    server.repositories.clear()
    with pytest.raises(CheckpointError, match="has no stabilityai"):
        fetch(server, store, TINY_OPEN, token="right")


def test_words_for_offline(server: FakeHub, store: Store) -> None:
    with pytest.raises(CheckpointError, match="cannot be reached"):
        Hub("x", "http://127.0.0.1:9").download(TINY_MEDIUM, store, accepted=True)


def test_words_for_a_full_disk(
    server: FakeHub, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        hub_module.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1)
    )
    with pytest.raises(CheckpointError, match="not enough space"):
        fetch(server, store)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no disk that is always full")
def test_words_for_a_disk_that_fills_up_on_the_way(server: FakeHub, store: Store) -> None:
    part = arriving(server, store)
    part.symlink_to("/dev/full")
    with pytest.raises(CheckpointError, match="The disk is full"):
        fetch(server, store)
    assert not store.has(TINY_MEDIUM)
    part.unlink()
    fetch(server, store)
    store.verify(TINY_MEDIUM)


def test_the_token_is_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", " hf_secret\n")
    assert stored_token() == "hf_secret"
