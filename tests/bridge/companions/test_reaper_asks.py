"""Laws of the actions in Reaper: what is asked for names the audio that sounds and the place where it goes, or says why
not.

The scripts run in a real Lua against a strict model of Reaper's functions; Longtake's side is the real one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.delivery.messages import Message
from tests.bridge.companions.reaper_model import Item, Source
from tests.bridge.companions.reaper_rig import Both

GENERATE, TRANSFORM, CONTINUE, FILL, OPEN, SEND = (
    f"longtake_{name}.lua"
    for name in (
        "generate_at_time_selection",
        "transform_selected_items",
        "continue_item",
        "fill_the_gap",
        "open_panel",
        "send_selected_item",
    )
)


def select(both: Both, position: float, length: float, track: int = 0, **numbers: float) -> Item:
    """A selected item of the file, which has 10 s."""
    source = Source(str(both.file), 10.0)
    item = both.project.add(both.project.tracks[track], position, length, source)
    take = item.takes[0]
    for name, value in numbers.items():
        (take if name in take.numbers else item).numbers[name] = value
    take.texts["P_NAME"] = "Riff"
    item.selected = True
    return item


def asked(both: Both, script: str, *typed: str | None) -> list[Message]:
    """Runs an action with what is typed into its dialog; gives what Longtake hears."""
    before = len(both.heard)
    both.reaper.inputs = list(typed)
    both.reaper.run(script)
    both.run(0.5)
    return [each for each in both.heard[before:] if each["kind"] in ("ask", "selection", "cancel")]


def part(message: Message, number: int = 1) -> dict[str, Any]:
    names = ("path", "start", "seconds", "rate", "at")
    return {name: message[f"{name}.{number}"] for name in names}


# --- what is asked ---


def test_generate_asks_for_the_time_selection_and_the_selected_track(both: Both) -> None:
    both.project.selection = 4.0, 12.0
    both.project.tracks[1].selected = True
    (ask,) = asked(both, GENERATE, "Genre: House | BPM: 124, warm")
    assert ask["act"] == "generate" and ask["prompt"] == "Genre: House | BPM: 124, warm"
    assert (ask["at"], ask["position"], ask["length"]) == ("beat", 8.0, 16.0)
    assert (ask["track"], ask["form"]) == ("2", "item")


def test_generate_without_a_selection_goes_to_the_cursor_and_a_new_track(both: Both) -> None:
    both.project.cursor = 3.0
    (ask,) = asked(both, GENERATE, "pads")
    assert (ask["position"], ask["length"], ask["track"]) == (6.0, 0.0, "new")


def test_transform_makes_takes_of_the_items(both: Both) -> None:
    second = select(both, 6.0, 2.0)
    first = select(both, 1.0, 4.0, D_STARTOFFS=0.5, D_PLAYRATE=1.25)
    one, two = asked(both, TRANSFORM, "brass\n0,35")
    assert (one["item"], two["item"]) == (first.texts["GUID"], second.texts["GUID"])
    assert {(each["form"], each["strength"], each["act"]) for each in (one, two)} == {
        ("take", 0.35, "transform")
    }
    assert part(one) == {
        "path": str(both.file),
        "start": 0.5,
        "seconds": 4.0,
        "rate": 1.25,
        "at": 0.0,
    }
    assert one["req"] != two["req"] and one["beat"] == 2.0 and two["position"] == 12.0


def test_continue_goes_below_at_the_items_start(both: Both) -> None:
    select(both, 2.0, 3.0, track=1)
    (ask,) = asked(both, CONTINUE, "8.5\nmore drums")
    assert (ask["act"], ask["seconds"], ask["prompt"]) == ("continue", 8.5, "more drums")
    assert (ask["track"], ask["beside"], ask["position"]) == ("below", "Voice", 4.0)
    assert ask["parts"] == 1 and ask["name"] == "Riff"


def test_fill_names_the_gap_between_two_items(both: Both) -> None:
    select(both, 9.0, 2.0)
    select(both, 3.0, 2.5)
    (ask,) = asked(both, FILL, "")
    assert (ask["act"], ask["gap_start"], ask["gap_end"]) == ("fill", 2.5, 6.0)
    assert [part(ask, n)["at"] for n in (1, 2)] == [0.0, 6.0] and ask["parts"] == 2
    assert (ask["track"], ask["beside"], ask["position"]) == ("below", "Drums", 6.0)


def test_open_and_send(both: Both) -> None:
    (ask,) = asked(both, OPEN)
    assert ask["act"] == "open"
    select(both, 2.0, 1.0)
    (sent,) = asked(both, SEND)
    assert sent["kind"] == "selection" and sent["track"] == "Drums" and sent["beat"] == 4.0


# --- what an item sounds ---


def test_a_looped_item_is_told_as_its_repeats(both: Both) -> None:
    select(both, 0.0, 23.0, B_LOOPSRC=1.0, D_STARTOFFS=8.0)
    (sent,) = asked(both, SEND)
    parts = [part(sent, n) for n in range(1, int(sent["parts"]) + 1)]
    assert [(p["start"], p["seconds"], p["at"]) for p in parts] == [
        (8, 2, 0),
        (0, 10, 2),
        (0, 10, 12),
        (0, 1, 22),
    ]


def test_an_item_is_as_long_as_its_file_sounds(both: Both) -> None:
    select(both, 0.0, 30.0, D_STARTOFFS=4.0, D_PLAYRATE=2.0)
    assert part(asked(both, SEND)[0]) == {
        "path": str(both.file),
        "start": 4.0,
        "seconds": 3.0,
        "rate": 2.0,
        "at": 0.0,
    }


def test_silence_before_the_file_is_kept(both: Both) -> None:
    select(both, 5.0, 4.0, D_STARTOFFS=-1.0)
    assert part(asked(both, SEND)[0])["at"] == 1.0
    assert part(both.said("selection")[0])["seconds"] == 3.0


def test_a_section_is_found_in_its_parents_file(both: Both) -> None:
    item = select(both, 0.0, 1.5, D_STARTOFFS=0.25)
    whole = Source(str(both.file), 10.0)
    inner = Source("", 6.0, whole, (3.0, 6.0, False))
    item.takes[0].source = Source("", 2.0, inner, (1.0, 2.0, False))
    sent = part(asked(both, SEND)[0])
    assert (sent["path"], sent["start"], sent["seconds"]) == (str(both.file), 4.25, 1.5)


def test_a_track_whose_name_is_not_its_own_is_told_by_its_number(both: Both) -> None:
    both.project.tracks[0].texts["P_NAME"] = "Voice"
    select(both, 0.0, 1.0, track=1)
    assert asked(both, SEND)[0]["track"] == "2"


# --- what is refused ---


def _midi(both: Both, item: Item) -> None:
    item.takes[0].midi = True


def _reversed(both: Both, item: Item) -> None:
    item.takes[0].source = Source("", 2.0, Source(str(both.file), 10.0), (0.0, 2.0, True))


def _emptied(both: Both, item: Item) -> None:
    item.takes, item.active = [], None


UNHEARD: dict[str, tuple[str, Callable[[Both, Item], object]]] = {
    "midi": ("It is MIDI", _midi),
    "empty": ("It is empty", _emptied),
    "reversed": ("It is reversed", _reversed),
    "no file": ("no audio file", lambda both, item: setattr(item.takes[0], "source", Source())),
    "gone": ("Its file is gone", lambda both, item: Path(both.file).unlink()),
    "beyond": ("It is silent", lambda both, item: item.takes[0].numbers.update(D_STARTOFFS=11.0)),
}


@pytest.mark.parametrize("case", UNHEARD)
@pytest.mark.parametrize("script", [TRANSFORM, CONTINUE, SEND])
def test_an_item_without_audio_is_refused_with_a_sentence(
    both: Both, case: str, script: str
) -> None:
    text, prepare = UNHEARD[case]
    prepare(both, select(both, 0.0, 2.0))
    assert not asked(both, script)
    assert len(both.reaper.boxes) == 1 and text in both.reaper.boxes[0]


@pytest.mark.parametrize(
    ("script", "items"),
    [(TRANSFORM, 0), (CONTINUE, 0), (CONTINUE, 2), (FILL, 1), (FILL, 3), (SEND, 0)],
)
def test_a_selection_that_does_not_fit_is_refused(both: Both, script: str, items: int) -> None:
    for index in range(items):
        select(both, index * 3.0, 1.0)
    assert not asked(both, script) and len(both.reaper.boxes) == 1


def test_items_that_touch_have_no_gap(both: Both) -> None:
    select(both, 0.0, 2.0)
    select(both, 2.0, 2.0)
    assert not asked(both, FILL) and "no gap" in both.reaper.boxes[0]


@pytest.mark.parametrize(
    ("script", "typed"),
    [(TRANSFORM, "x\n2"), (TRANSFORM, "x\nhalf"), (CONTINUE, "0\nx"), (CONTINUE, "\n")],
)
def test_a_number_that_is_none_is_refused_with_its_range(
    both: Both, script: str, typed: str
) -> None:
    select(both, 0.0, 2.0)
    assert not asked(both, script, typed)
    assert "is a number from" in both.reaper.boxes[0]


@pytest.mark.parametrize("script", [GENERATE, TRANSFORM, CONTINUE])
def test_a_dialog_that_is_closed_asks_nothing(both: Both, script: str) -> None:
    select(both, 0.0, 2.0)
    assert not asked(both, script, None) and not both.reaper.boxes


# --- the script in the background ---


def test_an_action_starts_the_script_that_does_not_run_and_is_heard(both: Both) -> None:
    both.reaper.end()
    both.run(0.5)
    assert not both.box.connected
    both.reaper.inputs = ["pads"]
    both.reaper.run(GENERATE)
    both.run(4)
    assert [each["prompt"] for each in both.said("ask")] == ["pads"] and not both.reaper.boxes


def test_while_it_runs_no_action_starts_another(both: Both) -> None:
    asked(both, OPEN)
    asked(both, OPEN)
    both.reaper.run("longtake.lua")
    both.run(1)
    assert len(both.said("hello")) == 1 and both.reaper.scripts_running() == 1


def test_without_longtake_it_says_so_and_asks_nothing_later(both: Both) -> None:
    both.box.close()
    both.reaper.run(OPEN)
    for _ in range(200):
        both.time.now += 0.05
        both.reaper.turn()
    assert both.reaper.boxes == ["Longtake does not run. Start it, and try again."]
    both.run(4)
    assert not both.said("ask")


def test_the_window_shows_what_is_made_and_closes(both: Both) -> None:
    (ask,) = asked(both, GENERATE, "pads")
    assert both.reaper.window is not None
    both.box.send(
        {"kind": "progress", "req": ask["req"], "fraction": 0.4, "stage": "diffuse", "eta": 7.2}
    )
    both.run(0.5)
    assert both.reaper.window[-1] == "generate: pads - diffuse, 8 s left"
    both.box.send({"kind": "done", "req": ask["req"], "path": "/x.wav"})
    both.run(0.5)
    assert both.reaper.window is None


def test_escape_ends_what_is_made(both: Both) -> None:
    (ask,) = asked(both, GENERATE, "pads")
    both.reaper.keys = [27]
    both.run(0.5)
    assert [each["req"] for each in both.said("cancel")] == [ask["req"]]
    text = "It was cancelled."
    both.box.send({"kind": "error", "req": ask["req"], "code": "cancelled", "text": text})
    both.run(0.5)
    assert both.reaper.window and both.reaper.window[-1].endswith(text)
    both.run(20)
    assert both.reaper.window is None


def test_a_window_that_was_closed_stays_closed_until_the_next(both: Both) -> None:
    asked(both, GENERATE, "pads")
    both.reaper.keys = [-1]
    both.run(1)
    asked(both, GENERATE, "bass")
    assert both.reaper.window is not None
