"""The script in Live and Longtake's desk, over a real socket: both may come, go and come again in any order."""

from __future__ import annotations

import ast
import json
import socket
import threading
import time
from typing import Any

import pytest

from bridge.delivery.desk import Desk
from bridge.delivery.messages import Message
from tests.bridge.companions.ableton.fake_live import VERSIONS
from tests.bridge.companions.ableton.opened import SOURCE, Opened
from tests.bridge.delivery.visitor import Heard


@pytest.fixture
def joined(opened: Opened) -> Any:
    """The script of an open set, connected; Longtake knows where the set stands."""
    opened.desk.start(opened.heard)
    script = opened.open_set()
    hello = opened.hears(script, "hello")
    assert hello["daw"] == "ableton" and hello["program"] == f"Live {opened.live.named}"
    opened.hears(script, "state")
    yield script
    script.disconnect()


def answer(opened: Opened, script: Any, **fields: Any) -> dict[str, Any]:
    assert opened.desk.send("ableton", opened.place(**fields))
    return opened.hears(script, "answer")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_take_is_placed_or_refused_in_words(opened: Opened, joined: Any) -> None:
    told = answer(opened, joined)
    able = opened.live.version >= (12, 0, 5) or opened.live.named == "11.3.25"
    assert told["ok"] is able and told["id"] == "d1"
    if able:
        assert (told["track"], told["beat"]) == ("Drums", 16.0)
        assert [clip.name for clip in opened.audio.arrangement_clips] == ["Rain"]
    else:
        assert told["code"] == "failed" and "drag" in str(told["text"])
    assert "Rain" in opened.live.shown[-1]


def test_an_id_is_placed_once_also_when_the_set_is_opened_again(
    opened: Opened, joined: Any
) -> None:
    assert answer(opened, joined)["ok"]
    assert answer(opened, joined)["text"] == "It lies in this set already."
    joined.disconnect()
    opened.heard.until("bye")
    again = opened.open_set()
    assert opened.hears(again, "hello")
    assert answer(opened, again)["text"] == "It lies in this set already."
    assert answer(opened, again, id="d2")["ok"]
    assert len(opened.audio.arrangement_clips) == 2
    again.disconnect()


def test_what_was_refused_may_come_again(opened: Opened, joined: Any) -> None:
    opened.audio.is_frozen = True
    assert answer(opened, joined)["code"] == "locked"
    opened.audio.is_frozen = False
    assert answer(opened, joined)["ok"]


def test_an_error_within_is_unsure_and_the_script_goes_on(opened: Opened, joined: Any) -> None:
    vars(opened.song)["end_undo_step"] = lambda: 1 / 0
    told = answer(opened, joined)
    assert told["code"] == "unsure" and "look" in str(told["text"])
    assert opened.audio.arrangement_clips and "ZeroDivisionError" in opened.live.logged.pop()
    del opened.song.end_undo_step
    opened.song.undo = 0
    assert answer(opened, joined, id="d2")["ok"]


def test_a_set_that_keeps_no_ids_takes_them_all_the_same(opened: Opened, joined: Any) -> None:
    vars(opened.song)["set_data"] = None
    assert [answer(opened, joined)["ok"], answer(opened, joined)["ok"]] == [True, True]
    assert len(opened.audio.arrangement_clips) == 1


def test_a_live_that_reads_a_long_file_is_not_taken_for_dead(opened: Opened, joined: Any) -> None:
    looks = []

    def decode(path: str) -> None:
        end = time.monotonic() + 4.0
        while time.monotonic() < end:
            looks.append(opened.desk.connected("ableton"))
            time.sleep(0.1)

    opened.live.decode = decode
    assert answer(opened, joined)["ok"]
    assert all(looks) and opened.heard.queue.empty()


def test_a_live_that_calls_nobody_is_not_taken_for_dead(opened: Opened, joined: Any) -> None:
    """As behind a dialog: the main thread does not come to us."""
    for _ in range(40):
        assert opened.desk.connected("ableton")
        time.sleep(0.1)


def test_where_the_set_stands_is_told_when_it_changes(opened: Opened, joined: Any) -> None:
    opened.song.tempo = 90.0
    assert opened.hears(joined, "state")["tempo"] == 90.0
    opened.song.loop, opened.song.loop_start = True, 4.0
    assert opened.hears(joined, "state")["selection_end"] == 8.0
    opened.song.is_playing = True
    assert opened.hears(joined, "state")["playing"] is True
    opened.song.current_song_time = 12.0
    assert opened.hears(joined, "state")["beat"] == 12.0


def test_a_key_that_ends_is_taken_back_once(opened: Opened, joined: Any) -> None:
    opened.song.scale_mode = True
    assert opened.hears(joined, "state")["key"] == "C major"
    opened.song.scale_mode = False
    assert opened.hears(joined, "state")["key"] == ""
    assert "key" not in opened.hears(joined, "state")


