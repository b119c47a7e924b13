"""Laws of the spool: nothing is heard twice or half, what is withdrawn is never taken, each side sees the other end.

Both sides are the real ones: `spool.py`, and `spool.lua` in a real Lua.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.delivery.messages import (
    LARGEST,
    Message,
    Wrong,
    to_lines,
)
from bridge.delivery.spool import Postbox, Spool
from tests.bridge.delivery.spooled import TOLD, Pair, Script


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Both sides, connected."""
    return Pair(tmp_path / "spool" / "ardour").connected()


# --- a message once ---


def test_a_place_is_placed_once_and_answered(pair: Pair) -> None:
    assert pair.box.send(TOLD)
    pair.run(1)
    assert [each["path"] for each in pair.script.placed] == ["/a b/x.wav"]
    assert pair.script.placed[0]["seconds"] == 2.5
    assert pair.answers() == [("d1", True, "")]
    assert not list((pair.root / "taken").iterdir()) and not list((pair.root / "to_daw").iterdir())
    assert not list((pair.root / "from_daw").iterdir())


def test_an_id_that_is_sent_again_is_answered_but_not_placed_again(pair: Pair) -> None:
    pair.box.send(TOLD)
    pair.run(1)
    pair.box.send(TOLD)
    pair.run(1)
    pair.scripts = [Script(pair.root, pair.time)]
    pair.run(6)
    pair.box.send(TOLD)
    pair.run(1)
    assert pair.answers() == [("d1", True, "")] * 3
    assert not pair.script.placed


def test_messages_come_in_order(pair: Pair) -> None:
    heard: list[dict[str, Any] | None] = []
    for number in range(30):
        pair.box.send({"kind": "done", "req": str(number), "path": ""})
    for _ in range(40):
        heard.append(pair.script.tick())
    assert [each["req"] for each in heard if each] == [str(number) for number in range(30)]
    for number in range(30):
        assert pair.script.say(kind="cancel", req=str(number))
    pair.run(1)
    assert [each["req"] for each in pair.heard[1:]] == [str(number) for number in range(30)]


def test_what_is_withdrawn_is_not_placed_and_what_was_taken_is_not_withdrawn(pair: Pair) -> None:
    pair.box.send(TOLD)
    assert pair.box.withdraw("d1") and not pair.box.withdraw("d1")
    pair.box.send({**TOLD, "id": "d2"})
    pair.run(1)
    assert [each["id"] for each in pair.script.placed] == ["d2"]
    assert not pair.box.withdraw("d2") and not pair.box.withdraw("d9") and not pair.box.withdraw("")


def test_of_a_withdrawal_and_a_claim_at_once_one_wins(pair: Pair) -> None:
    taken: list[bool] = []
    for number in range(60):
        pair.box.send({**TOLD, "id": f"r{number}"})
        thread = threading.Thread(target=lambda n=number: taken.append(pair.box.withdraw(f"r{n}")))
        thread.start()
        before = len(pair.script.placed)
        pair.script.tick()
        thread.join()
        pair.script.tick()
        assert (len(pair.script.placed) == before + 1) != taken[-1]


def test_an_error_within_a_placement_is_its_answer(pair: Pair) -> None:
    def fail() -> Any:
        raise RuntimeError("no such track")

    pair.script.answer = fail
    pair.box.send(TOLD)
    pair.run(1)
    assert pair.answers() == [("d1", False, "failed")]
    pair.script.answer = lambda: pair.script.lua.table_from({"ok": False, "code": "recording"})
    pair.box.send(TOLD)
    pair.run(1)
    assert pair.answers()[-1] == ("d1", False, "recording")


def test_a_script_may_answer_later_and_takes_nothing_until_then(pair: Pair) -> None:
    pair.script.answer = lambda: None
    pair.box.send(TOLD)
    pair.box.send({**TOLD, "id": "d2"})
    pair.run(1)
    assert len(pair.script.placed) == 1 and not pair.answers()
    pair.script.link.answer(pair.script.link, pair.script.lua.table_from({"ok": True}))
    pair.run(1)
    assert len(pair.script.placed) == 2 and pair.answers() == [("d1", True, "")]


# --- ends ---


def test_a_script_that_ends_in_the_middle_leaves_an_unsure_answer(pair: Pair) -> None:
    pair.script.answer = lambda: None
    pair.box.send(TOLD)
    pair.run(1)
    pair.scripts = [Script(pair.root, pair.time)]
    pair.run(8)
    assert pair.answers() == [("d1", False, "unsure")]
    assert not pair.script.placed and pair.box.connected
    assert pair.kinds().count("bye") == 1 and pair.kinds().count("hello") == 2


