"""Laws of a recording: it is on the disk as it comes, whole when it ends, and found again after a kill."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.errors import BridgeError
from bridge.events import Event, Notice
from bridge.state import Search
from bridge.takes import sidecar
from bridge.takes.library import Library
from bridge.takes.recordings import (
    FADE_IN,
    FADE_OUT,
    RELEASE,
    PendingRecording,
    RecordingDraft,
    begin,
    finish_left,
)
from engine.live_settings import LiveSettings
from tests.bridge.parts import library_in
from tests.small_disks import small_disk

RATE = 8000
WRITER = """
import sys, time
import numpy as np
from pathlib import Path
from bridge.takes.library import Library
from bridge.takes.recordings import RecordingDraft, begin
library = Library(Path(sys.argv[1]), lambda event: None, Path(sys.argv[1]) / ".data")
pending = begin(library, RecordingDraft(8000, tempo=90.0, key="A minor"))
while True:
    pending.write(np.full((800, 2), 0.25, np.float32))
    print(pending.frames, flush=True)
    time.sleep(0.001)
"""


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    events: list[Event] = []
    library = library_in(tmp_path / "takes", events.append)
    yield library
    library.close()


def noise(seconds: float, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.5, 0.5, (round(seconds * RATE), 2)).astype(np.float32)


def hidden(library: Library) -> list[Path]:
    return [path for path in library.folder.iterdir() if path.name.endswith(".recording")]


@pytest.mark.skipif(os.name == "nt", reason="Windows renames no folder of an open file")
def test_a_recording_whose_folder_goes_away_is_kept(library: Library) -> None:
    sound = noise(2.5)
    pending = begin(library, RecordingDraft(RATE))
    pending.write(sound[:RATE])
    library.folder.rename(library.folder.with_name("elsewhere"))
    pending.write(sound[RATE:])
    take = pending.finish()
    assert take.path.parent == library.refuge and library.get(take.id) == take
    kept, rate = soundfile.read(take.path, dtype="float32")
    inside = slice(round(FADE_IN * RATE), len(sound) - round(FADE_OUT * RATE))
    assert rate == RATE and len(kept) == len(sound)
    np.testing.assert_array_equal(kept[inside], sound[inside])
    assert not list(library.refuge.glob(".*.recording"))


def test_what_was_played_is_the_take_without_the_silence_behind_it(library: Library) -> None:
    sound = noise(2.5)
    pending = begin(library, RecordingDraft(RATE, tempo=90.0, key="A minor"))
    for start in range(0, len(sound), 333):
        pending.write(sound[start : start + 333])
    pending.write(np.zeros((3 * RATE, 2), np.float32))
    assert not list(library.folder.glob("*.wav"))
    take = pending.finish()
    assert hidden(library) == []
    read, rate = soundfile.read(take.path, dtype="float32", always_2d=True)
    assert rate == RATE == take.sample_rate
    assert len(read) == len(sound) + round(RELEASE * RATE)
    fade = round(FADE_IN * RATE)
    assert np.array_equal(read[fade : len(sound)], sound[fade:])
    assert not read[0].any() and not read[len(sound) :].any()
    assert soundfile.info(str(take.path)).subtype == "FLOAT"
    assert (take.kind, take.tempo_asked, take.key) == ("capture", 90.0, "A minor")
    assert take.seconds == len(read) / RATE
    assert library.search(Search()) == [take]
    assert "_capture_90bpm_Am_capture" in take.id


def test_a_sound_up_to_the_end_is_faded(library: Library) -> None:
    pending = begin(library, RecordingDraft(RATE))
    pending.write(np.ones((RATE, 2), np.float32))
    read = soundfile.read(pending.finish().path, always_2d=True)[0]
    fade = round(FADE_OUT * RATE)
    assert len(read) == RATE and read[-1, 0] == 0
    assert (np.diff(read[-fade:, 0]) < 0).all() and (read[RATE // 2 : -fade] == 1).all()


def test_what_is_left_of_a_live_recording_is_a_take_of_its_kind_with_its_settings(
    library: Library,
) -> None:
    settings = asdict(LiveSettings(prompt="funk " * 400, strength=0.6, seed=3, model="sketch"))
    left = begin(library, RecordingDraft(RATE, name="funk drums", tempo=96.0, live=settings))
    left.write(noise(1.5))
    left._file.close()  # As the end of its process does.
    library.abandon(left._name)
    [take] = finish_left(library)
    assert (take.kind, take.live, take.prompt) == ("live", settings, settings["prompt"])
    assert (take.seed, take.model, take.spec) == (3, "sketch", {})
    assert sidecar.read(take.path).live == settings
    assert library.search(Search(kind="live")) == [take] and not library.search(
        Search(kind="capture")
    )


@pytest.mark.parametrize("seconds", [0.0, 2.5])
def test_silence_is_no_take_and_leaves_nothing(library: Library, seconds: float) -> None:
    pending = begin(library, RecordingDraft(RATE))
    pending.write(np.full((round(seconds * RATE), 2), 1e-4, np.float32))
    with pytest.raises(BridgeError, match="Nothing was heard"):
        pending.finish()
    assert hidden(library) == [] and library.search(Search()) == []


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_a_kill_takes_no_frame_that_was_written(library: Library) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(library.folder)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout
    for _ in range(20):
        written = int(writer.stdout.readline())
    assert finish_left(library) == []  # It is being written, by another process.
    assert len(hidden(library)) == 1
    writer.send_signal(signal.SIGKILL)
    written = int(([*writer.stdout] or [written])[-1])
    writer.wait()
    [take] = finish_left(library)
    read = soundfile.read(take.path, always_2d=True)[0]
    assert len(read) >= written
    assert (read[100:-100] == 0.25).all()
    assert (take.tempo_asked, take.key) == (90.0, "A minor")
    assert hidden(library) == [] and library.search(Search()) == [take]
    assert finish_left(library) == []


def test_what_cannot_be_finished_is_left_alone_and_hides_no_other(library: Library) -> None:
    (library.folder / ".a.recording").write_bytes(b"RIFF")
    (library.folder / ".b.recording").write_bytes(b"")
    (library.folder / ".c.recording").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(library.folder / ".d.recording")
    pending = begin(library, RecordingDraft(RATE))
    pending.write(noise(1.0))
    pending._file.close()  # As a kill does.
    assert [take.seconds for take in finish_left(library)] == [1.0]
    assert (library.folder / ".a.recording").exists()


class Full:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, file: object, room: int) -> None:
        self._file, self._room = file, room

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)

    def write(self, data: bytes) -> int:
        if self._room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        took = self._file.write(data[: self._room])  # type: ignore[attr-defined]
        self._room -= took
        return took


def test_a_recording_goes_on_elsewhere_when_its_disk_is_full(tmp_path: Path) -> None:
    said: list[Event] = []
    with small_disk(tmp_path / "stick", 2**17) as stick:
        library = Library(stick, said.append, tmp_path / "data")
        sound = noise(3.0)
        pending = begin(library, RecordingDraft(RATE))
        for start in range(0, len(sound), 1000):
            pending.write(sound[start : start + 1000])
        assert not hidden(library), "what goes on elsewhere takes no space"
        take = pending.finish()
        assert take.path.parent == library.refuge and library.get(take.id) == take
        notices = [event.text for event in said if isinstance(event, Notice)]
        assert len(notices) == 1 and str(stick) in notices[0] and "is full" in notices[0]
        kept = soundfile.read(take.path, dtype="float32")[0]
        inside = slice(round(FADE_IN * RATE), len(sound) - round(FADE_OUT * RATE))
        np.testing.assert_array_equal(kept[inside], sound[inside])
        library.close()


def test_what_was_written_stays_where_no_disk_takes_more(library: Library) -> None:
    sound = noise(2.0)
    pending: PendingRecording = begin(library, RecordingDraft(RATE))
    library.refuge.parent.mkdir(parents=True, exist_ok=True)
    library.refuge.write_text("no folder")
    plain = pending._file
    pending._file = Full(plain, 8 * RATE + 100)  # type: ignore[assignment]
    pending.write(sound[: RATE // 2])
    with pytest.raises(BridgeError, match="is full"):
        pending.write(sound[RATE // 2 :])
    pending._file = plain
    read = soundfile.read(pending.finish().path, dtype="float32", always_2d=True)[0]
    assert len(read) >= RATE // 2
    assert np.array_equal(read[100 : RATE // 2 - 100], sound[100 : RATE // 2 - 100])


def test_a_recording_of_any_length_takes_no_more_memory(library: Library) -> None:
    pending = begin(library, RecordingDraft(RATE))
    part = noise(1.0)
    tracemalloc.start()
    for _ in range(300):
        pending.write(part)
    take = pending.finish()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert take.seconds == 300.0
    assert peak < 12_000_000  # The samples alone have 19 200 000 bytes.


def test_a_folder_that_cannot_be_written_costs_no_recording(tmp_path: Path) -> None:
    with small_disk(tmp_path / "stick", 2**20) as stick:
        subprocess.run(["mount", "-o", "remount,ro", str(stick)], check=True)
        library = Library(stick, lambda event: None, tmp_path / "data")
        pending = begin(library, RecordingDraft(RATE))
        pending.write(noise(1.0))
        take = pending.finish()
        assert take.path.parent == library.refuge
        assert library.search(Search()) == [take]
        killed = begin(library, RecordingDraft(RATE, name="killed"))
        killed.write(noise(1.0))
        killed._file.close()
        assert [found.name for found in finish_left(library)] == ["killed"]
        library.close()
