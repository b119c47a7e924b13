"""Downloads of public models from the Hugging Face Hub: resumable, and verified against the hub's checksums.

Nothing is downloaded before the licence is accepted. Everything that may go wrong (gated, offline, disk full) becomes a
sentence for the user. Knows nothing of the files' contents; installed.py checks and installs them.
"""

from __future__ import annotations

import errno
import fnmatch
import glob
import hashlib
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import CheckpointError, SpecError
from engine.model_files import CONFIG, PICKLE, SAFETENSORS, sha256
from engine.public.installed import Store
from engine.registry import MODELS, ModelSpec, require_public

KEYRING_SERVICE, KEYRING_USER = "longtake", "huggingface"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """Files of a repository on the hub, and the subfolder of the model's folder for them."""

    repository: str
    patterns: tuple[str, ...]
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Hub:
    """Access to the hub.

    Attributes:
        token: of the user's account; None uses the environment, the keyring or the hub's own login.
        endpoint: an alternative address of the hub.
    """

    token: str | None = None
    endpoint: str | None = None

    def download(self, spec: ModelSpec, store: Store, accepted: bool) -> Path:
        """Downloads a model; resumes an interrupted download.

        Args:
            spec: a public model.
            store: where to install it.
            accepted: whether the user has read and accepted `spec.licence`.

        Returns:
            Its folder.

        Raises:
            SpecError: if the model is not public, or its licence was not accepted.
            CheckpointError: if the hub is unreachable or refuses, or the files do not fit.
        """
        require_public(spec)
        if spec.name not in MODELS:
            raise SpecError(f"{spec.name} is your own: nobody else has it to download.")
        if not accepted:
            raise SpecError(f"The licence of {spec.name} must be accepted first: {spec.licence}.")
        if store.has(spec):
            return store.folder(spec)
        part = store.part(spec)
        with _in_words(spec.name, spec.repository):
            part.mkdir(parents=True, exist_ok=True)
            revisions = {source.repository: self._fetch(source, part) for source in sources(spec)}
        return store.install(spec, {"revisions": revisions})

    def fetch(self, source: Source, part: Path) -> str:
        """Downloads files that are of no model of ours; what came before stays.

        Returns:
            Their revision.

        Raises:
            CheckpointError: if the hub is unreachable or refuses.
        """
        with _in_words(source.repository, source.repository):
            part.mkdir(parents=True, exist_ok=True)
            return self._fetch(source, part)

    def size(self, spec: ModelSpec) -> int:
        """Bytes of all files of a model; asks the hub, which says so without a token too.

        Raises:
            SpecError: if the model is not public.
            CheckpointError: if the hub is unreachable or refuses.
        """
        require_public(spec)
        with _in_words(spec.name, spec.repository):
            from huggingface_hub import HfApi

            api = HfApi(endpoint=self.endpoint, token=self.token or stored_token() or False)
            found = 0
            for source in sources(spec):
                info = api.model_info(source.repository, files_metadata=True)
                files = {file.rfilename: file.size or 0 for file in info.siblings or []}
                found += sum(files[name] for name in _wanted(list(files), source))
        return found

    def _fetch(self, source: Source, part: Path) -> str:
        """Downloads the files of a repository; returns their revision."""
        # Takes seconds to import, and only downloads need it.
        from huggingface_hub import HfApi

        token = self.token or stored_token()
        api = HfApi(endpoint=self.endpoint, token=token or False)
        info = api.model_info(source.repository, files_metadata=True)
        wanted = _wanted([file.rfilename for file in info.siblings or []], source)
        target = part / source.folder
        files = {file.rfilename: file for file in info.siblings or [] if file.rfilename in wanted}
        # What came before the repository changed, or was cut short, comes again.
        missing = {n: file for n, file in files.items() if not _is_whole(target / n, file)}
        _check_space(part, sum(file.size or 0 for file in missing.values()))
        for name, file in missing.items():
            self._fetch_file(source.repository, str(info.sha), file, target / name)
        return str(info.sha)

    def _fetch_file(self, repository: str, revision: str, file: Any, path: Path) -> None:
        """Downloads one file, resuming an earlier attempt, which the library itself no longer does."""
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers

        url = hf_hub_url(repository, file.rfilename, revision=revision, endpoint=self.endpoint)
        headers = build_hf_headers(token=self.token or stored_token() or False)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Named by what it will be: the rest of another version is never appended.
        part = path.with_name(f"{path.name}.{_checksum(file)[:12]}.incomplete")
        for other in path.parent.glob(f"{glob.escape(path.name)}*.incomplete"):
            if other != part:
                other.unlink()
        resumed = _started(part, file)
        with part.open("ab") as content:
            if file.size is None or content.tell() < file.size:
                http_get(
                    url,
                    content,
                    resume_size=content.tell(),
                    headers=headers,
                    expected_size=file.size,
                    displayed_filename=file.rfilename,
                )
            content.flush()
            os.fsync(content.fileno())
        if not _is_whole(part, file):
            part.unlink()
            if resumed:  # What was here may have been the damage.
                return self._fetch_file(repository, revision, file, path)
            raise CheckpointError(
                f"{file.rfilename} was damaged in the download (its checksum differs); download it again."
            )
        part.replace(path)
        return None


