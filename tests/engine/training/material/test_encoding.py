"""Laws of encoding: it is the encoder's, whoever shares the work or is cut off, and what cannot be read is listed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from engine.autoencoder import Autoencoder
from engine.chunking import encode_chunked
from engine.errors import AudioError, CheckpointError, SpecError
from engine.networks import build_autoencoder
from engine.training import cli
from engine.training.material import latents
from engine.training.material.dataset import Item, all_items
from engine.training.material.latent_items import EightBits, numbered, write_item
from engine.training.material.latents import (
    Encoding,
    Sound,
    encode_material,
    encode_sounds,
    open_pieces,
    read_statistics,
)
from engine.training.material.shards import Shards, identity, shard_files
from engine.training.material.shelf import Shelf, Span, one_side
from engine.training.material.sounds import read_sound
from engine.training.recipes import SMOKE
from tests.engine.training.pieces import piece_of

LENGTHS = (0.5, 1.0, 2.5, 0.7, 3.0)


@pytest.fixture(scope="module")
def autoencoder() -> Autoencoder:
    return build_autoencoder(SMOKE.model.autoencoder).eval().requires_grad_(False)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Five sounds of several kinds, two of one stem, one held out."""
    folder = tmp_path / "music"
    (folder / "more").mkdir(parents=True)
    rng = np.random.default_rng(0)
    names = ("a.wav", "a.flac", "more/a.wav", "b.ogg", "c.wav")
    rates = (44_100, 48_000, 22_050, 44_100, 44_100)
    for name, seconds, rate in zip(names, LENGTHS, rates, strict=True):
        noise = 0.1 * rng.standard_normal((round(rate * seconds), 1 if "more" in name else 2))
        soundfile.write(folder / name, noise, rate)
    (folder / "c.json").write_text(json.dumps({"held_out": True, "caption": "Noise."}))
    return folder


def test_every_sound_is_encoded_once_as_the_encoder_does(
    music: Path, tmp_path: Path, autoencoder: Autoencoder
) -> None:
    material, folder = all_items([music]), tmp_path / "latents"
    encode_material(autoencoder, material, folder, Encoding(batch=3))
    found = {item.metadata["name"]: item for item in open_pieces(folder)}
    assert set(found) == {item.name for item in material} and len(found) == 5
    for item in material:
        audio = torch.from_numpy(read_sound(item.path))[None]
        mean, std = encode_chunked(autoencoder, audio)
        kept = found[item.name]
        exact = EightBits.of(mean[0].numpy()).restored()
        assert np.allclose(kept.latents.restored(), exact, atol=2e-2 * np.abs(exact).max())
        assert np.allclose(kept.posterior_variance, std.square().mean(-1)[0], rtol=1e-3)
        assert kept.metadata["seconds"] == pytest.approx(item.frames / 44_100, abs=1e-3)
    assert len(Shelf(folder).pieces) == 4
    assert one_side(folder, held_out=True)[0].metadata["captions"] == ["Noise."]
    before = shard_files(folder)
    encode_material(autoencoder, material, folder)
    assert shard_files(folder) == before


def test_ranks_and_workers_share_the_work_and_nobody_sees_who_did_what(
    music: Path, tmp_path: Path, autoencoder: Autoencoder
) -> None:
    material = all_items([music])
    encode_material(autoencoder, material, tmp_path / "one")
    for rank in range(3):
        encode_material(autoencoder, material, tmp_path / "three", Encoding(rank=rank, size=3))
    one, three = Shards(tmp_path / "one"), Shards(tmp_path / "three")
    assert np.array_equal(one.ids, three.ids) and np.array_equal(one.frames, three.frames)
    for some, other in zip(one, three, strict=True):
        assert some.metadata == other.metadata
        assert np.allclose(some.latents.restored(), other.latents.restored(), atol=1e-3)
    first, second = read_statistics(tmp_path / "one"), read_statistics(tmp_path / "three")
    assert np.allclose(first.std, second.std, rtol=1e-4)


def test_workers_read_the_same(music: Path, tmp_path: Path, autoencoder: Autoencoder) -> None:
    material = all_items([music])
    encode_material(autoencoder, material, tmp_path / "one")
    encode_material(autoencoder, material, tmp_path / "two", Encoding(workers=1))
    for name in ("one", "two"):
        assert len(shard_files(tmp_path / name)) == 1
    assert [path.read_bytes() for path in shard_files(tmp_path / "one")] == [
        path.read_bytes() for path in shard_files(tmp_path / "two")
    ]


def test_who_is_stopped_goes_on_where_it_ended(
    music: Path, tmp_path: Path, autoencoder: Autoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latents, "TOGETHER_SECONDS", 0.1)
    material, folder = all_items([music]), tmp_path / "latents"
    encode_material(autoencoder, material, folder, Encoding(stopped=lambda: True))
    assert len(Shards(folder)) == 1
    with pytest.raises(AudioError, match="to its end first"):
        read_statistics(folder)
    encode_material(autoencoder, material, folder)
    assert len(Shards(folder)) == 5 and len(shard_files(folder)) == 2
    assert read_statistics(folder).mean.shape == (64,)


def test_what_was_encoded_is_kept_whatever_happens(
    tmp_path: Path, autoencoder: Autoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latents, "TOGETHER_SECONDS", 0.1)

    def sounds() -> Iterator[Sound]:
        yield Sound("cut\udcff.flac", torch.empty(2, 0), {}, "it breaks off")
        yield Sound("a.flac", 0.1 * torch.randn(2, 9_000), {"seconds": 0.2})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode_sounds(autoencoder, sounds(), tmp_path)
    assert [item.metadata["name"] for item in Shards(tmp_path)] == ["a.flac"]
    listed = (tmp_path / "left_out_0.txt").read_text(encoding="utf-8")
    assert listed == "cut\\udcff.flac\tit breaks off\n"