def test_a_script_that_ends_after_it_remembered_says_that_it_lies_there(pair: Pair) -> None:
    pair.script.answer = lambda: None
    pair.box.send(TOLD)
    pair.run(1)
    (pair.root / "placed").write_text("d1\n")
    pair.scripts = [Script(pair.root, pair.time)]
    pair.run(8)
    assert pair.answers() == [("d1", True, "")]


def test_a_script_that_falls_silent_is_gone_and_is_back_when_it_speaks(pair: Pair) -> None:
    pair.run(4, scripts=False)
    assert pair.kinds()[-1] == "bye" and not pair.box.connected
    assert not pair.box.send(TOLD)
    pair.run(2)
    assert pair.kinds()[-1] == "hello" and pair.box.connected and pair.box.send(TOLD)


def test_a_script_that_says_bye_is_gone_at_once(pair: Pair) -> None:
    pair.script.link.close(pair.script.link)
    pair.scripts.clear()
    pair.run(0.1)
    assert pair.kinds() == ["hello", "bye"] and not pair.box.connected
    assert not (pair.root / "daw.alive").exists()


@pytest.mark.parametrize("dies", [True, False])
def test_a_longtake_that_ends_is_noticed_and_the_next_one_found(pair: Pair, dies: bool) -> None:
    pair.box.send({**TOLD, "id": "old"})
    if not dies:
        pair.box.close()
    pair.run(4, box=False)
    assert not pair.script.link.running and not pair.script.say(kind="cancel", req="r")
    pair.script.placed.clear()
    pair.box = Postbox("ardour", pair.root, pair.time)
    pair.run(3)
    assert pair.box.connected and pair.box.send(TOLD)
    pair.run(1)
    assert [each["id"] for each in pair.script.placed] == ["d1"]


def test_a_new_longtake_hears_old_answers_and_discards_old_wishes_and_places(pair: Pair) -> None:
    pair.script.answer = lambda: None
    pair.box.send(TOLD)
    pair.run(0.2, box=False)
    pair.box.send({**TOLD, "id": "never"})
    pair.script.say(kind="ask", req="q", act="generate")
    pair.script.link.answer(pair.script.link, pair.script.lua.table_from({"ok": True}))
    pair.box = Postbox("ardour", pair.root, pair.time)
    pair.heard.clear()
    pair.run(3)
    assert pair.answers() == [("d1", True, "")]
    assert "ask" not in pair.kinds() and len(pair.script.placed) == 1


# --- two at once ---


def test_a_message_is_heard_by_one_of_two_readers(pair: Pair) -> None:
    for number in range(100):
        pair.script.say(kind="cancel", req=str(number))
    other = Postbox("ardour", pair.root, pair.time)
    other._opened = True  # Of the same moment: it clears nothing away.
    heard: list[Message] = []
    threads = [
        threading.Thread(target=lambda box=box: heard.extend(box.look()))
        for box in (pair.box, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(each["req"]) for each in heard) == list(range(100))


# --- bad input ---


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"kind=ask\n",
        b"kind=nothing\nend\n",
        b"end\n",
        b"\xff\xfe\nend\n",
        b"kind\nend\n",
        b"kind=answer\nid=d1\nok=perhaps\nend\n",
        b"kind=cancel\nreq=" + b"x" * LARGEST + b"\nend\n",
    ],
)
def test_what_is_no_message_is_set_aside_and_the_next_is_heard(pair: Pair, bad: bytes) -> None:
    (pair.root / "from_daw" / "0-0.msg").write_bytes(bad)
    (pair.root / "from_daw" / "0-1.tmp").write_bytes(to_lines({"kind": "bye"}).encode())
    pair.script.say(kind="cancel", req="after")
    pair.run(0.1)
    assert pair.heard[-1] == {"kind": "cancel", "req": "after"}
    pair.run(4)
    assert not list((pair.root / "from_daw").glob("*.msg")) and len(pair.heard) == 2


def test_what_was_half_written_is_heard_when_it_is_whole(pair: Pair) -> None:
    path = pair.root / "from_daw" / "0-0.msg"
    path.write_bytes(b"kind=cancel\nreq=r")
    pair.run(1)
    assert pair.kinds() == ["hello"]
    path.write_bytes(b"kind=cancel\nreq=r\nend\n")
    pair.run(0.1)
    assert pair.heard[-1] == {"kind": "cancel", "req": "r"}