def sources(spec: ModelSpec) -> tuple[Source, ...]:
    """The files of a public model on the hub: weights, configuration and text encoder."""
    own = (CONFIG, SAFETENSORS, PICKLE)
    if spec.conditioning.text.encoder == "t5gemma":
        return (Source(spec.repository, (*own, "t5gemma-b-b-ul2/*")),)
    if spec.name == "stable-audio-open-1.0":
        return (Source(spec.repository, (*own, "text_encoder/*", "tokenizer/*")),)
    # This repository has no text encoder.
    t5 = ("config.json", SAFETENSORS, "spiece.model", "tokenizer*.json", "special_tokens_map.json")
    return Source(spec.repository, own), Source("google-t5/t5-base", t5, "t5-base")


def stored_token() -> str | None:
    """The user's token for the hub: from the environment, the system's keyring, or the hub's own login."""
    for variable in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if os.environ.get(variable):
            return os.environ[variable].strip()
    try:
        import keyring

        token = keyring.get_password(KEYRING_SERVICE, KEYRING_USER)
        if token:
            return token
    except (
        Exception
    ) as error:  # No keyring package or no keyring: every back end raises errors of its own.
        log.info("no keyring: %s", error)
    from huggingface_hub import get_token

    return get_token()


def store_token(token: str) -> None:
    """Stores a token in the system's keyring.

    Raises:
        SpecError: if there is no keyring.
    """
    try:
        import keyring

        keyring.set_password(KEYRING_SERVICE, KEYRING_USER, token)
    except Exception as error:
        raise SpecError(
            f"This system has no keyring ({error}); set the environment variable HF_TOKEN instead."
        ) from error


def _wanted(names: list[str], source: Source) -> set[str]:
    wanted = {n for n in names if any(fnmatch.fnmatch(n, pattern) for pattern in source.patterns)}
    if SAFETENSORS in wanted:
        wanted.discard(PICKLE)
    return wanted


def _started(part: Path, file: Any) -> bool:
    """Whether a download goes on; one that is longer than the file can ever be starts over."""
    there = part.stat().st_size if part.is_file() else 0
    if file.size is not None and there > file.size:
        part.unlink()
        return False
    return there > 0


def _checksum(file: Any) -> str:
    """The hub's own: SHA-256 of large files, the git blob id of small ones."""
    return str(file.lfs.sha256 if file.lfs else file.blob_id)


def _is_whole(path: Path, file: Any) -> bool:
    """Whether a file is here as the hub has it."""
    if not path.is_file() or (file.size is not None and path.stat().st_size != file.size):
        return False
    if file.lfs:
        return sha256(path) == _checksum(file)
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest() == _checksum(file)


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise CheckpointError(
            f"There is not enough space in {folder.parent}: {needed / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free."
        )


@contextmanager
def _in_words(name: str, repository: str) -> Iterator[None]:
    """Turns errors of the download into sentences for the user."""
    from huggingface_hub import errors

    page = f"https://huggingface.co/{repository}"
    offline = (
        f"The hub cannot be reached, so {name} cannot be downloaded now; try again later, or import it "
        "from a folder with 'longtake models add FOLDER'."
    )
    try:
        yield
    except errors.GatedRepoError as error:
        raise CheckpointError(
            f"{name} is gated: accept its licence with your account on {page}, and store the account's "
            "token with 'longtake models login' or in HF_TOKEN."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise CheckpointError(
            f"The hub has no {repository} that is visible to this account; see {page}."
        ) from error
    except (errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError, ConnectionError) as error:
        raise CheckpointError(offline) from error
    except errors.HfHubHTTPError as error:
        raise CheckpointError(
            f"The hub refused the request: {str(error).splitlines()[0]}."
        ) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise CheckpointError(
                f"The disk is full; the download of {name} is incomplete."
            ) from error
        raise CheckpointError(f"{name} cannot be stored: {error}.") from error
    except Exception as error:
        # The HTTP library, whose name depends on the version, raises errors of its own.
        if type(error).__module__.startswith("httpx"):
            raise CheckpointError(offline) from error
        raise