def test_another_encoder_needs_another_folder(
    music: Path, tmp_path: Path, autoencoder: Autoencoder
) -> None:
    encode_material(autoencoder, all_items([music]), tmp_path / "latents")
    other = build_autoencoder(SMOKE.model.autoencoder).eval()
    with pytest.raises(SpecError, match="of another encoder"):
        encode_material(other, all_items([music]), tmp_path / "latents")


def test_later_changes_of_the_material_are_said(
    music: Path, tmp_path: Path, autoencoder: Autoencoder, caplog: pytest.LogCaptureFixture
) -> None:
    encode_material(autoencoder, all_items([music]), tmp_path / "latents")
    encode_material(autoencoder, all_items([music]), tmp_path / "latents")
    assert "is used as it was encoded" not in caplog.text
    (music / "a.wav").unlink()
    (music / "a.txt").write_text("Hiss.")
    soundfile.write(music / "b.ogg", np.full((88_200, 2), 0.1), 44_100)
    for rank in range(2):
        encode_material(
            autoencoder, all_items([music]), tmp_path / "latents", Encoding(rank=rank, size=2)
        )
    said = re.findall(r"(\d+) of its sounds have other .* and (\d+) are not in", caplog.text)
    assert [sum(map(int, counts)) for counts in zip(*said, strict=True)] == [2, 1]


def test_what_breaks_off_is_listed_and_nothing_at_all_is_an_error(
    music: Path,
    tmp_path: Path,
    autoencoder: Autoencoder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    material = list(all_items([music]))
    (music / "b.ogg").write_bytes((music / "b.ogg").read_bytes()[:200])
    monkeypatch.chdir(tmp_path)
    folder = Path("latents")
    encode_material(autoencoder, material, folder)
    assert f"why is in {folder / 'left_out_0.txt'}\n" in caplog.text
    assert len(open_pieces(folder)) == 4
    listed = (folder / "left_out_0.txt").read_text()
    assert listed.startswith("music/b.ogg\t") and listed.count("\n") == 1
    with pytest.raises(AudioError, match="Nothing of the material"):
        encode_material(autoencoder, [material[2]] * 0, tmp_path / "nothing")


def test_a_folder_of_another_kind_stays_as_it_is(
    music: Path, tmp_path: Path, autoencoder: Autoencoder
) -> None:
    write_item(numbered(tmp_path, 1), piece_of(1.0))
    with pytest.raises(AudioError, match="give another folder"):
        encode_material(autoencoder, all_items([music]), tmp_path)


def test_two_items_of_one_name_are_told(
    music: Path, tmp_path: Path, autoencoder: Autoencoder
) -> None:
    item = all_items([music])[0]
    twice = [item, replace(item, path=Path("elsewhere/music/a.flac"))]
    with pytest.raises(AudioError, match=r"Two items are called music/a\.flac"):
        encode_material(autoencoder, twice, tmp_path / "latents")
    assert identity(Item(Path("x/y.wav"), 1, {}).known_as) == identity("y.wav")


def test_a_folder_of_shards_is_a_shelf(
    music: Path, tmp_path: Path, autoencoder: Autoencoder
) -> None:
    encode_material(autoencoder, all_items([music]), tmp_path / "latents")
    shelf = Shelf(tmp_path / "latents")
    assert shelf.grown(Span(), 7) == Span(0, 4)
    assert [item.frames for item in shelf.items(Span(1, 2))] == shelf.pieces.frames[1:3].tolist()


def test_the_command_says_what_is_missing(music: Path, tmp_path: Path) -> None:
    line = ["latents", "--data", str(music), "--latents", str(tmp_path / "latents")]
    with pytest.raises(SpecError, match="--run with the folder of its training, or --model"):
        cli.main(line)
    with pytest.raises(SpecError, match="once for each"):
        cli.main([*line, "--model", "sketch", "--data", str(music), "a.tar"])
    with pytest.raises(SpecError, match="no device 'gpu'"):
        cli.main([*line, "--model", "sketch", "--device", "gpu"])
    with pytest.raises(SpecError, match=r"--workers is -1; it has to be 0 or more"):
        cli.main([*line, "--model", "sketch", "--workers", "-1"])
    (tmp_path / "file").touch()
    with pytest.raises(SpecError, match="names a file"):
        cli.main([*line, "--model", "sketch", "--latents", str(tmp_path / "file")])
    with pytest.raises(SpecError, match="cannot be a folder of latents"):
        cli.main([*line, "--model", "sketch", "--latents", str(tmp_path / "file" / "in")])
    with pytest.raises(CheckpointError, match="not the folder of a training run"):
        cli.main([*line, "--run", str(tmp_path)])


def test_the_command_encodes_with_a_registered_model(music: Path, tmp_path: Path) -> None:
    for name in ("a.wav", "more/a.wav", "b.ogg", "c.wav"):
        (music / name).unlink()
    folder = tmp_path / "latents"
    line = ["--data", str(music), "--latents", str(folder), "--model", "sketch"]
    assert cli.main(["latents", *line]) == 0
    assert [item.metadata["name"] for item in open_pieces(folder)] == ["music/a.flac"]
    assert np.isfinite(read_statistics(folder).silence).all()
