"""The errands of the models with a tiny model in place of a public one, and a keyring that is a file.

Run as the real ones are: `python -m tests.bridge.tiny_errands FOLDER`, with the hub's address in `HF_ENDPOINT`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import keyring
from keyring.backend import KeyringBackend

from engine.public import errands
from engine.registry import MODELS

NAME = "stable-audio-3-medium"


class FileKeyring(KeyringBackend):
    """One password, in the file that `TINY_KEYRING` names."""

    priority = 1  # pyright: ignore[reportAssignmentType]

    def get_password(self, service: str, username: str) -> str | None:
        path = Path(os.environ["TINY_KEYRING"])
        return path.read_text() if path.exists() else None

    def set_password(self, service: str, username: str, password: str) -> None:
        Path(os.environ["TINY_KEYRING"]).write_text(password)

    def delete_password(self, service: str, username: str) -> None:
        Path(os.environ["TINY_KEYRING"]).unlink()


if __name__ == "__main__":
    errands.CHUNK = 2**14
    if os.environ.get("TINY_KEYRING"):
        keyring.set_keyring(FileKeyring())
    else:
        from tests.engine.public.public_models import TINY_MEDIUM

        MODELS[NAME] = TINY_MEDIUM
    sys.exit(errands.main(sys.argv[1:]))
