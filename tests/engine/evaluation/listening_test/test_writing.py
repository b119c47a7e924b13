import json
import re
from contextlib import suppress
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import soundfile

from engine.cli.main import main
from engine.evaluation.listening_test import stimuli
from engine.evaluation.listening_test.design import ListeningTest
from engine.evaluation.listening_test.material import from_list
from engine.evaluation.listening_test.stimuli import (
    CEILING,
    LOUDNESS,
    Source,
    common_loudness,
    low_passed,
)
from engine.sound.audio import read_texts
from engine.sound.metering import loudness, true_peak
from tests.engine.evaluation.listening_test.conftest import PROMPTS, SYSTEMS


def test_every_system_is_heard_on_every_page_with_an_anchor(listening: ListeningTest):
    assert listening.systems == ["real", "ours", "theirs", "anchor 3.5 kHz"]
    assert [item.prompt for item in listening.items] == list(PROMPTS)
    for item in listening.items:
        assert {one.system for one in item.stimuli} == set(listening.systems)
    assert "adherence" in listening.asked(listening.items[0])
    assert "adherence" not in listening.asked(listening.items[2])


def test_sounds_differ_in_nothing_but_their_sound(written: Path, listening: ListeningTest):
    for _, one in listening.found().values():
        path = written / "page" / one.file
        samples, rate = soundfile.read(str(path), always_2d=True)
        assert (rate, samples.shape[1]) == (44_100, 2)
        assert loudness(samples.T.astype(np.float32), rate) == pytest.approx(LOUDNESS, abs=0.1)
        assert len(samples) / rate == pytest.approx(one.seconds)
        assert read_texts(path) == {}


def test_what_listeners_get_names_no_system(written: Path, listening: ListeningTest):
    shown = [path for path in (written / "page").rglob("*") if path.suffix in (".js", ".html")]
    shown += list((written / "webmushra").iterdir())
    for path in shown:
        said = path.read_text(encoding="utf-8")
        for system in (*SYSTEMS, "anchor"):
            assert re.search(rf"\b{system}\b", said) is None, (path.name, system)
    public = json.dumps(listening.public())
    assert "below" not in public
    assert len(listening.found()) == 12


