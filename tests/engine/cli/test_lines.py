"""What a newcomer types: each line has its answer, one sentence where it is wrong, and nothing is left of it then."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import ToneEngine
from tests.engine.cli.rooms import Room, furnished

WRONG = {
    # Words.
    "": "",
    "render": 'render needs a prompt; type, for example: longtake render "warm tape house',
    "render ''": "The prompt is empty",
    "render warm house": "A prompt of several words goes in quotes: 'warm house'.",
    "render house --prompt techno": "The prompt is there twice; leave out 'house'.",
    "transform": "transform needs a recording to start from; type, for example: longtake",
    "transform beat.wav": "transform needs a prompt; type, for example: longtake transform",
    "transform - house": "A recording cannot come from a pipe",
    "continue": "continue needs a recording to continue; type, for example: longtake continue",
    "vary beat.wav house": "Vary takes no prompt; leave out 'house'.",
    "vary": "vary needs a take to vary; type, for example: longtake vary take.wav",
    "info": "the following arguments are required: file",
    "'warm house'": "to make music of it: longtake render 'warm house'.",
    # Flags.
    "render house --lenght 1": "there is no flag --lenght; did you mean --length?",
    "render house --steos 4": "there is no flag --steos; did you mean --steps?",
    "render house --s 4": "there is no flag --s; did you mean --subtype, --seconds or --score?",
    "render house --bmp 120": "there is no flag --bmp; did you mean --bpm?",
    "render house --keep 0:1": "there is no flag --keep",
    "render house --seed": "argument --seed: expected one argument",
    "render house --length 1m": "must be a number; it is '1m'.",
    "render house --length 1:00 --bars 4": "--length and --bars both say how long",
    "render house --bars 4": "A length in bars needs a tempo",
    "render house --count 0": "must be a whole number from 1 to 1000; it is '0'.",
    "render house --count many": "must be a whole number from 1 to 1000; it is 'many'.",
    "render house --quiet --json": "argument --json: not allowed with argument --quiet",
    "render house --model sketsch": "Unknown model 'sketsch'; did you mean sketch?",
    "render house --midi missing.mid": "There is no MIDI file",
    "continue beat.wav house --bars 2": "and beat.wav says none: add --tempo, or give --seconds.",
    "info --jsn beat.wav": "there is no flag --jsn; did you mean --json?",
    # Files.
    "render house --out sketches": "sketches is a folder; give the name of a file in it.",
    "render house --out ''": "is a folder; give the name of a file in it.",
    "render house --out x": "x must end in .wav, .flac, .aiff, .aif, .mp3, .ogg or .opus",
    "render house --out x.m4a": "x.m4a must end in .wav",
    "render house --out nowhere/x.wav": "There is no folder nowhere",
    "render house --out beat.wav": "beat.wav already exists",
    "render house --out package.wav --force": "package.json is no take's and would be replaced",
    "render house --out x.mp3 --subtype 24": "MP3 has no sample types to choose from",
    "render house --out x.flac --subtype float": "FLAC does not support float samples",
    "render house --out x.wav --subtype 8": "there is no '8'; choose 16, 24 or float",
    "render house --out - --subtype 8": "there is no '8'; choose 16, 24 or float",
    "transform beat.wav house --out beat.wav --force": "beat.wav is the recording that the take",
    # Several.
    "render house --count 2 --out -": "Standard output takes one take",
    "render house --count 2 --out sketches": "sketches is a folder",
    "render house --resume": "--resume needs takes whose names are known",
    "render house --count 2 --resume": "--resume needs takes whose names are known",
    "render --batch missing.txt": "There is no file missing.txt.",
    "render --batch bad.toml": "bad.toml, [intro]: there is no setting secnds; did you mean seconds?",
    "render --batch list.txt house": "The prompts are in the batch; leave out 'house'.",
    "render --batch list.txt --out -": "Standard output takes one take",
    "render --batch list.txt --bars 4": "list.txt, line 3: A length in bars needs a tempo",
    "render --batch list.txt --out x.m4a": "list.txt, line 3: x-1.m4a must end in",
    # Presets.
    "render --preset nonsense": "There is no preset 'nonsense'; there are ",
    "render --preset 'deep house'": "there are Deep House Night, ",
    "render --preset 'Beatbox to House Kit'": "starts from a recording: longtake transform AUDIO",
    "presets show nonsense": "There is no preset 'nonsense'",
    "presets shw": "there is no 'shw'; did you mean show?",
}
del WRONG[""]
PIPES = ("transform pipe.wav x", "continue pipe.wav", "vary pipe.wav", "info pipe.wav")
RIGHT = {
    "render house --length 1 --out a.wav": {"a.wav"},
    "render --length 1 house -o a.wav": {"a.wav"},
    "render --prompt house --length 1 -o a.wav": {"a.wav"},
    "render house --duration 0:01 --out a.mp3": {"a.mp3"},
    "render 'house, 120 BPM' --bars 2 --out a.ogg": {"a.ogg"},
    "render house --bpm 120 --bars 1 --out a.aif": {"a.aif"},
    "render --length 1 --out a.opus -- -dark": {"a.opus"},
    "render house --length 1 --count 1 --out a.wav": {"a.wav"},
    "render house --length 1 --count 3 --out a.flac": {"a-1.flac", "a-2.flac", "a-3.flac"},
    "render house --length 1 --count 2 --seed 4": {"house-4.wav", "house-5.wav"},
    "render --batch list.txt --length 1": {"list-1.wav", "list-2.wav"},
    "render --batch list.txt --length 1 --out sketches/x.mp3": {
        "sketches/x-1.mp3",
        "sketches/x-2.mp3",
    },
    "render --batch list.txt --length 1 --count 2 --out x.wav": {
        f"x-{take}-{number}.wav" for take in (1, 2) for number in (1, 2)
    },
    "render --preset 'deep house night' --length 1 --out a.wav": {"a.wav"},
    "transform beat.wav --preset 'Beatbox to House Kit' --out a.wav": {"a.wav"},
    "transform --strength 0.5 beat.wav house --out a.wav": {"a.wav"},
    "continue beat.wav --seconds 1 house --out a.wav": {"a.wav"},
    "continue beat.wav 'house 120 BPM' --bars 1 --out a.wav": {"a.wav"},
    "inpaint beat.wav --keep 0:0.5 house --out a.wav": {"a.wav"},
    "presets": set(),
    "presets show deep house night": set(),
    "help render": set(),
    "--version": set(),
}


@pytest.fixture
def room(
    tmp_path: Path,
    tone_engine: ToneEngine,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Room:
    monkeypatch.chdir(tmp_path)
    furnished(tmp_path)
    return Room(tmp_path, tone_engine, capsys, monkeypatch)


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_is_one_sentence_before_any_work(room: Room, line: str) -> None:
    said = room.type(line)
    assert said.code == 2 and WRONG[line] in said.err
    assert said.err.startswith("longtake") and said.err.count("\n") == 1
    assert said.out == "" and said.new == set() and room.engine.asked == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@pytest.mark.parametrize("line", PIPES)
def test_a_pipe_is_no_recording(room: Room, line: str) -> None:
    said = room.type(line)
    assert said.code == 2 and "pipe.wav is no file on a disk" in said.err
    listed = room.type("render --batch pipe.wav")
    assert listed.code == 2 and "this is no ordinary file" in listed.err


@pytest.mark.parametrize("line", RIGHT)
def test_what_is_right_is_made_under_its_name(room: Room, line: str) -> None:
    said = room.type(line)
    assert said.code == 0, said.err
    assert said.new == RIGHT[line]
    assert said.out