def test_longtake_may_end_and_start_again(opened: Opened, joined: Any) -> None:
    opened.desk.close()
    opened.tick(joined, lambda: not joined._connection.connected)
    opened.desk, opened.heard = Desk(opened.spool, frozenset({"ableton"})), Heard()
    opened.desk.start(opened.heard)
    assert opened.hears(joined, "hello") and opened.hears(joined, "state")["tempo"] == 120.0
    assert answer(opened, joined)["ok"]


def test_live_may_start_first_and_wait(opened: Opened) -> None:
    script = opened.open_set()
    for _ in range(5):
        script.update_display()
    opened.desk.start(opened.heard)
    assert opened.hears(script, "hello")
    script.disconnect()


def test_an_answer_waits_for_longtake(opened: Opened, joined: Any) -> None:
    """The connection breaks while Live reads the file; the answer comes over the next one."""

    def decode(path: str) -> None:
        opened.desk.close()
        opened.desk, opened.heard = Desk(opened.spool, frozenset({"ableton"})), Heard()
        opened.desk.start(opened.heard)

    opened.live.decode = decode
    assert opened.desk.send("ableton", opened.place())
    opened.tick(joined, lambda: opened.audio.arrangement_clips)
    assert opened.hears(joined, "answer")["ok"]


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"[]",
        b'{"port": "x"}',
        b"\xff\xfe",
        b'{"port": 1, "token": "stale"}',
        b'{"port": 99999999, "token": ""}',
    ],
)
def test_a_file_that_is_wrong_is_read_again(opened: Opened, told: bytes) -> None:
    opened.spool.mkdir(parents=True)
    (opened.spool / "desk.json").write_bytes(told)
    script = opened.open_set()
    time.sleep(0.1)
    script.update_display()
    opened.desk.start(opened.heard)
    assert opened.hears(script, "hello")
    script.disconnect()


@pytest.mark.parametrize("line", [b"x" * 70_000, b"\xff\n", b"[]\n", b'{"kind": "error"}\n'])
def test_whoever_else_answers_there_is_left(opened: Opened, line: bytes) -> None:
    other = socket.create_server(("127.0.0.1", 0))
    opened.spool.mkdir(parents=True)
    desk = {"port": other.getsockname()[1], "token": "of old"}
    (opened.spool / "desk.json").write_text(json.dumps(desk))
    script = opened.open_set()
    came, _ = other.accept()
    assert json.loads(came.makefile().readline())["token"] == "of old"
    came.sendall(line)
    script.update_display()
    assert not script._connection.connected
    other.close()
    came.close()
    opened.desk.start(opened.heard)
    assert opened.hears(script, "hello")
    script.disconnect()


def test_nothing_is_left_running_after_the_set_is_closed(opened: Opened, joined: Any) -> None:
    joined.disconnect()
    assert opened.heard.until("bye")
    assert not joined._connection._thread.is_alive()
    joined.update_display()
    joined.disconnect()
    assert "Longtake" not in [thread.name for thread in threading.enumerate()]


# --- buttons ---


def test_the_buttons_are_three_controllers_on_every_channel(opened: Opened, joined: Any) -> None:
    joined.build_midi_map("map")
    wanted = {(channel, number) for channel in range(16) for number in (102, 103, 104)}
    assert set(opened.live.forwarded) == wanted


def press(script: Any, controller: int) -> None:
    for value in (127, 127, 0):
        script.receive_midi((0xB3, controller, value))


def test_generate_asks_for_what_is_selected(opened: Opened, joined: Any) -> None:
    opened.song.loop, opened.song.loop_start = True, 12.0
    press(joined, 102)
    ask = opened.hears(joined, "ask")
    assert (ask["act"], ask["at"], ask["position"], ask["length"]) == (
        "generate",
        "beat",
        12.0,
        4.0,
    )
    assert (ask["track"], ask["prompt"], ask["form"]) == ("Drums", "", "item")
    opened.song.loop, opened.song.view.selected_track = False, opened.midi
    press(joined, 102)
    second = opened.hears(joined, "ask")
    assert (second["position"], second["length"], second["track"]) == (8.0, 0.0, "new")
    assert ask["req"] != second["req"]
    opened.audio.name = opened.midi.name = "Twins"
    opened.song.view.selected_track = opened.audio
    press(joined, 102)
    assert opened.hears(joined, "ask")["track"] == "1", "two tracks of a name are told by number"