def test_an_anchor_is_what_the_recommendation_asks_for():
    rate, count = 44_100, 1 << 15
    click = np.zeros((2, count), np.float32)
    click[:, count // 2] = 1.0
    heard = low_passed(click, 3500.0)
    level = 20 * np.log10(np.abs(np.fft.rfft(heard[0])) + 1e-12)
    pitch = np.fft.rfftfreq(count, 1 / rate)
    assert np.abs(level[pitch <= 3500]).max() < 0.1
    assert level[pitch >= 4000].max() < -25
    assert level[pitch >= 4500].max() < -50
    # In time with what went in.
    assert int(np.abs(heard[0]).argmax()) == count // 2


def test_loudness_is_lowered_for_all_where_one_would_go_over(tmp_path: Path):
    peaky = np.zeros((2, 44_100), np.float32)
    peaky[:, ::4410] = 0.9
    even = np.random.default_rng(0).standard_normal((2, 44_100)).astype(np.float32) * 0.1
    for name, samples in (("peaky", peaky), ("even", even)):
        soundfile.write(str(tmp_path / f"{name}.wav"), samples.T, 44_100, "FLOAT")
    sources = [Source(tmp_path / "peaky.wav"), Source(tmp_path / "even.wav")]
    common = common_loudness(sources, -10.0)
    assert common < -10.0
    raised = 10 ** ((common - loudness(peaky, 44_100)) / 20) * peaky
    assert true_peak(raised.astype(np.float32), 44_100) == pytest.approx(CEILING, abs=0.05)
    assert common_loudness(sources[1:], -30.0) == -30.0


def test_what_is_cut_dies_away(systems: Path):
    path = systems / "real" / "below" / "0.wav"
    whole, cut = Source(path).samples(), Source(path, 1.0).samples()
    assert (whole.shape[1], cut.shape[1]) == (88_200, 44_100)
    np.testing.assert_array_equal(cut[:, :22_050], whole[:, :22_050])
    assert np.abs(cut[:, -10:]).max() < 1e-3
    np.testing.assert_array_equal(Source(path, 2.0).samples(), whole)


def test_a_list_names_prompts_and_files(systems: Path, tmp_path: Path):
    rows = [
        {"prompt": "one", "ours": str(systems / "ours/below/0.flac"), "theirs": "t/1.ogg"},
        {"prompt": "two", "ours": str(systems / "ours/below/1.flac"), "theirs": "t/1.ogg"},
    ]
    (tmp_path / "t").mkdir()
    (tmp_path / "t/1.ogg").write_bytes((systems / "theirs/below/1.ogg").read_bytes())
    lines = tmp_path / "list.jsonl"
    lines.write_text("\n".join(map(json.dumps, rows)))
    table = tmp_path / "list.csv"
    table.write_text(
        "prompt,ours,theirs\n" + "".join(f"{r['prompt']},{r['ours']},{r['theirs']}\n" for r in rows)
    )
    for number, path in enumerate((lines, table)):
        out = tmp_path / f"out{number}"
        words = ["--list", str(path), "--out", str(out), "--anchors", "--per-listener", "1"]
        assert main(["evaluate", "listening", *words, "--format", "wav"]) == 0
        test = ListeningTest.load(out)
        assert [item.prompt for item in test.items] == ["one", "two"]
        assert (test.systems, test.per_listener) == (["ours", "theirs"], 1)
        assert all(one.file.endswith(".wav") for item in test.items for one in item.stimuli)


def test_prompts_may_have_lines(tmp_path: Path):
    prompt = "one,\ntwo\u2028three"
    (tmp_path / "a.wav").touch()
    (tmp_path / "list.csv").write_text(f'prompt,ours\r\n"{prompt}",a.wav\r\n', encoding="utf-8")
    row = json.dumps({"prompt": prompt, "ours": "a.wav"}, ensure_ascii=False)
    (tmp_path / "list.jsonl").write_text(f"{row}\n", encoding="utf-8")
    for name in ("list.csv", "list.jsonl"):
        (piece,) = from_list(tmp_path / name)
        assert piece.prompt == prompt


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--systems NAME=FOLDER"),
        (["--systems", "{ours}"], "two systems or more"),
        (["--systems", "a={ours}", "a={real}"], "called 'a'"),
        (["--systems", "={ours}", "b={real}"], "names no system"),
        (["--list", "{one}"], "two systems or more"),
        (["--systems", "{ours}", "{none}"], "There is no folder"),
        (["--systems", "{ours}", "{empty}"], "There is no audio"),
        (["--systems", "{ours}", "{other}"], "No file has the same name"),
        (["--systems", "{ours}", "{real}", "--reference", "truth"], "ours or real"),
        (["--systems", "{ours}", "{silent}"], "is silent"),
        (["--systems", "{ours}", "{broken}"], "cannot be read as audio"),
        (["--list", "{list}"], "no file of theirs"),
        (["--list", "{none}"], "cannot be read"),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str], said: str, systems: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    places = {name: tmp_path / name for name in ("none", "empty", "other", "silent", "broken")}
    for name in ("empty", "other", "silent/below", "broken/below"):
        (tmp_path / name).mkdir(parents=True)
    soundfile.write(str(tmp_path / "other/x.wav"), np.zeros(100), 44_100)
    soundfile.write(str(tmp_path / "silent/below/0.wav"), np.zeros(44_100), 44_100)
    (tmp_path / "broken/below/0.wav").write_text("no audio")
    (tmp_path / "list").write_text('{"ours": "x.wav"}\n{"theirs": "y.wav"}\n')
    (tmp_path / "one").write_text('{"prompt": "a", "ours": "x.wav"}\n')
    places |= {
        "one": tmp_path / "one",
        "ours": systems / "ours",
        "real": systems / "real",
        "list": tmp_path / "list",
    }
    (tmp_path / "x.wav").touch()
    filled = [word.format(**places) for word in words]
    out = tmp_path / "out"
    assert main(["evaluate", "listening", *filled, "--out", str(out)]) == 2
    heard = capsys.readouterr().err
    assert said in heard
    assert heard.count("\n") <= 1
    assert not (out / "test.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--out", "x", "--items", "abc"], "argument --items: it is a whole number, 1 or more"),
        (["--out", "x", "--items", "0"], "argument --items: it is a whole number, 1 or more"),
        (["--out", "x", "--anchors", "x"], "argument --anchors: an anchor's edge is 100 to 20000"),
        (["--out", "x", "--seconds", "nan"], "argument --seconds: it is 0.5 to 3600 s"),
        (["serve", "x", "--port", "99999"], "argument --port: it is 0 to 65535"),
    ],
)
def test_a_number_that_cannot_be_is_one_sentence(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as left:
        main(["evaluate", "listening", *words])
    assert left.value.code == 2
    assert said in capsys.readouterr().err


def test_what_fails_or_is_stopped_leaves_no_page(
    systems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    out = tmp_path / "out"
    words = ["evaluate", "listening", "--systems", str(systems / "ours"), str(systems / "theirs")]
    words += ["--items", "1", "--out", str(out)]
    for error in (OSError(28, "No space left"), KeyboardInterrupt()):
        with monkeypatch.context() as patched:
            patched.setattr(stimuli, "calibration", Mock(side_effect=error))
            with suppress(KeyboardInterrupt):
                main(words)
        assert not (out / "page").exists()
    assert main(words) == 0
    # One that was killed leaves one, which is nobody's to serve.
    (out / "test.json").unlink()
    capsys.readouterr()
    assert main(words) == 2
    assert "remove it, or choose another --out" in capsys.readouterr().err


def test_a_test_is_never_written_over(written: Path, systems: Path, capsys):
    folders = [str(systems / name) for name in SYSTEMS]
    words = ["--systems", *folders, "--out", str(written)]
    assert main(["evaluate", "listening", *words]) == 2
    assert "choose another --out" in capsys.readouterr().err
