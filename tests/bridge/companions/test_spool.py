"""Laws of the spool's side inside a DAW: what it says and reads, who speaks where two could, and when nobody is there.

`spool.lua` runs in a real Lua, against the real `spool.py`.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import lupa.lua54
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.delivery.messages import FROM_DAW, TO_DAW, checked, from_lines, to_lines
from tests.bridge.delivery.spooled import SCRIPT, TOLD, Pair, Script


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Both sides, connected."""
    return Pair(tmp_path / "spool" / "ardour").connected()


# --- what is said ---


@pytest.mark.parametrize("kind", TO_DAW)
def test_a_script_reads_every_field_of_every_message_with_its_type(
    tmp_path: Path, kind: str
) -> None:
    lua: Any = lupa.lua54.LuaRuntime(unpack_returned_tuples=False)
    spool = lua.execute(SCRIPT.read_text("utf-8"))
    values = {str: "a=b % \n\r ü %0A", float: 1.5, int: 3, bool: True}
    message = {"kind": kind} | {name: values[wanted] for name, wanted in TO_DAW[kind].items()}
    assert dict(spool.from_lines(to_lines(message))) == message


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=200),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
)
def test_what_a_script_says_is_what_is_heard(text: str, number: float, switch: bool) -> None:
    lua: Any = lupa.lua54.LuaRuntime(unpack_returned_tuples=False)
    spool = lua.execute(SCRIPT.read_text("utf-8"))
    said = {"kind": "answer", "id": text, "ok": switch, "text": text, "beat": number}
    assert checked(from_lines(spool.to_lines(lua.table_from(said))), FROM_DAW) == said


# --- who speaks ---


def test_a_sign_of_life_from_yesterday_is_none(pair: Pair) -> None:
    pair.script.link.close(pair.script.link)
    for path in (pair.root / "from_daw").iterdir():
        path.unlink()
    pair.scripts = [Script(pair.root, pair.time)]
    for _ in range(60):
        pair.run(0.5, box=False)
        assert not pair.script.link.running
    assert pair.script.link.active and not list((pair.root / "from_daw").iterdir())


def test_of_two_daws_one_speaks_until_it_ends(pair: Pair) -> None:
    first, second = pair.script, Script(pair.root, pair.time)
    pair.scripts = [first, second]
    pair.run(10)
    assert first.link.active and not second.link.active
    pair.box.send(TOLD)
    pair.run(1)
    assert len(first.placed) == 1 and not second.placed
    pair.scripts = [second]
    pair.run(5)
    assert second.link.active and pair.box.connected
    pair.scripts = [first, second]
    pair.run(1)
    assert second.link.active and not first.link.active


def test_of_many_that_begin_at_once_one_speaks(tmp_path: Path) -> None:
    pair = Pair(tmp_path / "ardour")
    list(pair.box.look())
    pair.scripts = [Script(pair.root, pair.time) for _ in range(6)]
    for each in itertools.islice(itertools.cycle(pair.scripts), 300):
        pair.time.now += 0.017
        pair.heard += pair.box.look()
        each.tick()
        assert sum(bool(one.link.active) for one in pair.scripts) <= 1
    assert sum(bool(one.link.active) for one in pair.scripts) == 1
    assert pair.kinds() == ["hello"]


def test_one_that_is_slow_to_begin_does_not_speak_beside_another(tmp_path: Path) -> None:
    pair = Pair(tmp_path / "ardour")
    list(pair.box.look())
    first, second = pair.script, Script(pair.root, pair.time)

    def meanwhile() -> None:
        """The first begins after the second saw that nobody speaks."""
        for _ in range(15):
            pair.time.now += 0.1
            first.tick()
        assert first.link.active

    second.lua.globals().meanwhile = meanwhile
    second.lua.execute(
        "local open, done = io.open; io.open = function(path, mode)"
        " if mode == 'wb' and not done then done = true meanwhile() end return open(path, mode) end"
    )
    for turn in range(100):
        pair.time.now += 0.02
        second.tick()
        assert not (first.link.active and second.link.active)
        if turn % 5 == 4:
            first.tick()
    assert second.link.active and not first.link.active


# --- where it stands ---


def test_a_state_is_told_when_it_differs_from_what_is_reckoned(pair: Pair) -> None:
    def stand(**fields: Any) -> bool:
        link = pair.script.link
        return link.stand(link, pair.script.lua.table_from(fields))

    assert stand(tempo=120, beat=4, playing=False)
    assert not stand(tempo=120, beat=4, playing=False)
    assert stand(tempo=120, beat=4, playing=True)
    pair.time.now += 1
    assert not stand(tempo=120, beat=6.0, playing=True)
    assert stand(tempo=120, beat=9.0, playing=True)
    assert stand(tempo=90, beat=9.0, playing=True)
