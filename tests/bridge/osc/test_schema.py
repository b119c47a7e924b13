"""The table: every command has its action, every parameter its address, the page in docs is the table's."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import BridgeError
from bridge.osc.actions import Actions
from bridge.osc.arguments import converted, read, usage
from bridge.osc.command import ROOT
from bridge.osc.docs import page, tree
from bridge.osc.pattern import matches
from bridge.osc.schema import COMMANDS, PAIR_NAMES, find
from bridge.osc.values import VALUES
from engine.live_settings import LIVE
from engine.spec import PARAMETERS, Parameter

DOCS = Path(__file__).parents[3] / "docs" / "osc.md"


def test_the_page_in_docs_is_made_from_the_table() -> None:
    assert DOCS.read_text(encoding="utf-8") == page(), "run python -m bridge.osc.docs"


def test_every_command_is_done_somewhere_and_every_action_is_in_the_table() -> None:
    calls = {command.name for command in COMMANDS.values() if command.role == "call"}
    values = {command.name for command in COMMANDS.values() if command.role == "value"}
    assert values == set(VALUES)
    public = {name for name in vars(Actions) if not name.startswith("_")}
    assert calls == public - {"run", "value", "asker"}


def test_every_parameter_has_its_address_with_its_own_range() -> None:
    for name, what in PARAMETERS.items():
        (argument,) = COMMANDS[f"{ROOT}/param/{name}"].arguments
        assert argument.what is what
    assert set(PAIR_NAMES.values()) <= set(PARAMETERS)


def test_every_setting_of_live_has_its_address_with_its_own_range() -> None:
    for name, what in LIVE.items():
        (argument,) = COMMANDS[f"{ROOT}/live/{name}"].arguments
        assert argument.what is what and argument.open


def test_the_tree_holds_every_address_once() -> None:
    found: list[str] = []

    def walk(node: dict) -> None:  # type: ignore[type-arg]
        if "DESCRIPTION" in node:
            found.append(node["FULL_PATH"])
        for inside in node.get("CONTENTS", {}).values():
            walk(inside)

    walk(tree(lambda command: [0]))
    assert sorted(found) == sorted(COMMANDS)


@pytest.mark.parametrize("value", [8, 8.0, "8", "8.0", " 8 ", True])
def test_numbers_come_in_any_type(value: object) -> None:
    wanted = 1 if value is True else 8
    assert converted("steps", PARAMETERS["steps"], value) == wanted  # type: ignore[arg-type]
    assert converted("loop", PARAMETERS["loop"], value) is True  # type: ignore[arg-type]


@given(st.integers(0, 2**32 - 1))
def test_seeds_survive_as_int_text_and_double(seed: int) -> None:
    for sent in (seed, str(seed), float(seed)):
        assert converted("seed", PARAMETERS["seed"], sent) == seed


@given(st.one_of(st.none(), st.binary(max_size=4), st.text(), st.floats(), st.integers()))
def test_conversion_gives_a_value_in_range_or_says_why_not(value: object) -> None:
    for name, what in PARAMETERS.items():
        if what.kind in ("pair", "spans"):
            continue
        try:
            found = converted(name, what, value)  # type: ignore[arg-type]
        except BridgeError as error:
            assert name in str(error)
        else:
            if what.low is not None and what.high is not None:
                assert what.low <= found <= what.high
            if what.choices:
                assert found in what.choices


def test_pairs_follow_with_or_without_the_optional_argument() -> None:
    inpaint = COMMANDS[f"{ROOT}/inpaint"]
    assert read(inpaint, ["r", "a.wav", 1, 2])[0] == ["r", "a.wav", 1.0, 2.0, None]
    values, pairs = read(inpaint, ["r", "a.wav", 1, 2, "steps", 8])
    assert (values[4], pairs) == (None, {"steps": 8})
    values, pairs = read(inpaint, ["r", "a.wav", 1, 2, "steps", "steps", 8])
    assert (values[4], pairs) == ("steps", {"steps": 8})
    values, pairs = read(inpaint, ["r", "a.wav", 1, 2, '{"cfg": 3, "loop": true}'])
    assert (values[4], pairs) == (None, {"cfg_scale": 3.0, "loop": True})
    assert usage(inpaint) == "req path start end [prompt] [key value ...]"


def test_patterns_match_within_a_part_of_the_address() -> None:
    assert [c.address for c in find(f"{ROOT}/transport/t*o")] == [f"{ROOT}/transport/tempo"]
    assert len(find(f"{ROOT}/param/*")) == len(PARAMETERS)
    assert find(f"{ROOT}/*") == [COMMANDS[f"{ROOT}/{n}"] for n in ("quantize", "gain", "loop")]
    assert find("/*/*/s?ps") == []
    assert find("/*/p*/st?ps") == [COMMANDS[f"{ROOT}/param/steps"]]
    assert find(f"{ROOT}/pin*") == []  # A call is not done by a pattern.


@given(st.text(alphabet="ab*?", max_size=8), st.text(alphabet="ab", max_size=8))
def test_patterns_agree_with_the_standard_library(pattern: str, name: str) -> None:
    from fnmatch import fnmatchcase

    if pattern.count("*") <= 4:
        assert matches(f"/{pattern}", f"/{name}") == fnmatchcase(name, pattern)


def test_no_pattern_takes_long() -> None:
    before = time.thread_time()
    for pattern in (
        "/" + "*" * 200 + "!",
        "/" + "*a" * 100,
        "/longtake/param/*?*?*?*!" + "?" * 200,
    ):
        find(pattern)
    assert time.thread_time() - before < 5  # Exponential matching would take years.


def test_a_range_is_told_with_its_unit() -> None:
    with pytest.raises(BridgeError, match="tempo is from 30 to 300 BPM; it is 3"):
        converted("tempo", PARAMETERS["tempo"], 3)
    with pytest.raises(BridgeError, match="whole number"):
        converted("n", Parameter("int", ""), 1.5)
