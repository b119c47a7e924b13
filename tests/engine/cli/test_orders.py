"""Laws of what one line asks for: what is typed beats lists and presets; every take has its seed and its name."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from engine.cli import commands
from engine.cli.making import Order
from engine.cli.orders import orders
from engine.errors import LongtakeError
from engine.spec import MAX_SEED
from tests.engine.cli.rooms import furnished


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    furnished(tmp_path)
    return tmp_path


def asked(*argv: str) -> list[Order]:
    return orders(commands.parsed(argv[0], argv[1:]))


def seeds(*argv: str) -> list[int | None]:
    return [order.spec.seed for order in asked(*argv)]


def test_takes_of_one_line_have_seeds_one_after_the_other() -> None:
    assert seeds("render", "x", "--count", "3", "--seed", "7") == [7, 8, 9]
    assert seeds("render", "x", "--count", "2", "--seed", str(MAX_SEED)) == [MAX_SEED, 0]
    assert seeds("render", "--batch", "list.txt", "--count", "2", "--seed", "7") == [7, 8, 9, 10]
    free = seeds("render", "x", "--count", "20")
    assert len(set(free)) == 20, "each is reproducible, and none is another"


def test_relatives_of_a_take_differ_in_what_they_move_towards(folder: Path) -> None:
    (folder / "a.json").write_text(
        '{"longtake": "0", "file": "a.wav", "spec": {"prompt": "x", "seed": 3}}'
    )
    (folder / "a.wav").write_bytes((folder / "beat.wav").read_bytes())
    made = asked("vary", "a.wav", "--count", "3", "--variation-seed", "5")
    assert [(order.spec.seed, order.spec.variation_seed) for order in made] == [
        (3, 5),
        (3, 6),
        (3, 7),
    ]
    free = asked("vary", "a.wav", "--count", "9")
    assert {order.spec.seed for order in free} == {3}
    assert len({order.spec.variation_seed for order in free}) == 9
    assert len({order.path for order in free}) == 9


def test_what_is_typed_beats_a_list_and_a_list_beats_its_preset(folder: Path) -> None:
    (folder / "all.toml").write_text(
        "steps = 9\npreset = 'Deep House Night'\n[a]\n[b]\nsteps = 8\nprompt = 'mine, 100 BPM'\nseed = 4\n"
    )
    first, second = (order.spec for order in asked("render", "--batch", "all.toml"))
    assert first.prompt.startswith("Genre: Deep House") and second.prompt == "mine, 100 BPM"
    assert (first.steps, second.steps, second.seed) == (9, 8, 4)
    typed = [
        order.spec
        for order in asked("render", "--batch", "all.toml", "--steps", "3", "--seed", "1")
    ]
    assert [(spec.steps, spec.seed) for spec in typed] == [(3, 1), (3, 2)]


def test_a_length_that_is_typed_beats_the_bars_of_a_preset_and_bars_beat_seconds() -> None:
    name = "Loop 120 House Drums"
    [bars] = asked("render", "--preset", name)
    assert bars.spec.bars is not None
    [seconds] = asked("render", "--preset", name, "--length", "3")
    assert (seconds.spec.seconds_total, seconds.spec.bars) == (3.0, None)
    [one] = asked("render", "--preset", name, "--bars", "1")
    assert one.spec.seconds_total == 2.0
    [bpm] = asked("render", "--preset", name, "--bars", "1", "--bpm", "60")
    assert bpm.spec.seconds_total == 4.0


def test_a_preset_says_nothing_of_the_length_of_what_goes_on_from_a_recording() -> None:
    [order] = asked("continue", "beat.wav", "--preset", "Loop 120 House Drums", "--seconds", "2")
    assert (order.spec.seconds_total, order.spec.loop, order.spec.bars) == (3.0, False, None)
    [order] = asked("continue", "beat.wav", "--preset", "Loop 120 House Drums", "--bars", "1")
    assert order.spec.seconds_total == 3.0, "a bar at the preset's tempo"


def test_a_dash_is_the_prompt_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("  warm hoüse\n".encode())))
    [order] = asked("render", "-", "--length", "1")
    assert order.spec.prompt == "warm hoüse"


def test_sound_does_not_go_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(LongtakeError, match="is a terminal; send the sound on"):
        asked("render", "x", "--out", "-")


def test_two_takes_of_one_name_are_an_error(folder: Path) -> None:
    (folder / "twice.toml").write_text("prompt = 'x'\n['a:b']\n['a/b']\n")
    with pytest.raises(LongtakeError, match=r"\[a/b\]: Two takes would be twice-a-b.wav"):
        asked("render", "--batch", "twice.toml")


def test_a_list_goes_into_a_folder_by_its_ids(folder: Path) -> None:
    (folder / "p.jsonl").write_text('{"id": "../a", "prompt": "x"}\n{"id": "b", "prompt": "y"}\n')
    paths = [order.path for order in asked("render", "--batch", "p.jsonl", "--out", "new/takes")]
    assert paths == [Path("new/takes/-a.wav"), Path("new/takes/b.wav")]
    assert (folder / "new" / "takes").is_dir()
    two = asked("render", "--batch", "list.txt", "--out", "sketches", "--count", "2")
    assert [order.path for order in two] == [
        Path(f"sketches/{name}.wav") for name in ("1-1", "1-2", "2-1", "2-2")
    ]
    with pytest.raises(LongtakeError, match=r"The folder beat\.wav/x cannot be made"):
        asked("render", "--batch", "p.jsonl", "--out", "beat.wav/x")


def test_a_cluster_is_of_several_takes_and_has_an_address() -> None:
    for line, words in {
        "render x --cluster": "--cluster shares several takes out",
        "render x --count 2 --engines 2": "--engines is how many a cluster has; add --cluster",
    }.items():
        with pytest.raises(LongtakeError, match=words):
            asked(*line.split())
    parsed = commands.parsed("render", ["x", "--count", "2", "--cluster"])
    assert parsed.cluster == "local"
    with pytest.raises(SystemExit):
        asked("render", "x", "--count", "2", "--cluster", "http://head")


def test_the_name_of_a_table_leads_to_no_other_folder(folder: Path) -> None:
    (folder / "x.toml").write_text("prompt = 'x'\n['../../etc/a']\n")
    [order] = asked("render", "--batch", "x.toml")
    assert order.path == Path("x-..-..-etc-a.wav")
