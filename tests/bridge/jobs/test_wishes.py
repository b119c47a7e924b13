"""Whose a request id is, and when a request asks for the same."""

from __future__ import annotations

from dataclasses import replace

from bridge.delivery_state import Placement
from bridge.jobs.wishes import NOBODY, Wishes
from bridge.state import JobRequest
from engine.spec import GenerationSpec

SPEC = GenerationSpec(prompt="house")
MINE = JobRequest(SPEC, "1", client=frozenset({"a", "b"}))


def test_the_same_is_asked_for_only_if_every_wish_is_the_same() -> None:
    wishes = Wishes()
    wishes.keep("j1", MINE)
    assert wishes.same(replace(MINE, client=frozenset({"b", "c"})), ["j1"]) == "j1"
    for other in (
        replace(MINE, spec=replace(SPEC, seed=1)),
        replace(MINE, batch=2),
        replace(MINE, play=True),
        replace(MINE, placement=Placement("reaper")),
        replace(MINE, kind="transform"),
        replace(MINE, request_id="2"),
        replace(MINE, client=frozenset({"c"})),
        replace(MINE, client=NOBODY),
    ):
        assert wishes.same(other, ["j1"]) is None
    assert wishes.same(MINE, []) is None


def test_a_placement_is_the_same_wherever_the_daw_stands() -> None:
    wishes = Wishes()
    there = Placement(
        "reaper", "beat", 4.0, track="below", beside="Bass", tempo=90.0, words="playhead"
    )
    wishes.keep("j1", replace(MINE, placement=there))
    moved = replace(there, position=5.5, length=2.0, tempo=91.0, beside="Drums")
    assert wishes.same(replace(MINE, placement=moved), ["j1"]) == "j1"
    for other in (
        replace(there, words="end"),
        replace(there, track="new"),
        replace(there, target="ardour"),
        replace(there, form="take"),
    ):
        assert wishes.same(replace(MINE, placement=other), ["j1"]) is None


def test_a_variation_is_the_same_whichever_way_it_goes() -> None:
    wishes = Wishes()
    one = replace(MINE, kind="vary", spec=replace(SPEC, variation=0.3, variation_seed=1))
    wishes.keep("j1", one)
    assert wishes.same(replace(one, spec=replace(one.spec, variation_seed=2)), ["j1"]) == "j1"
    assert wishes.same(replace(one, spec=replace(one.spec, variation=0.4)), ["j1"]) is None


def test_nothing_is_owned_without_an_id_or_of_an_earlier_run() -> None:
    wishes = Wishes()
    wishes.keep("j1", replace(MINE, request_id=""))
    assert wishes.owned("", MINE.client, ["j1", "j0"]) == []
    wishes.keep("j2", MINE)
    assert wishes.owned("1", MINE.client, ["j0", "j1", "j2"]) == ["j2"]
    assert wishes.client_of("j2") == MINE.client
    wishes.forget("j2")
    assert wishes.owned("1", MINE.client, ["j2"]) == []
    assert wishes.client_of("j2") == NOBODY
