"""The Song Describer Dataset (Manco et al. 2023): the captions of the benchmark, and the recordings that they describe.

Captions are CC BY-SA 4.0, recordings have Creative Commons licences of their own: so they are fetched by whoever uses
them, and none come with Longtake. The 586 captions without singing do not follow from the paper's list of words, which
leaves 632, so that their list is fetched too. Knows nothing of judges.
"""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import CheckpointError
from engine.model_files import models_folder
from engine.public.fetching import Download, fetch, read_page

RECORD = "https://zenodo.org/api/records/10072001"
LISTS = "https://raw.githubusercontent.com/Stability-AI/stable-audio-metrics/fd55536cc812c460ecc421220864993c7f168184"
NO_SINGING, ALL = "no-singing.csv", "all.csv"
"""586 captions of 446 tracks, and 1106 of 706."""
FOLDER = "song-describer"
AUDIO, TRACKS = "audio.zip", "tracks"
_TRACK = re.compile(r"(\d+)(?:\.2min)?\.mp3")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where lists and recordings are published."""

    lists: dict[str, Download]
    record: str


SOURCES = Sources(
    {
        NO_SINGING: Download(
            f"{LISTS}/load/song_describer-nosinging.csv",
            "sha256:6a2842699626273cc9d68161d61c4dc5fe51bb89876a344858b2c66f8665a73b",
        ),
        ALL: Download(
            f"{LISTS}/load/song_describer.csv",
            "sha256:fb853b0327394cfdbdc205f712fdb64df70e6fcd3bae3a9d3f1617d54b45ad70",
        ),
    },
    RECORD,
)


def song_describer_folder() -> Path:
    """Where it lies unless another folder is given, beside the folder of models; it need not exist."""
    return models_folder().with_name(FOLDER)


def fetch_song_describer(
    folder: Path, *, audio: bool, sources: Sources = SOURCES, say: Callable[[str], None] = print
) -> None:
    """Fetches the lists, and the recordings if they are asked for; goes on where an earlier attempt stopped.

    Afterwards `folder` has both lists, and in `tracks` the recordings, each under its track's number.

    Raises:
        CheckpointError: if a server cannot be reached, or what came is damaged.
    """
    say(
        "Captions: CC BY-SA 4.0, Manco et al. 2023; recordings: Creative Commons, each with its own licence."
    )
    for name, download in sources.lists.items():
        fetch(download, folder / name)
    if audio and not (folder / TRACKS).is_dir():
        say(f"Downloading the recordings from {sources.record} ...")
        archive = fetch(_archive(sources.record), folder / f".{AUDIO}")
        count = _unpack(archive, folder / TRACKS)
        archive.unlink()
        say(f"{count} recordings are in {folder / TRACKS}.")


def _archive(record: str) -> Download:
    """The archive of recordings as the record describes it, with its checksum."""
    try:
        files = json.loads(read_page(record))["files"]
        one = next(file for file in files if file["key"] == AUDIO)
        return Download(str(one["links"]["self"]), str(one["checksum"]))
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise CheckpointError(f"{record} does not say where {AUDIO} is any more.") from error


def _unpack(archive: Path, folder: Path) -> int:
    """Each recording under its track's number, whatever folder it was in; all of them or none."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    count = 0
    try:
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                named = _TRACK.fullmatch(entry.filename.rpartition("/")[2])
                if named is None:
                    continue
                target = part / f"{named[1]}.mp3"
                with packed.open(entry) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file)
                count += 1
    except (zipfile.BadZipFile, OSError) as error:
        raise CheckpointError(f"{archive} cannot be unpacked: {error}.") from error
    part.rename(folder)
    return count
