from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.cli.live import FLAGS, main
from engine.errors import LongtakeError
from engine.live.engine import LiveEngine
from engine.live_settings import LiveSettings, LiveStream, Metre, Pace
from engine.sound.audio import Samples
from engine.updates import Step
from tests.engine.live.toys import RATE, strokes, toy


class Late:
    """A stream that gives back what it got, in hops of 1000 samples, negated."""

    def __init__(self) -> None:
        self.pace = Pace(1, 2, 8, 1000 / RATE, 3000)
        self._waiting: Samples = np.zeros((2, 0), np.float32)

    def push(self, samples: Samples, *, hurry: bool = False) -> Samples:
        self._waiting = np.concatenate([self._waiting, samples], axis=1)
        ready = max(self._waiting.shape[1] - 2000, 0) // 1000 * 1000
        made, self._waiting = self._waiting[:, :ready], self._waiting[:, ready:]
        return -made

    def change(self, settings: LiveSettings) -> None: ...

    def keep_time(self, metre: Metre | None) -> None: ...


class Begun:
    """Remembers what was asked of it."""

    def __call__(self, settings: LiveSettings, metre: Metre | None) -> Iterator[Step | LiveStream]:
        self.settings, self.metre = settings, metre
        yield Step("loading", 1, 1)
        yield Late()


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    soundfile.write("beat.wav", 0.5 * strokes(1.2345).T, RATE, "FLOAT")
    return tmp_path


def test_the_output_is_as_long_as_the_input_and_aligned_with_it(room: Path):
    assert (
        main(["drums", "--file", "beat.wav", "--out", "out.wav", "--subtype", "float"], Begun())
        == 0
    )
    source, made = soundfile.read("beat.wav")[0], soundfile.read("out.wav")[0]
    np.testing.assert_allclose(made, -source, atol=1e-6)


def test_wet_and_input_gain_are_applied(room: Path):
    line = "drums --file beat.wav --out out.wav --subtype float --wet 0.25 --input-gain -6"
    assert main(line.split(), Begun()) == 0
    source, made = soundfile.read("beat.wav")[0], soundfile.read("out.wav")[0]
    np.testing.assert_allclose(made, 0.5 * source * 10 ** (-6 / 20), atol=1e-6)


def test_any_rate_and_number_of_channels_is_played(room: Path):
    soundfile.write("mono.wav", np.random.default_rng(0).uniform(-0.2, 0.2, 48_001), 48_000)
    assert main(["drums", "--file", "mono.wav", "--out", "out.flac"], Begun()) == 0
    made = soundfile.info("out.flac")
    assert (made.frames, made.samplerate, made.channels) == (44_101, RATE, 2)


def test_every_setting_that_a_file_has_is_a_flag(room: Path):
    begun = Begun()
    line = (
        "drums --file beat.wav --out out.wav --prompt-b strings --blend 0.5 --strength 0.6 --no-steer --model sketch "
        "--steps 6 --cfg-scale 4 --hop 500 --seed 9 --bpm 96"
    )
    main(line.split(), begun)
    assert begun.metre == Metre(96)
    assert begun.settings == LiveSettings(
        prompt="drums",
        prompt_b="strings",
        blend=0.5,
        strength=0.6,
        steer=False,
        steps=6,
        cfg_scale=4.0,
        hop=500.0,
        seed=9,
    )
    assert {"delay", "freeze", "late", "monitor"}.isdisjoint(FLAGS)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--file beat.wav --out out.wav", "needs a prompt"),
        ("funk drums --file beat.wav --out out.wav", "goes in quotes"),
        ("drums --file none.wav --out out.wav", "no file none.wav"),
        ("drums --file beat.wav --out beat.wav --force", "choose another name"),
        ("drums --file beat.wav --out out.xyz", "xyz"),
        ("drums --file beat.wav --out out.wav --blend 0.5", "needs prompt_b"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_leaves_nothing(room: Path, line: str, said: str):
    with pytest.raises(LongtakeError, match=said):
        main(line.split(), Begun())
    assert not (room / "out.wav").exists()


@pytest.mark.parametrize("flag", ["--delay 1", "--strength 2", "--hop 1", "--frezze"])
def test_flags_that_are_not_there_or_out_of_range_end_it(
    room: Path, flag: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as left:
        main(f"drums --file beat.wav --out out.wav {flag}".split(), Begun())
    assert left.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_that_is_there_is_not_replaced_unless_forced(room: Path):
    line = ["drums", "--file", "beat.wav", "--out", "out.wav"]
    assert main(line, Begun()) == 0
    with pytest.raises(LongtakeError, match="exists"):
        main(line, Begun())
    assert main([*line, "--force"], Begun()) == 0


def test_it_is_the_stream_itself(room: Path):
    engine = LiveEngine("cpu", load=toy)

    def begins(settings: LiveSettings, metre: Metre | None) -> Iterator[Step | LiveStream]:
        yield (yield from engine.begin(settings, metre, timed=False))

    line = "drums --file beat.wav --out out.wav --subtype float --steps 1 --no-steer"
    assert main(line.split(), begins) == 0
    settings = LiveSettings(prompt="drums", steps=1, steer=False, hop=279.0)
    stream = next(step for step in begins(settings, None) if not isinstance(step, Step))
    sound = soundfile.read("beat.wav")[0].T.astype(np.float32)
    made = stream.push(np.pad(sound, ((0, 0), (0, stream.pace.latency))))[:, : sound.shape[1]]
    np.testing.assert_allclose(soundfile.read("out.wav", dtype="float32")[0].T, made, atol=1e-6)