def test_a_script_passes_over_what_is_damaged(pair: Pair) -> None:
    pair.box.send(TOLD)
    next((pair.root / "to_daw").glob("*.msg")).write_bytes(b"kind=place\nid=d1\npa")
    pair.box.send({**TOLD, "id": "d2"})
    pair.run(5)
    assert [each["id"] for each in pair.script.placed] == ["d2"]
    assert len(pair.script.log) == 1


def test_a_script_of_another_version_is_not_heard(pair: Pair) -> None:
    pair.heard.clear()
    for hello in ({"daw": "reaper", "protocol": 1}, {"daw": "ardour", "protocol": 99}):
        text = to_lines({"kind": "hello", "instance": "x", **hello})
        (pair.root / "from_daw" / "x.msg").write_text(text)
        pair.run(0.1)
    assert not pair.heard


def test_too_large_a_message_is_refused(pair: Pair) -> None:
    with pytest.raises(Wrong):
        pair.box.send({**TOLD, "name": "x" * LARGEST})


def test_a_folder_that_is_cleared_away_is_made_again(pair: Pair) -> None:
    for path in sorted(pair.root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    pair.root.rmdir()
    pair.run(8)
    assert pair.box.connected and pair.box.send(TOLD)
    pair.run(1)
    assert len(pair.script.placed) == 1


@pytest.mark.parametrize("folder", ["taken", "to_daw", "from_daw"])
def test_each_folder_that_is_cleared_away_is_made_again(pair: Pair, folder: str) -> None:
    pair.run(1)
    (pair.root / folder).rmdir()
    pair.run(2)
    assert pair.box.send(TOLD)
    pair.run(1)
    assert pair.answers() == [("d1", True, "")]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_the_folder_is_the_users_own(pair: Pair) -> None:
    for folder in (pair.root, *filter(Path.is_dir, pair.root.iterdir())):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_message_that_cannot_be_taken_yet_is_taken_later(pair: Pair) -> None:
    lua = pair.script.lua
    lua.execute("real, fails = os.rename, 5")
    lua.execute(
        "os.rename = function(a, b) if a:find('to_daw') and fails > 0 then fails = fails - 1"
        " return nil end return real(a, b) end"
    )
    pair.box.send(TOLD)
    pair.run(2)
    assert len(pair.script.placed) == 1 and pair.answers() == [("d1", True, "")]


def test_an_answer_that_the_disk_does_not_take_is_said_later_and_only_once(pair: Pair) -> None:
    lua = pair.script.lua
    lua.execute("real, full = os.rename, true")
    lua.execute(
        "os.rename = function(a, b) return not (full and b:find('from_daw')) and real(a, b) end"
    )
    pair.box.send(TOLD)
    pair.box.send({**TOLD, "id": "d2"})
    pair.run(1)
    assert len(pair.script.placed) == 1 and not pair.answers()
    lua.execute("full = false")
    pair.run(1)
    assert pair.answers() == [("d1", True, ""), ("d2", True, "")] and len(pair.script.placed) == 2


# --- the thread ---


@pytest.fixture
def carrier(
    tmp_path: Path,
) -> Iterator[tuple[Spool, list[tuple[str, Message]], threading.Condition]]:
    """A carrier of two DAWs that runs; what it heard, and a condition told of each."""
    heard: list[tuple[str, Message]] = []
    told = threading.Condition()

    def hears(daw: str, message: Message) -> None:
        with told:
            heard.append((daw, message))
            told.notify_all()
        if message["kind"] == "cancel":
            raise RuntimeError("whoever hears may fail")

    found = Spool({name: tmp_path / name for name in ("reaper", "ardour")})
    found.start(hears)
    yield found, heard, told
    found.close()


def test_the_whole_loop_through_both_real_sides(carrier: Any, tmp_path: Path) -> None:
    spool, heard, told = carrier
    assert not spool.send("ardour", TOLD)
    threading.Event().wait(0.5)
    script = Script(tmp_path / "ardour", time.monotonic)

    def until(kind: str) -> Message:
        for _ in range(600):
            script.tick()
            with told:
                found = [each for daw, each in heard if daw == "ardour" and each["kind"] == kind]
                if found:
                    return found[0]
                told.wait(0.05)
        raise AssertionError(f"no {kind}")

    assert until("hello")["program"] == "Ardour 8"
    assert spool.connected("ardour") and not spool.connected("reaper")
    script.say(kind="cancel", req="r")
    until("cancel")
    assert spool.send("ardour", TOLD)
    assert until("answer")["id"] == "d1" and len(script.placed) == 1
    spool.close()
    assert not spool.connected("ardour")
    assert script.tick() == {"kind": "bye"}
