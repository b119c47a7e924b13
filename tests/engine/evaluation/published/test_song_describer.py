import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import CheckpointError
from engine.evaluation.published.prompts import read_prompts
from engine.evaluation.published.song_describer import (
    ALL,
    NO_SINGING,
    SOURCES,
    Sources,
    fetch_song_describer,
)
from engine.public.fetching import Download
from tests.engine.public.file_server import FileServer

LIST = "caption_id,track_id,caption\n859,1004034,Slow\n990,1007274,Fast\n"


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer().serving() as server:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("audio/34/1004034.2min.mp3", b"slow")
            archive.writestr("audio/74/1007274.2min.mp3", b"fast")
            archive.writestr("__MACOSX/audio/74/._1007274.2min.mp3", b"no music")
            archive.writestr("../../evil.sh", b"no music either")
        server.files["/audio.zip"] = packed.getvalue()
        server.files["/list.csv"] = LIST.encode()
        server.files["/record"] = json.dumps(
            {
                "files": [
                    {
                        "key": "audio.zip",
                        "checksum": f"md5:{hashlib.md5(packed.getvalue()).hexdigest()}",
                        "links": {"self": f"{server.address}/audio.zip"},
                    }
                ]
            }
        ).encode()
        yield server


def sources(server: FileServer) -> Sources:
    lists = {name: Download(f"{server.address}/list.csv") for name in (NO_SINGING, ALL)}
    return Sources(lists, f"{server.address}/record")


def test_lists_and_recordings_lie_by_their_numbers(server: FileServer, tmp_path: Path):
    said: list[str] = []
    for _ in range(2):
        fetch_song_describer(tmp_path / "sdd", audio=True, sources=sources(server), say=said.append)
        assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == sorted(
            ["1004034.mp3", "1007274.mp3", ALL, NO_SINGING]
        )
        # All is there: nothing is fetched again.
        server.files.clear()
    assert (tmp_path / "sdd/tracks/1004034.mp3").read_bytes() == b"slow"
    assert [prompt.reference for prompt in read_prompts(tmp_path / "sdd" / NO_SINGING)] == [
        "1004034",
        "1007274",
    ]
    assert "CC BY-SA 4.0" in said[0]
    assert "2 recordings" in said[2]


def test_a_damaged_archive_leaves_nothing(server: FileServer, tmp_path: Path):
    server.files["/audio.zip"] += b"x"
    with pytest.raises(CheckpointError, match=r"audio\.zip was damaged in the download"):
        fetch_song_describer(tmp_path, audio=True, sources=sources(server), say=lambda _: None)
    assert not (tmp_path / "tracks").exists()


def test_a_record_without_the_archive_is_said(server: FileServer, tmp_path: Path):
    server.files["/record"] = b'{"files": []}'
    with pytest.raises(CheckpointError, match=r"does not say where audio\.zip is"):
        fetch_song_describer(tmp_path, audio=True, sources=sources(server), say=lambda _: None)


def test_the_lists_have_known_checksums():
    assert set(SOURCES.lists) == {NO_SINGING, ALL}
    assert all(len(one.checksum) == len("sha256:") + 64 for one in SOURCES.lists.values())