@pytest.mark.parametrize("version", ["11.3.25", "12.2.0"])
def test_transform_asks_with_the_selected_clip(opened: Opened, joined: Any, version: str) -> None:
    opened.audio.create_audio_clip(str(opened.wav), 20.0)
    clip = opened.song.view.detail_clip = opened.audio.arrangement_clips[0]
    clip.warping, clip.end_marker = False, 2.0
    press(joined, 103)
    ask = opened.hears(joined, "ask")
    assert (ask["act"], ask["path.1"], ask["start.1"], ask["seconds.1"]) == (
        "transform",
        str(opened.wav),
        0.0,
        2.0,
    )
    assert (ask["at"], ask["position"], ask["length"], ask["beside"]) == (
        "beat",
        20.0,
        4.0,
        "Drums",
    )
    lanes = version == "12.2.0"
    assert (ask["form"], ask["track"]) == (("take", "Drums") if lanes else ("item", "below"))
    assert opened.desk.send(
        "ableton",
        opened.place(**{n: ask[n] for n in ("at", "position", "track", "beside", "form")}),
    )
    assert opened.hears(joined, "answer")["ok"], "what was asked for can be placed"


def test_a_clip_of_the_session_is_answered_in_the_session(opened: Opened, joined: Any) -> None:
    slot = opened.audio.clip_slots[0]
    slot.create_audio_clip(str(opened.wav)).warping = False
    opened.song.view.highlighted_clip_slot = slot
    press(joined, 103)
    ask = opened.hears(joined, "ask")
    assert (ask["form"], ask["track"]) == ("clip", "Drums")


def test_send_hands_the_selected_clip_over(opened: Opened, joined: Any) -> None:
    press(joined, 104)
    assert "select an audio clip" in opened.live.shown[-1]
    clip = opened.song.view.detail_clip = opened.audio.create_audio_clip(str(opened.wav), 20.0)
    press(joined, 104)
    told = opened.hears(joined, "selection")
    assert (told["parts"], told["path.1"], told["beat"], told["track"]) == (
        1,
        str(opened.wav),
        20.0,
        "Drums",
    )
    assert clip and told["name"] == clip.name


def test_other_midi_is_not_ours(opened: Opened, joined: Any) -> None:
    for midi in ((0xB0, 101, 127), (0x90, 102, 127), (0xF0, 1, 2, 0xF7), (0xB0, 102, 20), ()):
        joined.receive_midi(midi)
    opened.desk.send("ableton", {"kind": "bye"})
    time.sleep(0.1)
    assert opened.heard.queue.empty() and opened.live.shown == []


def test_a_button_without_longtake_says_so(opened: Opened) -> None:
    script = opened.open_set()
    press(script, 102)
    assert opened.live.shown == ["Longtake does not run."]
    script.disconnect()


def test_what_becomes_of_it_is_shown(opened: Opened, joined: Any) -> None:
    all_said: list[Message] = [
        {"kind": "ack", "req": "r", "job": "j"},
        {"kind": "progress", "req": "r", "fraction": 0.5, "stage": "x", "eta": 1.0},
        {"kind": "error", "req": "r", "code": "c", "text": "No prompt."},
        {"kind": "unheard of"},
    ]
    for said in all_said:
        opened.desk.send("ableton", said)
    opened.tick(joined, lambda: len(opened.live.shown) == 3)
    assert opened.live.shown == ["Longtake begins.", "Longtake: 50 %", "Longtake: No prompt."]


# --- where Longtake is, and the Python that Live has ---


@pytest.mark.parametrize(
    ("platform", "environment", "path"),
    [
        (
            "win32",
            {"LOCALAPPDATA": "/u/AppData/Local"},
            "/u/AppData/Local/longtake/spool/desk.json",
        ),
        ("darwin", {"HOME": "/u"}, "/u/Library/Application Support/longtake/spool/desk.json"),
        ("linux", {"HOME": "/u", "XDG_DATA_HOME": ""}, "/u/.local/share/longtake/spool/desk.json"),
        ("linux", {"LONGTAKE_HOME": "/stick"}, "/stick/data/spool/desk.json"),
    ],
)
def test_without_an_installed_place_longtake_is_where_it_usually_is(
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    environment: dict[str, str],
    path: str,
) -> None:
    finding: Any = opened.module("finding")
    monkeypatch.delenv("LONGTAKE_HOME", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(finding.sys, "platform", platform)
    assert finding.desk_file() == str(opened.spool / "desk.json"), "as it was installed"
    monkeypatch.setattr(finding, "PLACE", "missing.txt")
    assert finding.desk_file() == path


def test_the_script_is_python_3_7_and_needs_nothing_else() -> None:
    own = {
        "api",
        "connection",
        "finding",
        "ledger",
        "placing",
        "reading",
        "script",
        "tracks",
        "warping",
        "",
    }
    found: set[str] = set()
    for path in SOURCE.glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 7))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                assert (node.module or "") in own
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module or "")
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
    standard = (
        "collections contextlib functools importlib json os queue select socket sys threading time"
    )
    assert found <= {*standard.split(), "traceback", "typing", "uuid", "__future__"}
