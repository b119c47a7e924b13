"""Laws of a take on disk: it tells its settings, with and without its sidecar, and is there whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import __version__
from engine.composing import compose
from engine.composing.score import Score
from engine.errors import AudioError
from engine.registry import SKETCH
from engine.sound.audio import read_audio, write_audio
from engine.sound.takes import TakeWriter, read_settings, read_spec, sidecar_path
from engine.sound.targets import Place
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, LeadSheet

SPEC = GenerationSpec(
    prompt='Genre: "Höuse" | BPM: 124',
    seconds_total=0.5,
    seed=7,
    init_audio="beat.wav",
    keep=((0.0, 0.25),),
).resolved(SKETCH)


def blocks(frames: int = 22_050, size: int = 5_000) -> list[AudioBlock]:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (2, frames)).astype(np.float32)
    return [AudioBlock(start, samples[:, start : start + size]) for start in range(0, frames, size)]


def written(path: Path, **options: Any) -> dict[str, object]:
    with TakeWriter(Place(path, **options), SPEC, 44_100) as writer:
        for block in blocks():
            writer.add(block)
        return writer.close(render_seconds=1.5)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_take_tells_its_settings_with_and_without_its_sidecar(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"take{suffix}"
    facts = written(path)
    assert read_settings(path) == facts == json.loads((tmp_path / "take.json").read_text())
    assert read_settings(tmp_path / "take.json") == facts
    assert read_spec(path) == SPEC
    moved = path.rename(tmp_path / f"moved{suffix}")
    sidecar_path(path).unlink()
    assert read_spec(moved) == SPEC
    assert read_settings(moved)["longtake"] == __version__


def test_what_a_take_plays_is_one_line_of_its_sidecar(tmp_path: Path) -> None:
    path, score = tmp_path / "take.wav", Score.of(compose(3))
    with TakeWriter(Place(path), SPEC, 44_100) as writer:
        writer.note(LeadSheet(score, "composed: a tune", score.tempo))
        for block in blocks():
            writer.add(block)
        facts = writer.close()
    text = sidecar_path(path).read_text()
    assert json.loads(text) == facts == read_settings(path)
    assert facts["lead_sheet"] == "composed: a tune"
    assert Score.from_dict(facts["score"]).tempo == score.tempo
    [line] = [line for line in text.splitlines() if line.startswith('  "score"')]
    assert str(facts["score"]["notes"][-1][1]) in line


def test_the_sidecar_says_what_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    facts = written(path, subtype="float")
    samples = read_audio(path).samples
    assert np.array_equal(samples, np.concatenate([b.samples for b in blocks()], axis=1))
    assert facts["frames"] == samples.shape[1] == 22_050
    assert (facts["seconds"], facts["sample_rate"], facts["channels"]) == (0.5, 44_100, 2)
    assert facts["peak_db"] == pytest.approx(20 * np.log10(np.abs(samples).max()), abs=0.01)
    assert facts["render_seconds"] == 1.5


def test_a_sidecar_of_another_file_is_not_believed(tmp_path: Path) -> None:
    written(tmp_path / "take.wav")
    write_audio(tmp_path / "take.flac", blocks()[0].samples, 44_100)
    with pytest.raises(AudioError, match="has no Longtake settings"):
        read_settings(tmp_path / "take.flac")


def test_nothing_is_left_when_the_work_fails_or_nothing_came(tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        TakeWriter(Place(tmp_path / "a.wav"), SPEC, 44_100) as writer,
    ):
        writer.add(blocks()[0])
        raise KeyboardInterrupt
    with pytest.raises(AudioError), TakeWriter(Place(tmp_path / "b.wav"), SPEC, 44_100):
        pass
    with (
        pytest.raises(AudioError, match="instead of"),
        TakeWriter(Place(tmp_path / "c.wav"), SPEC, 44_100) as w,
    ):
        w.add(blocks()[1])
    assert list(tmp_path.iterdir()) == []


def test_takes_are_not_replaced_unless_told(tmp_path: Path) -> None:
    written(tmp_path / "take.wav")
    for name in ("take.wav", "take.flac"):
        with pytest.raises(AudioError, match="already exists"):
            TakeWriter(Place(tmp_path / name), SPEC, 44_100)
    written(tmp_path / "take.wav", overwrite=True)


def test_a_file_without_settings_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"a": 1}')
    (tmp_path / "text.wav").write_text("hello")
    for name in ("other.json", "text.wav"):
        with pytest.raises(AudioError, match=f"{name} has no Longtake settings"):
            read_settings(tmp_path / name)
    with pytest.raises(AudioError, match="no file"):
        read_settings(tmp_path / "missing.wav")
