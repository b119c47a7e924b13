"""The models' files by real processes and a hub on this machine: fetched, paused, gone on with, refused in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.errors import BridgeError
from bridge.events import AccountChanged, Event, ModelStored, SettingChosen
from bridge.model_files import ModelFiles
from bridge.stored import StoredModel
from engine.errors import SpecError
from tests.bridge.real_parts import until
from tests.bridge.tiny_errands import NAME
from tests.engine.public.hub_server import FakeHub
from tests.engine.public.public_models import TINY_MEDIUM, write_public
from tests.engine.public.tiny_hub import tiny_hub

PROGRAM = "tests.bridge.tiny_errands"


class Shelf:
    """Files in a folder of their own, and all that was told of them."""

    def __init__(self, root: Path) -> None:
        self.told: list[Event] = []
        self.files = ModelFiles(self.told.append, root=root, program=PROGRAM)

    def ends(self) -> StoredModel:
        until(lambda: not self.files.get(NAME).busy, 120)
        return self.files.get(NAME)

    def last(self) -> tuple[str, str]:
        model = [e.model for e in self.told if isinstance(e, ModelStored)][-1]
        return model.name, model.state

    def states(self) -> list[str]:
        found = [e.model.state for e in self.told if isinstance(e, ModelStored)]
        return [s for i, s in enumerate(found) if i == 0 or s != found[i - 1]]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with tiny_hub(tmp_path / "hub", monkeypatch) as server:
        yield server


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path / "models")
    yield shelf
    shelf.files.close()


def test_a_model_is_fetched_and_removed(hub: FakeHub, shelf: Shelf) -> None:
    with pytest.raises(BridgeError, match="must be accepted first"):
        shelf.files.download(NAME)
    shelf.files.ask_size(NAME)
    asked = shelf.ends()
    assert asked.state == "absent" and asked.total > 1_000_000
    shelf.files.accept(NAME)
    assert shelf.told[-1] == SettingChosen("engine", "licences", (NAME,))
    shelf.files.download(NAME)
    with pytest.raises(BridgeError, match="being worked on") as refused:
        shelf.files.download(NAME)
    assert refused.value.code == "busy"
    here = shelf.ends()
    assert (here.state, here.problem, here.fraction) == ("installed", "", 1.0)
    assert shelf.states()[-2:] in (["downloading", "installed"], ["checking", "installed"])
    shelf.files.remove(NAME)
    assert shelf.ends().state == "absent"
    assert not list(shelf.files.root.iterdir())


def test_a_pause_keeps_what_has_come_and_a_cancel_does_not(
    hub: FakeHub, shelf: Shelf, tmp_path: Path
) -> None:
    hub.slow["model.safetensors"] = 100_000
    shelf.files.accept(NAME)
    shelf.files.download(NAME)
    until(lambda: shelf.files.get(NAME).done > 100_000, 120)
    shelf.files.pause(NAME)
    paused = shelf.ends()
    assert (paused.state, paused.problem) == ("paused", "")
    assert 0 < paused.fraction < 1
    after_a_restart = Shelf(shelf.files.root).files.get(NAME)
    assert (after_a_restart.state, after_a_restart.done) == ("paused", paused.done)
    hub.slow.clear()
    shelf.files.download(NAME)
    assert shelf.ends().state == "installed"
    assert any(name == "model.safetensors" for name, _ in hub.ranges), "it began anew"
    shelf.files.remove(NAME)
    shelf.ends()
    hub.slow["model.safetensors"] = 100_000
    shelf.files.download(NAME)
    until(lambda: shelf.files.get(NAME).done > 0, 120)
    shelf.files.cancel(NAME)
    assert shelf.ends().state == "absent"
    assert not list(shelf.files.root.iterdir())


def test_what_goes_wrong_is_a_sentence(
    hub: FakeHub, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.files.accept(NAME)
    hub.gated.add(TINY_MEDIUM.repository)
    shelf.files.download(NAME)
    assert "accept its licence with your account on https://" in shelf.ends().problem
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    shelf.files.download(NAME)
    assert "cannot be reached" in shelf.ends().problem
    shelf.files.add(NAME, tmp_path)
    assert "has no " in shelf.ends().problem
    shelf.files.remove("sketch")
    until(lambda: not shelf.files.get("sketch").busy, 120)
    assert "comes with Longtake" in shelf.files.get("sketch").problem
    with pytest.raises(SpecError):
        shelf.files.download("nothing")


def test_a_folder_is_taken_over(shelf: Shelf, tmp_path: Path) -> None:
    source = write_public(TINY_MEDIUM, tmp_path)
    shelf.files.accept(NAME)
    shelf.files.add(NAME, source)
    assert shelf.ends().state == "installed"


def test_a_fine_tune_gets_a_name_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "longtake" / "models"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("engine.model_files.models_folder", lambda: root)
    shelf = Shelf(root)
    shelf.files.accept(NAME)
    shelf.files.add(NAME, write_public(TINY_MEDIUM, tmp_path), "my-tune")
    assert shelf.ends().state == "absent", "the model itself is not here"
    assert shelf.files.get("my-tune").state == "installed"
    assert "my-tune" in [model.name for model in shelf.files.all()]
    shelf.files.remove("my-tune")
    until(lambda: shelf.last() == ("my-tune", "absent"), 120)
    assert "my-tune" not in [model.name for model in shelf.files.all()]
    shelf.files.add(NAME, tmp_path, "Not a name!")
    assert "cannot be a model's name" in shelf.ends().problem
    shelf.files.close()


def test_the_token_goes_to_the_keyring_and_nowhere_else(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = tmp_path / "ring"
    monkeypatch.setenv("TINY_KEYRING", str(ring))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))

    def answer() -> None:
        until(lambda: not shelf.files.account().busy, 120)

    shelf.files.ask_account()
    answer()
    assert shelf.files.account().stored is False
    shelf.files.login("two words")
    answer()
    assert "one word" in shelf.files.account().problem
    shelf.files.login(" hf_secret\n")
    answer()
    assert shelf.files.account().stored is True
    assert ring.read_text() == "hf_secret"
    assert "hf_secret" not in repr(shelf.told)
    assert isinstance(shelf.told[-1], AccountChanged)


def test_the_end_of_the_bridge_pauses(hub: FakeHub, shelf: Shelf) -> None:
    hub.slow["model.safetensors"] = 50_000
    shelf.files.accept(NAME)
    shelf.files.download(NAME)
    until(lambda: shelf.files.get(NAME).done > 0, 120)
    shelf.files.close()
    assert shelf.ends().state == "paused"
