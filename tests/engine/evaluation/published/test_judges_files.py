import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.checkpoints import read_tensors
from engine.errors import CheckpointError
from engine.evaluation.published.judges_files import (
    CLAP,
    CLAP_SOURCE,
    JUDGES,
    OPENL3,
    ORIGIN,
    PASST,
    Judge,
    check_there,
    download_judges,
    missing,
    read_keras,
)
from engine.evaluation.published.openl3 import OpenL3
from engine.evaluation.published.passt import PaSST
from engine.public.fetching import Download
from engine.public.hub import Hub
from tests.engine.public.file_server import FileServer
from tests.engine.public.hub_server import FakeHub
from tests.golden.judges import judge_weights
from tests.golden.text import clap_folder

KERAS = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


def keras_file() -> bytes:
    """OpenL3's weights as Keras writes them, and the layers without any that lie between."""
    import h5py

    network = OpenL3()
    network.load_state_dict(judge_weights(network.state_dict()))
    written = io.BytesIO()
    with h5py.File(written, "w") as file:
        names = ["input_1", "melspectrogram"]
        for name in names:
            file.create_group(name).attrs["weight_names"] = []
        for place, layer in enumerate(network.layers):
            weights = {}
            for part, tensor in layer.state_dict().items():
                if tensor.ndim == 4:
                    weights["kernel:0"] = tensor.permute(2, 3, 1, 0).numpy()
                elif tensor.ndim and isinstance(layer, torch.nn.Conv2d):
                    weights["bias:0"] = tensor.numpy()
                elif tensor.ndim:
                    weights[f"{KERAS[part]}:0"] = tensor.numpy()
            name = f"layer_{place}"
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{part}" for part in weights]
            for part, values in weights.items():
                group[f"{name}/{part}"] = values
            names.append(name)
        file.attrs["layer_names"] = names
    return gzip.compress(written.getvalue(), 1)


@pytest.fixture(scope="module")
def server() -> Iterator[FileServer]:
    passt = io.BytesIO()
    torch.save({"cls_token": torch.ones(1, 1, 768)}, passt)
    with FileServer().serving() as server:
        server.files = {"/openl3.h5.gz": keras_file(), "/passt.pt": passt.getvalue()}
        yield server


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeHub]:
    folder = tmp_path / "hub"
    folder.mkdir()
    clap_folder(folder)
    (folder / "preprocessor_config.json").write_text("{}")
    with FakeHub({CLAP_SOURCE.repository: folder}).serving() as hub:
        yield hub


def judges(server: FileServer) -> tuple[Judge, ...]:
    names = {OPENL3: "openl3.h5.gz", PASST: "passt.pt"}
    return tuple(
        replace(judge, download=Download(f"{server.address}/{names[judge.file]}"))
        for judge in JUDGES
    )


def test_downloads_become_networks_of_ours(server: FileServer, hub: FakeHub, tmp_path: Path):
    folder, said = tmp_path / "judges", []
    assert missing(folder) == ["OpenL3", "PaSST", "CLAP"]
    download_judges(folder, Hub(endpoint=hub.endpoint), judges(server), said.append)
    assert missing(folder) == []
    check_there(folder)
    openl3 = OpenL3.from_file(folder / OPENL3)
    for name, tensor in judge_weights(openl3.state_dict()).items():
        assert torch.equal(openl3.state_dict()[name], tensor), name
    assert read_tensors(folder / PASST)["cls_token"].sum() == 768
    with pytest.raises(CheckpointError, match=r"does not fit PaSST: .* missing"):
        PaSST.from_file(folder / PASST)
    assert set(json.loads((folder / ORIGIN).read_text())) == {OPENL3, PASST, CLAP}
    assert sorted(path.name for path in folder.iterdir()) == sorted([OPENL3, PASST, CLAP, ORIGIN])
    assert ["CC BY 4.0" in said[0], "Apache" in said[1], len(said)] == [True, True, 3]
    # Nothing is fetched again.
    download_judges(folder, Hub(endpoint="http://127.0.0.1:9"), judges(server), said.append)
    assert len(said) == 3


def test_another_file_than_at_the_first_time_is_noticed(
    server: FileServer, hub: FakeHub, tmp_path: Path
):
    (tmp_path / ORIGIN).write_text(json.dumps({OPENL3: "sha256:0"}))
    with pytest.raises(CheckpointError, match="another file than at the first download"):
        download_judges(tmp_path, Hub(endpoint=hub.endpoint), judges(server), lambda _: None)
    assert not (tmp_path / OPENL3).exists()


def test_what_is_missing_is_named_with_the_remedy(tmp_path: Path):
    (tmp_path / OPENL3).touch()
    with pytest.raises(
        CheckpointError,
        match=r"PaSST and CLAP are not in .*; get them with 'longtake models download judges'",
    ):
        check_there(tmp_path)


def test_what_keras_did_not_write_is_refused(tmp_path: Path):
    path = tmp_path / "weights.h5"
    path.write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match="no file of OpenL3's weights"):
        read_keras(path)


def test_openl3_has_the_checksum_of_its_repository():
    assert JUDGES[0].download.checksum.startswith("git:")
