"""Laws of deliveries: none is lost, none is made twice, in the order asked, through every end of either side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bridge.delivery.deliveries import REMEMBERED, Deliveries
from bridge.delivery.owed import Owed
from bridge.delivery_state import Delivery, Placement
from bridge.errors import BridgeError
from bridge.events import CompanionChanged, DeliveryChanged, Event, Notice
from bridge.state import Take
from tests.bridge.delivery.daw import StandIn
from tests.bridge.parts import captured, library_in, wait_for

REAPER, ARDOUR = Placement("reaper", "beat", 16.0), Placement("ardour", "end")
TWO = Placement("reaper", "end", words="end")
Open = Callable[..., Deliveries]


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def begin(tmp_path: Path, told: list[Event]) -> Iterator[Open]:
    """Opens deliveries over the same file; all are closed in the end."""
    made: list[Deliveries] = []

    def begin(**ways: StandIn) -> Deliveries:
        made.append(Deliveries(told.append, Owed(tmp_path / "owed.json"), ways))
        made[-1].start()
        return made[-1]

    yield begin
    for each in made:
        each.close()


@pytest.fixture
def take(tmp_path: Path) -> Take:
    library = library_in(tmp_path / "takes")
    made = captured(library, np.zeros((2, 88_200), np.float32), 44_100, "Täke", tempo=120.0)
    library.close()
    return made


def state(deliveries: Deliveries, delivery: Delivery) -> str:
    return deliveries.get(delivery.id).state


def reach(deliveries: Deliveries, delivery: Delivery, wanted: str) -> Delivery:
    deliveries.look()
    wait_for(lambda: state(deliveries, delivery) == wanted)
    return deliveries.get(delivery.id)


def test_a_take_is_placed_once_and_says_where(begin: Open, take: Take, told: list[Event]) -> None:
    daw = StandIn()
    deliveries = begin(reaper=daw)
    sent = deliveries.send(take, REAPER)
    assert reach(deliveries, sent, "placed").text == "placed Täke"
    for _ in range(3):
        deliveries.look()
    deliveries.close()
    assert [each.id for each in daw.got] == [sent.id]
    states = [e.delivery.state for e in told if isinstance(e, DeliveryChanged)]
    assert states == ["owed", "sent", "placed"]
    assert (sent.path, sent.seconds, sent.tempo, sent.beats) == (take.path, 2.0, 120.0, 4.0)
    assert deliveries.where(take.id) == ("Reaper",)


def test_a_daw_that_is_closed_gets_what_it_is_owed_once_in_order(begin: Open, take: Take) -> None:
    daw = StandIn(there=False)
    first = begin(reaper=daw)
    asked = [first.send(take, replace(REAPER, words=f"beat {n}")) for n in range(4)]
    assert first.send(take, replace(REAPER, words="beat 3", position=99.0)).id == asked[3].id
    assert "stand-in" in first.get(asked[0].id).text
    first.look()
    first.close()
    assert daw.got == []
    second = begin(reaper=daw)  # Longtake was closed meanwhile as well.
    assert [each.state for each in second.all()] == ["owed"] * 4
    daw.there = True
    reach(second, asked[-1], "placed")
    second.close()
    assert [each.id for each in daw.got] == [each.id for each in asked]
    third = begin(reaper=daw)
    third.look()
    third.close()
    assert len(daw.got) == 4


def test_one_daw_does_not_wait_for_another(begin: Open, take: Take) -> None:
    deliveries = begin(reaper=StandIn(there=False), ardour=StandIn())
    owed = deliveries.send(take, REAPER)
    reach(deliveries, deliveries.send(take, ARDOUR), "placed")
    assert state(deliveries, owed) == "owed"


def test_the_next_is_sent_when_the_one_before_is_answered(begin: Open, take: Take) -> None:
    daw = StandIn(answer=lambda delivery: None)
    deliveries = begin(reaper=daw)
    one, two = deliveries.send(take, REAPER), deliveries.send(take, TWO)
    reach(deliveries, one, "sent")
    for _ in range(5):
        deliveries.look()
    assert state(deliveries, two) == "owed"
    deliveries.answered(one.id, ok=True, text="on track 1")
    reach(deliveries, two, "sent")
    assert deliveries.get(one.id).text == "on track 1"
    deliveries.answered(one.id, ok=False, code="failed", text="too late")
    assert state(deliveries, one) == "placed"


@pytest.mark.parametrize(
    ("code", "becomes"), [("no_track", "refused"), ("unsure", "unsure"), ("failed", "refused")]
)
def test_what_a_daw_refuses_is_told_and_can_be_sent_again(
    begin: Open, take: Take, told: list[Event], code: str, becomes: str
) -> None:
    daw = StandIn(answer=lambda delivery: None)
    deliveries = begin(reaper=daw)
    sent = deliveries.send(take, REAPER)
    reach(deliveries, sent, "sent")
    deliveries.answered(sent.id, ok=False, code=code, text="No track Bass.")
    assert state(deliveries, sent) == becomes
    assert any(isinstance(e, Notice) and "No track Bass." in e.text for e in told)
    again = deliveries.again(sent.id)
    assert again.id != sent.id
    assert deliveries.again(sent.id).id == again.id  # Pressed twice.
    with pytest.raises(BridgeError, match="on its way"):
        deliveries.again(again.id)
    reach(deliveries, again, "sent")
    assert [each.id for each in daw.got] == [sent.id, again.id]


def test_while_it_records_it_is_owed_and_tried_again(begin: Open, take: Take) -> None:
    daw = StandIn(answer=lambda delivery: None)
    deliveries = begin(reaper=daw)
    sent = deliveries.send(take, REAPER)
    reach(deliveries, sent, "sent")
    deliveries.answered(sent.id, ok=False, code="recording", text="Reaper records.")
    assert (state(deliveries, sent), deliveries.get(sent.id).text) == ("owed", "Reaper records.")
    reach(deliveries, sent, "sent")
    assert len(daw.got) == 2


@pytest.mark.parametrize("taken", [True, False])
def test_what_was_not_answered_is_unsure_unless_it_was_taken_back(
    begin: Open, take: Take, taken: bool
) -> None:
    daw = StandIn(answer=lambda delivery: None, taken=taken)
    deliveries = begin(reaper=daw)
    sent = deliveries.send(take, REAPER)
    reach(deliveries, sent, "sent")
    daw.there = False
    found = reach(deliveries, sent, "unsure" if taken else "owed")
    if taken:
        assert "send it again" in found.text
        deliveries.answered(sent.id, ok=True, text="on track 2")  # It did lie there after all.
        assert state(deliveries, sent) == "placed"


@pytest.mark.parametrize("code", ["recording", "no_track"])
def test_what_is_unsure_and_does_not_lie_there_is_sent_again_by_the_musician_alone(
    begin: Open, take: Take, code: str
) -> None:
    daw = StandIn(answer=lambda delivery: None)
    deliveries = begin(reaper=daw)
    sent = deliveries.send(take, REAPER)
    reach(deliveries, sent, "sent")
    daw.there = False
    reach(deliveries, sent, "unsure")
    deliveries.answered(sent.id, ok=False, code=code, text="It does not.")
    daw.there = True
    deliveries.look()
    assert state(deliveries, sent) == "refused"


@pytest.mark.parametrize(("taken", "becomes", "times"), [(True, "unsure", 1), (False, "placed", 2)])
def test_what_was_sent_when_longtake_ended_is_unsure_unless_it_was_taken_back(
    begin: Open, take: Take, taken: bool, becomes: str, times: int
) -> None:
    daw = StandIn(answer=lambda delivery: None, taken=taken)
    first = begin(reaper=daw)
    sent = first.send(take, REAPER)
    reach(first, sent, "sent")
    first.close()
    daw.answer = lambda delivery: "well"
    second = begin(reaper=daw)
    reach(second, sent, becomes)
    second.look()
    second.close()
    assert len(daw.got) == times


def test_what_is_not_wanted_or_gone_is_not_delivered(begin: Open, take: Take) -> None:
    daw = StandIn(there=False)
    deliveries = begin(reaper=daw)
    dropped, gone = deliveries.send(take, REAPER), deliveries.send(take, TWO)
    deliveries.drop(dropped.id)
    take.path.unlink()
    daw.there = True
    assert "deleted" in reach(deliveries, gone, "refused").text
    assert state(deliveries, dropped) == "dropped"
    assert daw.got == []
    deliveries.drop(gone.id)
    assert state(deliveries, gone) == "refused"


def test_an_error_of_a_way_refuses_one_and_the_next_is_delivered(begin: Open, take: Take) -> None:
    wrong = threading.Event()

    def answer(delivery: Delivery) -> str:
        if wrong.is_set():
            return "well"
        wrong.set()
        raise ZeroDivisionError

    deliveries = begin(reaper=StandIn(answer=answer))
    one, two = deliveries.send(take, REAPER), deliveries.send(take, TWO)
    reach(deliveries, two, "placed")
    assert "ZeroDivisionError" in deliveries.get(one.id).text


def test_targets_that_are_not_there_are_named(begin: Open, take: Take, told: list[Event]) -> None:
    deliveries = begin(reaper=StandIn())
    with pytest.raises(BridgeError, match="reaper, ableton"):
        deliveries.send(take, Placement("cubase"))
    with pytest.raises(BridgeError, match="switched off"):
        deliveries.send(take, ARDOUR)
    deliveries.owe(take, ARDOUR)
    assert any(isinstance(e, Notice) and "was not delivered" in e.text for e in told)
    for call in (deliveries.again, deliveries.drop, deliveries.get):
        with pytest.raises(BridgeError, match="no delivery"):
            call("d0")


def test_companions_are_told_when_they_come_and_go(
    begin: Open, take: Take, told: list[Event]
) -> None:
    daw = StandIn(there=False)
    deliveries = begin(reaper=daw)

    def states() -> list[str]:
        changed = [e.companion for e in told if isinstance(e, CompanionChanged)]
        return [companion.state for companion in changed if companion.target == "reaper"]

    wait_for(lambda: states() == ["waiting"])
    daw.there = True
    deliveries.look()
    wait_for(lambda: states() == ["waiting", "connected"])
    absent = {each.target: each.state for each in deliveries.companions()}
    assert absent["ardour"] == "absent"


def test_a_daw_without_our_script_is_said_to_have_none(tmp_path: Path) -> None:
    ways = {"reaper": StandIn(there=False), "ardour": StandIn(there=False)}
    deliveries = Deliveries(
        lambda event: None, Owed(tmp_path / "owed"), ways, lambda name: name == "ardour"
    )
    found = {each.target: (each.state, each.detail) for each in deliveries.companions()}
    assert found["reaper"] == ("absent", "Our script is not inside Reaper yet.")
    assert found["ardour"] == ("waiting", "a stand-in")


def test_only_the_last_are_remembered_and_nothing_that_is_owed_is_forgotten(
    begin: Open, take: Take
) -> None:
    deliveries = begin(reaper=StandIn(there=False), ardour=StandIn())
    owed = deliveries.send(take, REAPER)
    for _ in range(REMEMBERED + 5):
        last = deliveries.send(take, ARDOUR)
        reach(deliveries, last, "placed")
    assert state(deliveries, owed) == "owed"
    assert len(deliveries.all()) <= REMEMBERED + 1
