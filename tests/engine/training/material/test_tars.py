"""Laws of tar shards: the same from a disk, a server and object storage; what cannot be read is said."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest
import soundfile
from webdataset.compat import WebDataset

from engine.errors import AudioError, SpecError
from engine.training import cli
from engine.training.material import tars
from engine.training.material.dataset import all_items
from engine.training.material.latents import Encoding
from engine.training.material.shards import identity
from engine.training.material.sounds import read_sound
from engine.training.material.tar_reading import samples, sounds_of
from engine.training.material.tars import (
    beside,
    is_tar,
    name_of,
    read_all,
    read_part,
    streaming,
    tars_in,
)
from tests.engine.training.server import Server, served


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(7):
        noise = 0.1 * rng.standard_normal((9_000 + 4_000 * number, 2))
        soundfile.write(folder / f"{number}.flac", noise, 22_050)
        (folder / f"{number}.txt").write_text(f"Noise number {number}.")
    (folder / "3.json").write_text('{"held_out": true}')
    return folder


@pytest.fixture
def packed(music: Path, tmp_path: Path) -> Path:
    """The music in shards of two or three."""
    out = tmp_path / "tars"
    assert cli.main(["shards", "--data", str(music), "--out", str(out), "--gb", "0.00025"]) == 0
    return out


@pytest.fixture
def server(packed: Path) -> Iterator[Server]:
    with served(packed) as found:
        yield found


def test_shards_have_everything_once_in_an_order_of_the_seed(packed: Path, music: Path) -> None:
    found = [sound for sound in sounds_of(tars_in([packed]), packed / "no", Encoding())]
    assert len(tars_in([packed])) > 2
    items = {identity(item.name).hex(): item for item in all_items([music])}
    order = [sound.name.rpartition("/")[2].removesuffix(".flac") for sound in found]
    assert sorted(order) == sorted(items) and order != list(items)
    for sound, key in zip(found, order, strict=True):
        item = items[key]
        exact = read_sound(item.path)
        assert sound.audio.shape == exact.shape
        assert np.abs(sound.audio.numpy() - exact).max() < 1e-4
        assert sound.facts["captions"] == item.metadata["captions"]
    assert sum(sound.facts.get("held_out", False) for sound in found) == 1
    before = {path: path.stat().st_mtime_ns for path in packed.iterdir()}
    arguments = ["--data", str(music), "--out", str(packed), "--gb", "0.00025"]
    cli.main(["shards", *arguments])
    assert {path: path.stat().st_mtime_ns for path in packed.iterdir()} == before


def test_a_used_folder_takes_no_other_material(packed: Path, music: Path, tmp_path: Path) -> None:
    line = ["shards", "--out", str(packed), "--gb", "0.00025", "--data"]
    before = {path: path.read_bytes() for path in packed.iterdir()}
    for other in (["--seed", "1"], ["--gb", "0.1"]):
        with pytest.raises(SpecError, match=r"other material.*another --out"):
            cli.main([*line, str(music), *other])
    last = tars_in([packed])[-1]
    Path(last).unlink()
    shutil.copy(music / "0.flac", music / "added.flac")
    with pytest.raises(SpecError, match="other material"):
        cli.main([*line, str(music)])
    (music / "added.flac").unlink()
    assert cli.main([*line, str(music)]) == 0
    assert Path(last).read_bytes() == before[Path(last)]
    elsewhere = tmp_path / "other" / "music"
    elsewhere.mkdir(parents=True)
    shutil.copy(music / "0.flac", elsewhere)
    with pytest.raises(AudioError, match=r"Two items are called music/0\.flac"):
        cli.main([*line, str(music), str(elsewhere)])
    for path in music.glob("*.flac"):
        shutil.copy(music / "2.flac", elsewhere / path.name)
    with pytest.raises(SpecError, match="other material"):
        cli.main([*line, str(elsewhere)])
    index = packed / "shard-00000.index.npz"
    index.write_bytes(index.read_bytes()[:300])
    with pytest.raises(SpecError, match=r"shard-00000\.index\.npz is damaged; delete it"):
        cli.main([*line, str(music)])


def test_a_shard_that_is_none_is_refused_before_any_is_read(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "junk.tar").write_bytes(b"junk" * 1000)
    for name, said in (("junk.tar", "no tar file"), ("gone.tar", "cannot be read")):
        shards = [*tars_in([packed]), str(tmp_path / name)]
        with pytest.raises(AudioError, match=f"{name}.*{said}"):
            sounds_of(shards, packed / "no", Encoding())


def test_webdataset_reads_them(packed: Path) -> None:
    rows = list(WebDataset(tars_in([packed]), shardshuffle=False, empty_check=False))
    assert len(rows) == 7
    for row in rows:
        assert soundfile.info(io.BytesIO(row["flac"])).samplerate == 44_100
        assert json.loads(row["json"])["name"].startswith("music/")


def test_a_server_and_object_storage_give_what_a_disk_gives(packed: Path, server: Server) -> None:
    store = fsspec.filesystem("memory")
    for path in packed.iterdir():
        store.pipe(f"/bucket/{path.name}", path.read_bytes())
    last = len(tars_in([packed])) - 1
    pattern = f"shard-{{00000..{last:05d}}}.tar"
    addresses = [str(packed), f"{server.address}/{pattern}", f"memory://bucket/{pattern}"]
    found = []
    for address in addresses:
        assert is_tar(address)
        shards = tars_in([address])
        names = [sound.name for sound in sounds_of(shards, packed / "no", Encoding())]
        found.append((names, read_part(shards[0], 512, 700), read_all(shards[1])))
    assert found[0] == found[1] == found[2]


def test_ranks_and_workers_read_every_shard_once(packed: Path) -> None:
    shards = tars_in([packed])
    whole = {sound.name for sound in sounds_of(shards, packed / "no", Encoding())}
    parts = [
        sound.name
        for rank in range(2)
        for sound in sounds_of(shards, packed / "no", Encoding(rank=rank, size=2))
    ]
    assert sorted(parts) == sorted(whole)
    read = sounds_of(shards, packed / "no", Encoding(workers=2))
    assert sorted(sound.name for sound in read) == sorted(whole)


def test_a_network_that_fails_once_is_asked_again(
    server: Server, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tars, "WAIT", 0.001)
    name = Path(tars_in([packed])[0]).name
    server.fails = 2
    assert read_all(f"{server.address}/{name}") == (packed / name).read_bytes()
    server.fails = 99
    with pytest.raises(AudioError, match="cannot be read"):
        read_all(f"{server.address}/{name}")
    server.fails = 0
    server.asked.clear()
    with pytest.raises(AudioError, match="404"):
        read_all(f"{server.address}/gone.tar")
    assert len(server.asked) == 1
    server.ranges = False
    with pytest.raises(AudioError, match="without ranges"):
        read_part(f"{server.address}/{name}", 0, 10)


def test_an_answer_that_breaks_off_is_asked_for_again(
    server: Server, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tars, "WAIT", 0.001)
    name = Path(tars_in([packed])[0]).name
    address, content = f"{server.address}/{name}", (packed / name).read_bytes()
    server.cuts = 2
    assert read_part(address, 512, 700) == content[512:1212]
    server.cuts = 2
    assert read_all(address) == content
    server.cuts = 99
    with pytest.raises(AudioError, match="ends before its index says"):
        read_part(address, 512, 700)
    with pytest.raises(AudioError, match="cannot be read"):
        read_all(address)
    with pytest.raises(AudioError, match="cannot be read to its end"), streaming(address) as file:
        file.read()
    wrong = [sound.wrong for sound in sounds_of([address], packed / "no", Encoding())]
    assert "the shard breaks off" in wrong[-1]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/nowhere/a.tar", "cannot be read"),
        ("nothing://a.tar", "nothing"),
    ],
)
def test_what_cannot_be_opened_is_named(address: str, said: str) -> None:
    with pytest.raises(AudioError, match=said), streaming(address):
        pass


def test_addresses_are_spelt_out_and_names_have_to_differ(tmp_path: Path) -> None:
    spelt = tars_in(["s3://b/a-{08..10}.tar"])
    assert spelt == ["s3://b/a-08.tar", "s3://b/a-09.tar", "s3://b/a-10.tar"]
    assert name_of("https://x/y/a-01.tar?key=1") == "a-01"
    assert beside("https://x/y/a-01.tar?key=1", "b.npz") == "https://x/y/b.npz?key=1"
    with pytest.raises(AudioError, match="Two shards are called a"):
        tars_in(["x/a.tar", "y/a.tar"])
    with pytest.raises(AudioError, match="no tar shards"):
        tars_in([tmp_path])
    with pytest.raises(SpecError, match="one of them"):
        cli.main(["shards", "--out", str(tmp_path)])
    assert not is_tar(tmp_path)


def test_broken_samples_and_shards_are_named_and_the_rest_is_read(packed: Path) -> None:
    path = packed / "zz.tar"
    with tarfile.open(path, "w") as tar:
        for name, content in (
            ("a/bad.wav", b"no sound"),
            ("a/bad.json", b"{}"),
            ("a/deep.flac", (packed.parent / "music" / "0.flac").read_bytes()),
            ("a/deep.json", b"[" * 100_000),
            ("a/good.flac", (packed.parent / "music" / "0.flac").read_bytes()),
            ("a/good.json", b'{"name": "Intro", "seconds": 200}'),
            ("a/wrong.json", b"["),
            ("a/notes.pdf", b"x"),
        ):
            head = tarfile.TarInfo(name)
            head.size = len(content)
            tar.addfile(head, io.BytesIO(content))
    whole = (packed / "shard-00000.tar").read_bytes()
    (packed / "broken.tar").write_bytes(whole[: len(whole) // 2])
    found = list(sounds_of(tars_in([packed]), packed / "no", Encoding()))
    wrong = {sound.name: sound.wrong for sound in found if sound.wrong}
    assert set(wrong) == {"zz/a/bad.wav", "zz/a/deep.flac", "broken"}
    assert "nested too deeply" in wrong["zz/a/deep.flac"]
    good = next(sound for sound in found if sound.name == "zz/a/good.flac")
    assert good.facts == {"seconds": good.audio.shape[1] / 44_100}
    assert "cannot be read as audio" in wrong["zz/a/bad.wav"]
    assert "breaks off" in wrong["broken"]
    assert len([sound for sound in found if not sound.wrong]) >= 7


def test_samples_are_the_files_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        for name in ("x/1.flac", "x/1.seg.txt", "x/2.flac", "y/2.flac"):
            tar.addfile(tarfile.TarInfo(name))
    with path.open("rb") as file:
        found = [(key, sorted(sample)) for key, sample in samples(file)]
    assert found == [("x/1", ["flac", "seg.txt"]), ("x/2", ["flac"]), ("y/2", ["flac"])]
