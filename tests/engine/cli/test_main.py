"""Laws of the command line: a take or one sentence; nothing half-written, no traceback, nothing replaced unasked."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.cli.main import main
from engine.composing.composer import compose
from engine.composing.midi_files import write_midi
from engine.composing.score import Score
from engine.errors import AudioError
from engine.registry import SAMPLE_RATE, SKETCH
from engine.sound.audio import read_audio, write_audio
from engine.sound.takes import read_settings, read_spec
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Step, Update

PROMPT = "Genre: House | BPM: 124"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def beat(folder: Path) -> Path:
    path = folder / "beat.wav"
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 48_000)).astype(np.float32)
    write_audio(path, noise, 48_000)
    return path


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_render_writes_a_take_of_exactly_the_length_asked_and_its_settings(
    folder: Path, tone_engine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["render", PROMPT, "--seconds", "1.5", "--seed", "7", "--out", "take.wav"]
    assert main([*arguments, "--steps", "9", "--sampler", "euler"], tone_engine) == 0
    take = read_audio("take.wav")
    assert take.samples.shape == (2, round(1.5 * SAMPLE_RATE)) and take.sample_rate == SAMPLE_RATE
    spec = read_spec("take.wav")
    assert (spec.prompt, spec.seed, spec.steps, spec.sampler) == (PROMPT, 7, 9, "euler")
    assert (spec.tempo, spec.cfg_scale) == (
        124.0,
        SKETCH.defaults.cfg_scale,
    )  # Resolved: from the prompt, from the model.
    assert tone_engine.asked == [spec]
    assert files(folder) == {"take.wav", "take.json"}
    out, err = capsys.readouterr()
    assert out.startswith("take.wav: 1.500 s of music in ") and "times real time" in out
    assert "making music" in err and "turning it into sound" in err


def test_the_same_settings_give_the_same_file(folder: Path, tone_engine: Any) -> None:
    for name in ("a.wav", "b.wav"):
        main(["render", PROMPT, "--seconds", "1", "--seed", "3", "--out", name], tone_engine)
    assert np.array_equal(read_audio("a.wav").samples, read_audio("b.wav").samples)


@pytest.mark.parametrize(
    ("name", "subtype", "found"),
    [
        ("a.wav", None, "PCM_24"),
        ("a.wav", "16", "PCM_16"),
        ("a.wav", "float", "FLOAT"),
        ("a.flac", "16", "PCM_16"),
    ],
)
def test_the_suffix_is_the_format(
    folder: Path, tone_engine: Any, name: str, subtype: str | None, found: str
) -> None:
    options = ["--subtype", subtype] if subtype else []
    assert main(["render", PROMPT, "--seconds", "1", "--out", name, *options], tone_engine) == 0
    assert soundfile.info(name).subtype == found
    assert soundfile.info(name).format == name.split(".")[1].upper()


def test_without_a_name_every_take_gets_its_own(folder: Path, tone_engine: Any) -> None:
    for _ in range(2):
        main(["render", PROMPT, "--seconds", "1", "--seed", "5"], tone_engine)
    assert files(folder) >= {"house-124-5.wav", "house-124-5-2.wav"}


def test_transform_takes_length_and_path_of_the_recording(beat: Path, tone_engine: Any) -> None:
    assert main(["transform", "beat.wav", PROMPT, "--strength", "0.4"], tone_engine) == 0
    spec = tone_engine.asked[0]
    assert (spec.init_audio, spec.init_noise_level) == (str(beat), 0.4)
    assert (spec.seconds_total, spec.keep) == (1.0, ())


def test_continue_keeps_all_and_adds(beat: Path, tone_engine: Any) -> None:
    assert main(["continue", "beat.wav", PROMPT, "--seconds", "3"], tone_engine) == 0
    spec = tone_engine.asked[0]
    assert (spec.seconds_total, spec.keep, spec.init_noise_level) == (4.0, ((0.0, 1.0),), 1.0)


def test_continue_and_inpaint_take_the_prompt_of_a_take(folder: Path, tone_engine: Any) -> None:
    main(["render", PROMPT, "--seconds", "2", "--out", "take.wav"], tone_engine)
    assert main(["continue", "take.wav"], tone_engine) == 0
    assert main(["inpaint", "take.wav", "--keep", "0:0.5,1.5:9"], tone_engine) == 0
    assert [spec.prompt for spec in tone_engine.asked] == [PROMPT] * 3
    assert [spec.seconds_total for spec in tone_engine.asked] == [2.0, 17.0, 2.0]
    assert tone_engine.asked[2].keep == ((0.0, 0.5), (1.5, 2.0))


def test_vary_moves_a_take_by_nothing_but_its_variation(folder: Path, tone_engine: Any) -> None:
    main(["render", PROMPT, "--seconds", "1", "--seed", "9", "--out", "a.wav"], tone_engine)
    assert main(["vary", "a.wav", "--variation", "0.2", "--variation-seed", "4"], tone_engine) == 0
    first, second = (spec.to_dict() for spec in tone_engine.asked)
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {"variation", "variation_seed", "score_seed"}
    assert second["score_seed"] == 9  # the same notes
    assert (second["variation"], second["variation_seed"]) == (0.2, 4)


def test_chords_take_the_place_of_the_clip_of_a_take_that_is_varied(
    folder: Path, tone_engine: Any
) -> None:
    write_midi(Score.of(compose(1, kind="loop", seconds=4.0)), folder / "clip.mid")
    arguments = ["--seconds", "1", "--midi", "clip.mid", "--out", "a.wav"]
    assert main(["render", PROMPT, *arguments], tone_engine) == 0
    assert main(["vary", "a.wav"], tone_engine) == 0
    assert main(["vary", "a.wav", "--chords", "F | C"], tone_engine) == 0
    taken = [(spec.chords, spec.midi) for spec in tone_engine.asked]
    clip = tone_engine.asked[0].midi
    assert clip is not None and taken == [("", clip), ("", clip), ("F | C", None)]


@pytest.mark.parametrize("command", ["continue", "inpaint", "vary"])
def test_a_clip_is_no_flag_where_a_take_goes_on(
    command: str, beat: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "beat.wav", "--midi", "clip.mid"])
    assert stopped.value.code == 2
    assert "--midi" in capsys.readouterr().err


def test_info_tells_the_settings_also_without_the_sidecar(
    folder: Path, tone_engine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["render", PROMPT, "--seconds", "1", "--seed", "9", "--out", "a.flac"], tone_engine)
    capsys.readouterr()
    assert main(["info", "a.flac", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == read_settings("a.flac")
    (folder / "a.json").unlink()
    assert main(["info", "a.flac"]) == 0
    told = capsys.readouterr().out
    assert PROMPT in told and "124.0 BPM" in told and "seed                 9" in told


def test_models_lists_every_model_and_loads_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    told = capsys.readouterr().out
    assert "sketch" in told and "stable-audio-2" in told and "MIT" in told


BAD = {
    "empty prompt": (["render", "  "], "The prompt is empty"),
    "no prompt": (["render"], "prompt"),
    "0 seconds": (["render", PROMPT, "--seconds", "0"], "from 0.05 to 600 s; it is 0"),
    "10000 seconds": (["render", PROMPT, "--seconds", "10000"], "from 0.05 to 600 s; it is 10000"),
    "longer than the model": (["render", PROMPT, "--seconds", "400"], "longest take is 285"),
    "no number": (["render", PROMPT, "--seconds", "long"], "must be a number; it is 'long'"),
    "not finite": (["render", PROMPT, "--cfg-scale", "nan"], "cfg_scale must be a number from 0"),
    "half a step": (["render", PROMPT, "--steps", "2.5"], "steps must be a whole number from 1"),
    "unknown model": (["render", PROMPT, "--model", "opus"], "choose sketch"),
    "unknown sampler": (["render", PROMPT, "--sampler", "magic"], "choose dpmpp-2m"),
    "unknown command": (["rendr", PROMPT], "no command 'rendr'; did you mean render?"),
    "unknown flag": (["render", PROMPT, "--volume", "11"], "there is no flag --volume (see"),
    "wrong suffix": (["render", PROMPT, "--out", "take.m4a"], "end in .wav, .flac"),
    "no folder": (["render", PROMPT, "--out", "nowhere/take.wav"], "There is no folder nowhere"),
    "a long name": (["render", PROMPT, "--out", f"{'a' * 251}.wav"], "name is too long"),
    "a longer name": (["render", PROMPT, "--out", f"{'a' * 300}.wav"], "name is too long"),
    "a zero in a name": (["render", PROMPT, "--out", "a\0.wav"], "cannot be written"),
    "name taken": (["render", PROMPT, "--out", "beat.wav"], "already exists"),
    "text as audio": (["transform", "text.wav", PROMPT], "text.wav cannot be read as audio"),
    "0 bytes": (["transform", "empty.wav", PROMPT], "empty.wav cannot be read as audio"),
    "NaN": (["transform", "nan.wav", PROMPT], "nan.wav has samples that are not numbers"),
    "missing": (["transform", "missing.wav", PROMPT], "There is no file missing.wav"),
    "folder as audio": (["transform", ".", PROMPT], "is a folder"),
    "strength": (["transform", "beat.wav", PROMPT, "--strength", "2"], "from 0 to 1; it is 2"),
    "no prompt of its own": (["continue", "beat.wav"], "Add a prompt after beat.wav"),
    "inpaint nothing": (["inpaint", "beat.wav", PROMPT], "inpaint needs --keep"),
    "inpaint past the end": (["inpaint", "beat.wav", PROMPT, "--keep", "5:6"], "Nothing to keep"),
    "bad spans": (
        ["inpaint", "beat.wav", PROMPT, "--keep", "0-8"],
        "spans in seconds, such as 0:8",
    ),
    "vary no take": (["vary", "beat.wav"], "has no Longtake settings"),
    "info on text": (["info", "text.wav"], "has no Longtake settings"),
    "info on nothing": (["info", "missing.wav"], "There is no file"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    case: str, folder: Path, beat: Path, tone_engine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "text.wav").write_text("Dear diary\n" * 99)
    (folder / "empty.wav").touch()
    soundfile.write("nan.wav", np.full((9, 2), np.nan), 44_100, subtype="FLOAT")
    before = files(folder)
    arguments, sentence = BAD[case]
    try:
        code = main(arguments, tone_engine)
    except SystemExit as leaving:  # argparse's own way out.
        code = leaving.code
    out, err = capsys.readouterr()
    assert code == 2
    assert sentence in err and out == ""
    assert err.count("\n") == 1 and "Traceback" not in err
    assert files(folder) == before
    # Nothing was loaded, nothing computed; the sound of a recording is read by the engine, before it loads.
    assert tone_engine.asked == [] or case == "NaN"


def test_a_folder_that_cannot_be_written_is_said_before_any_work(
    folder: Path, tone_engine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = folder / "locked"
    locked.mkdir(mode=0o500)
    if os.access(locked, os.W_OK):  # Windows, or root.
        locked = Path("/proc/self")
        if not locked.is_dir():
            pytest.skip("this user may write everywhere")
    assert main(["render", PROMPT, "--out", str(locked / "take.wav")], tone_engine) == 2
    assert f"The folder {locked} is not writable" in capsys.readouterr().err
    assert tone_engine.asked == []


def test_force_replaces(folder: Path, tone_engine: Any) -> None:
    for seed in ("1", "2"):
        arguments = [
            "render",
            PROMPT,
            "--seconds",
            "1",
            "--seed",
            seed,
            "--out",
            "a.wav",
            "--force",
        ]
        assert main(arguments, tone_engine) == 0
    assert read_spec("a.wav").seed == 2


class Failing:
    """Makes one block, and then what `error` says."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.closed = False

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        try:
            yield Step("diffuse", 1, 2)
            yield AudioBlock(0, np.zeros((2, 1000), np.float32))
            raise self.error
        finally:
            self.closed = True


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (AudioError("The disk is full."), 2, "longtake: The disk is full."),
        (KeyboardInterrupt(), 130, "longtake: stopped; no incomplete file is left."),
    ],
)
def test_failing_or_stopping_half_way_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, sentence: str
) -> None:
    engine = Failing(error)
    assert main(["render", PROMPT, "--seconds", "1"], engine) == code
    assert capsys.readouterr().err.splitlines()[-1] == sentence
    assert engine.closed and files(folder) == set()
