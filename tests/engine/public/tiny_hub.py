"""A hub that has one tiny public model, for programs that are told of it by their environment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.public.hub_server import FakeHub
from tests.engine.public.public_models import TINY_MEDIUM, write_public


@contextmanager
def tiny_hub(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """Serves `TINY_MEDIUM` out of a folder that is made."""
    folder.mkdir()
    with FakeHub({TINY_MEDIUM.repository: write_public(TINY_MEDIUM, folder)}).serving() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        monkeypatch.setenv("HF_TOKEN", "x")
        yield server
