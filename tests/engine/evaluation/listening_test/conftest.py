"""Three systems, two of them and real music, with three short takes each; and the test made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.evaluation.listening_test.command import write
from engine.evaluation.listening_test.design import ListeningTest

PROMPTS = ("House, 124 BPM, warm pads & a round bass", "Solo piano, slow", "")
SYSTEMS = ("real", "ours", "theirs")


def tone(seconds: float, pitch: float, level: float, rate: int = 44_100) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    rng = np.random.default_rng(round(pitch))
    sides = [np.sin(2 * np.pi * f * t) for f in (pitch, 1.5 * pitch)]
    return level * (np.stack(sides) + 0.3 * rng.standard_normal((2, len(t))))


@pytest.fixture(scope="session")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder per system, of different rates, levels and formats."""
    root = tmp_path_factory.mktemp("systems")
    for place, system in enumerate(SYSTEMS):
        (root / system / "below").mkdir(parents=True)
        for number, prompt in enumerate(PROMPTS):
            rate = (44_100, 32_000, 48_000)[place]
            path = root / system / "below" / f"{number}{('.wav', '.flac', '.ogg')[place]}"
            sound = tone(2.0 + 0.2 * number, 220 * (place + 1), 0.05 * (place + 1), rate)
            soundfile.write(str(path), sound[: 1 + (place != 1)].T, rate)
            if prompt and system == "ours":
                path.with_suffix(".txt").write_text(prompt)
    return root


@pytest.fixture(scope="session")
def written(systems: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test of these systems; nobody writes into it."""
    out = tmp_path_factory.mktemp("tests") / "test"
    folders = [str(systems / name) for name in SYSTEMS]
    words = ["--systems", *folders, "--reference", "real", "--out", str(out), "--listen", "0.5"]
    write([*words, "--contact", "ada@example.org"])
    return out


@pytest.fixture(scope="session")
def listening(written: Path) -> ListeningTest:
    return ListeningTest.load(written)


@pytest.fixture
def answered(listening: ListeningTest):
    """Answers of a whole session as the page sends them: a system's value plus what it is told for each listener."""

    def answer(session: str, values: dict[str, int], **more: object) -> dict[str, object]:
        ratings = {
            one.code: {
                name: 1 if name == "stereo" else values.get(one.system, 3)
                for name in listening.asked(item)
            }
            for item in listening.items
            for one in item.stimuli
        }
        return {"test": listening.id, "session": session, "ratings": ratings, **more}

    return answer
