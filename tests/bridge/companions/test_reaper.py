"""Laws of the script in Reaper: a take lies exactly where it was to lie, once, in one step of undo, or nothing changed.

The script runs in a real Lua against a strict model of Reaper's functions; Longtake's side is the real one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import platformdirs
import pytest

from bridge.delivery.companion import place
from bridge.delivery.spool import Postbox
from bridge.delivery_state import Delivery, Placement
from tests.bridge.companions.reaper_model import RECORDS, Project, Source
from tests.bridge.companions.reaper_rig import COMPANIONS, Both
from tests.bridge.companions.strict_reaper import Reaper
from tests.bridge.delivery.spooled import Time

# --- who is there and where it stands ---


def test_it_says_who_it_is_and_where_it_stands(both: Both) -> None:
    assert both.said("hello")[0]["project"] == "song.rpp"
    assert str(both.said("hello")[0]["program"]).startswith("Reaper 7")
    both.project.tempi, both.project.metre = [(0.0, 90.0), (8.0, 180.0)], (6, 8)
    both.project.selection = both.project.seconds(4), both.project.seconds(12)
    both.project.cursor = both.project.seconds(9)
    both.run(0.5)
    state = both.said("state")[-1]
    assert (state["tempo"], state["numerator"], state["denominator"]) == (180, 6, 8)
    for name, beat in {"beat": 9, "selection_start": 4, "selection_end": 12}.items():
        assert state[name] == pytest.approx(beat)
    assert state["playing"] is False
    count = len(both.said("state"))
    both.run(1)
    assert len(both.said("state")) == count


def test_while_it_plays_it_says_where_now_and_then(both: Both) -> None:
    both.project.state = 1
    count = len(both.said("state"))
    for _ in range(100):
        both.run(0.05)
        both.project.play += 0.05
    states = both.said("state")[count:]
    assert states[0]["playing"] is True and 2 <= len(states) <= 4


# --- where a take lies ---


@pytest.mark.parametrize("beat", [0.0, 3.5, 16.0, 21.25])
def test_an_item_begins_exactly_on_its_beat(both: Both, beat: float) -> None:
    both.project.tempi = [(0.0, 97.3), (4.0, 141.0), (18.0, 60.0)]
    answer = both.place(at="beat", position=beat, track="Voice")
    (item,) = both.project.tracks[1].items
    assert item.numbers["D_POSITION"] == both.project.seconds(beat)
    assert item.numbers["D_LENGTH"] == 4.0 and item.numbers["B_LOOPSRC"] == 0
    assert item.active and item.active.source and item.active.source.path == str(both.file)
    assert item.active.texts["P_NAME"] == "Bass"
    assert answer["ok"] is True and answer["track"] == "Voice"
    assert answer["beat"] == pytest.approx(beat)
    assert both.reaper.undo == ["Longtake: Bass"]


def test_a_loop_in_the_projects_tempo_ends_exactly_on_its_beat(both: Both) -> None:
    both.place(at="beat", position=5, track="1", loop=True, seconds=3.9997)
    (item,) = both.project.tracks[0].items
    assert item.numbers["B_LOOPSRC"] == 1
    assert item.numbers["D_LENGTH"] == both.project.seconds(13) - both.project.seconds(5)
    both.place(2, at="beat", position=16, length=32, track="1", loop=True)
    assert both.project.tracks[0].items[1].numbers["D_LENGTH"] == 16.0


def test_a_loop_in_another_tempo_keeps_its_length(both: Both) -> None:
    both.place(at="beat", position=4, track="1", loop=True, seconds=3.9, tempo=123.0)
    assert both.project.tracks[0].items[0].numbers["D_LENGTH"] == 3.9


def test_the_playhead_a_time_and_the_end(both: Both) -> None:
    both.project.cursor, both.project.play = 7.0, 9.0
    for number, (at, state) in enumerate(
        [("playhead", 0), ("playhead", 1), ("time", 0), ("end", 0)]
    ):
        both.project.state = state
        both.place(number, at=at, position=2.5, track="Drums")
    starts = [item.numbers["D_POSITION"] for item in both.project.tracks[0].items]
    assert starts == [7.0, 9.0, 2.5, 13.0]


@pytest.mark.parametrize(
    ("track", "beside", "selected", "order"),
    [
        ("new", "", None, ["Drums", "Voice", "*Bass"]),
        ("below", "Drums", 1, ["Drums", "*Bass", "Voice"]),
        ("below", "", 0, ["Drums", "*Bass", "Voice"]),
        ("below", "", None, ["Drums", "Voice", "*Bass"]),
        ("", "", 1, ["Drums", "*Voice"]),
        ("", "", None, ["Drums", "Voice", "*Bass"]),
        ("2", "", 0, ["Drums", "*Voice"]),
        ("Drums", "", None, ["*Drums", "Voice"]),
    ],
)
def test_the_track_is_the_one_that_was_meant(
    both: Both, track: str, beside: str, selected: int | None, order: list[str]
) -> None:
    for index, each in enumerate(both.project.tracks):
        each.selected = index == selected
    both.place(at="beat", track=track, beside=beside)
    found = [("*" if t.items else "") + t.texts["P_NAME"] for t in both.project.tracks]
    assert found == order and len(both.reaper.undo) == 1


def test_a_take_of_an_item_leaves_its_other_takes(both: Both) -> None:
    item = both.project.add(both.project.tracks[0], 2.0, 3.0, Source("/old.wav", 3.0))
    answer = both.place(form="take", item=item.texts["GUID"])
    assert answer["ok"] is True and answer["track"] == "Drums"
    assert len(item.takes) == 2 and item.active is item.takes[1]
    assert item.numbers["D_POSITION"] == 2.0 and item.numbers["D_LENGTH"] == 3.0
    assert len(both.project.items()) == 1 and both.reaper.undo == ["Longtake: Bass"]


# --- nothing changed when refused ---


def _lock(both: Both, placed: dict[str, Any]) -> None:
    item = both.project.add(both.project.tracks[0], 0.0, 1.0, None)
    item.numbers["C_LOCK"] = 1.0
    placed |= {"form": "take", "item": item.texts["GUID"]}


def _locking(both: Both, placed: dict[str, Any]) -> None:
    _lock(both, placed)
    both.project.items()[0].numbers["C_LOCK"] = 0.0
    both.reaper.locking = True


REFUSED = {
    "recording": ("recording", lambda both, placed: setattr(both.project, "state", 1 | RECORDS)),
    "gone file": ("bad_path", lambda both, placed: both.file.unlink()),
    "no sound": ("bad_path", lambda both, placed: both.reaper.unreadable.add(str(both.file))),
    "gone track": ("no_track", lambda both, placed: placed.update(track="Gone")),
    "track 0": ("no_track", lambda both, placed: placed.update(track="0")),
    "gone neighbour": (
        "no_track",
        lambda both, placed: placed.update(track="below", beside="Gone"),
    ),
    "gone item": ("no_track", lambda both, placed: placed.update(form="take", item="{0}")),
    "locked item": ("locked", _lock),
    "locking": ("locked", _locking),
    "no project": ("failed", lambda both, placed: setattr(both.reaper, "closed", True)),
    "no length": ("failed", lambda both, placed: placed.update(seconds=0.0)),
}


def _picture(project: Project) -> str:
    return repr(
        [(t.texts, [(i.numbers, i.texts, len(i.takes)) for i in t.items]) for t in project.tracks]
    )


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_says_why_and_changes_nothing(both: Both, case: str) -> None:
    code, prepare = REFUSED[case]
    placed: dict[str, Any] = {"at": "beat", "position": 4.0, "track": "Voice"}
    prepare(both, placed)
    before = _picture(both.project)
    answer = both.place(**placed)
    assert (answer["ok"], answer["code"]) == (False, code)
    assert str(answer["text"]).endswith(".") or str(both.file) in str(answer["text"])
    assert _picture(both.project) == before and not both.reaper.undo


@pytest.mark.parametrize(
    "call",
    ["SetMediaItemTake_Source", "SetMediaItemInfo_Value", "AddTakeToMediaItem", "SetActiveTake"],
)
@pytest.mark.parametrize("track", ["new", "Voice"])
def test_an_error_in_the_middle_takes_back_what_was_made(both: Both, call: str, track: str) -> None:
    before = _picture(both.project)
    both.reaper.fails = call
    answer = both.place(track=track)
    both.reaper.settled()
    assert (answer["ok"], answer["code"]) == (False, "failed")
    assert _picture(both.project) == before
    both.reaper.fails = ""
    assert both.place(track=track)["ok"] is True
    assert len(both.project.items()) == 1


# --- once ---


def test_an_id_is_placed_once_though_sent_again_after_everything_began_anew(both: Both) -> None:
    assert both.place(track="Voice")["ok"] is True
    assert both.place(track="Voice")["ok"] is True
    both.reaper.end()
    project = both.project
    both.reapers = [Reaper(both.time, both.scripts)]
    both.reaper.now = project
    (both.root / "placed").unlink()  # Even then: the project remembers it.
    both.reaper.run("longtake.lua")
    both.run(4)
    assert both.place(track="Voice")["ok"] is True
    assert len(both.project.items()) == 1


def test_a_reaper_that_dies_in_the_middle_leaves_it_unsure(both: Both) -> None:
    reaper = both.reaper
    both.box.send(place(Delivery("d1", "t1", both.file, "Bass", Placement("reaper"), seconds=1.0)))
    script = next((both.root / "to_daw").glob("*.msg"))
    taken = both.root / "taken" / f"{both.said('hello')[0]['instance']}.msg"
    script.rename(taken)
    reaper.kill()
    both.reapers = [Reaper(both.time, both.scripts)]
    both.reaper.run("longtake.lua")
    both.run(8)
    assert [(a["id"], a["code"]) for a in both.said("answer")] == [("d1", "unsure")]
    assert not both.project.items() and not taken.exists()


def test_of_two_reapers_one_places_and_the_other_takes_over(both: Both) -> None:
    second = Reaper(both.time, both.scripts)
    both.reapers.append(second)
    second.run("longtake.lua")
    both.run(5)
    both.place(track="new")
    assert len(both.project.items()) == 1 and not second.now.items()
    both.reaper.end()
    both.reapers.pop(0)
    both.run(4)
    assert both.box.connected
    both.place(2, track="new")
    assert len(second.now.items()) == 1


def test_a_longtake_that_comes_back_is_found(both: Both) -> None:
    both.box.close()
    both.run(0.2)
    both.box = Postbox("reaper", both.root, both.time)
    both.run(4)
    assert both.box.connected and both.place(track="new")["ok"] is True


# --- where the folder lies ---


@pytest.mark.parametrize(
    ("system", "environment", "folder"),
    [
        ("Other", {"LONGTAKE_HOME": "/x"}, "/x/data"),
        ("Other", {}, None),
        ("Other", {"XDG_DATA_HOME": "/y"}, "/y/longtake"),
        ("macOS-arm64", {"HOME": "/u"}, "/u/Library/Application Support/longtake"),
        ("OSX64", {"HOME": "/u"}, "/u/Library/Application Support/longtake"),
        ("Win64", {"LOCALAPPDATA": "C:/l"}, "C:/l/longtake"),
    ],
)
def test_without_an_installer_it_looks_where_longtake_keeps_its_data(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    environment: dict[str, str],
    folder: str | None,
) -> None:
    for name in ("LONGTAKE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    reaper = Reaper(Time(), tmp_path)
    reaper.system = system
    parts = COMPANIONS / "reaper/longtake_parts/folder.lua"
    (tmp_path / "x.lua").write_text(f'reaper.MB(dofile("{parts.as_posix()}").spool(""), "", 0)')
    reaper.run("x.lua")
    expected = folder or platformdirs.user_data_path("longtake", appauthor=False).as_posix()
    assert reaper.boxes == [f"{expected}/spool/reaper"]
