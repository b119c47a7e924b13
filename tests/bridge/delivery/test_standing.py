"""A DAW stands where it said last, and goes on from there while it plays."""

from __future__ import annotations

from bridge.delivery.standing import Standing, changed


def test_nothing_is_known_until_it_is_said() -> None:
    assert Standing().now() is None


def test_it_counts_on_while_it_plays_and_keeps_what_is_not_said_again() -> None:
    now = [10.0]
    standing = Standing(lambda: now[0])
    standing.hear({"kind": "state", "tempo": 90.0, "beat": 4.0, "playing": True, "project": "a"})
    now[0] = 12.0
    told = standing.now()
    assert told and (told.beat, told.tempo, told.tempo_known) == (7.0, 90.0, True)
    standing.hear({"kind": "state", "playing": False, "beat": 7.0})
    now[0] = 20.0
    told = standing.now()
    assert told and (told.beat, told.tempo) == (7.0, 90.0)
    assert standing.project == "a"


def test_a_selection_is_none_where_it_is_empty_and_kept_where_it_is_not_said() -> None:
    assert changed({"kind": "state", "selection_start": 4.0, "selection_end": 4.0}) == {
        "selection": None
    }
    standing = Standing()
    standing.hear({"kind": "state", "selection_start": 4.0, "selection_end": 8.0})
    standing.hear({"kind": "state", "numerator": 6, "denominator": 8, "key": "A minor"})
    told = standing.now()
    assert told and told.selection == (4.0, 8.0)
    assert (told.signature, told.key, told.tempo_known) == ((6, 8), "A minor", False)
