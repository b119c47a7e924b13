"""Laws of a take in a pipe: the bytes are those of the file, and a reader that went is no other error."""

from __future__ import annotations

import errno
import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import AudioError
from engine.registry import SKETCH
from engine.sound.audio import read_audio, read_texts
from engine.sound.pipes import TakePipe
from engine.sound.takes import TakeWriter, read_spec
from engine.sound.targets import Place
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Remark

SPEC = GenerationSpec(prompt="Höuse 電", seconds_total=0.5, seed=7).resolved(SKETCH)


def blocks(channels: int = 2, frames: int = 22_050, size: int = 5_000) -> list[AudioBlock]:
    # Louder than full scale here and there: that is clipped alike.
    samples = np.random.default_rng(0).uniform(-1.1, 1.1, (channels, frames)).astype(np.float32)
    return [AudioBlock(start, samples[:, start : start + size]) for start in range(0, frames, size)]


def piped(subtype: str | None, sound: list[AudioBlock]) -> tuple[bytes, dict[str, Any]]:
    stream = io.BytesIO()
    pipe = TakePipe(stream, SPEC, 44_100, subtype)
    pipe.note(Remark("It is loud."))
    for block in sound:
        pipe.add(block)
    return stream.getvalue(), pipe.close(kind="generate") | {"bytes": stream.getvalue()}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("subtype", ["16", "24", "float"])
def test_the_bytes_are_those_of_the_file(
    tmp_path: Path, subtype: str, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)  # Files say when they were made.
    path = tmp_path / "take.wav"
    with TakeWriter(Place(path, subtype), SPEC, 44_100) as writer:
        for block in blocks(channels):
            writer.add(block)
        facts = writer.close()
    _, told = piped(subtype, blocks(channels))
    sent = tmp_path / "sent.wav"
    sent.write_bytes(told["bytes"])  # pyright: ignore[reportArgumentType]
    if subtype != "float":  # libsndfile adds the peak to floats, with the hour.
        assert sent.read_bytes() == path.read_bytes()
    assert np.array_equal(read_audio(sent).samples, read_audio(path).samples)
    assert read_texts(sent) == read_texts(path) and read_spec(sent) == SPEC
    alike = ("frames", "seconds", "channels", "subtype", "true_peak_db", "loudness_lufs", "spec")
    assert {name: told[name] for name in alike} == {name: facts[name] for name in alike}
    assert told["remarks"] == ["It is loud."] and told["kind"] == "generate"


def test_the_header_is_right_before_the_last_sample_is_known() -> None:
    stream = io.BytesIO()
    pipe = TakePipe(stream, SPEC, 44_100, "16")
    pipe.add(blocks()[0])
    begun = stream.getvalue()
    assert int.from_bytes(begun[40:44], "little") == 22_050 * 2 * 2
    for block in blocks()[1:]:
        pipe.add(block)
    pipe.close()
    assert int.from_bytes(begun[4:8], "little") == len(stream.getvalue()) - 8


def test_a_take_that_is_too_short_is_an_error() -> None:
    with pytest.raises(AudioError, match="20000 frames instead of 22050"):
        piped(None, blocks(frames=20_000))
    with pytest.raises(AudioError, match="no audio"):
        piped(None, [])


@pytest.mark.parametrize(
    ("number", "raised"),
    [(errno.EPIPE, BrokenPipeError), (errno.EINVAL, BrokenPipeError), (errno.EIO, AudioError)],
)
def test_a_reader_that_went_is_told_from_a_fault(number: int, raised: type[Exception]) -> None:
    class Gone(io.BytesIO):
        def write(self, content: object) -> int:
            raise OSError(number, "gone")

    with pytest.raises(raised):
        TakePipe(Gone(), SPEC, 44_100).add(blocks()[0])
