"""The real Ardour takes takes: what was owed, at the asked sample, bit for bit, once; and hands its audio over.

Ardour is started twice in all, with one session; the tests follow each other in it, each with takes of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.asks import Asks
from bridge.delivery.carrier import Hears
from bridge.delivery.companion import place
from bridge.delivery.messages import Message
from bridge.delivery.spool import Spool
from bridge.delivery_state import Delivery, Placement
from bridge.osc.server import OscOptions, OscServer
from bridge.session import Session
from bridge.state import Take, TransportState
from tests.bridge.ardour import TRACK, Lost
from tests.bridge.delivery.ardour_window import ArdourWindow, Region
from tests.bridge.delivery.ardour_window import session as new_session
from tests.bridge.parts import captured
from tests.bridge.real_parts import RATE, JackServer, until
from tests.bridge.rig import Peer, session_in
from tests.screen import screen

pytestmark = pytest.mark.real_parts("Xvfb", "openbox", "xdotool", "ardour7-lua")
STARTS = 4
"""Starts of which one must keep JACK."""
BEAT = RATE // 2
"""Samples of a quarter note at the tempo of 120."""


class Overheard(Spool):
    """The real spool, and what came over it."""

    def __init__(self, folder: Path) -> None:
        super().__init__({"ardour": folder})
        self.heard: list[Message] = []

    def start(self, hears: Hears) -> None:
        def hear(daw: str, message: Message) -> None:
            self.heard.append(message)
            hears(daw, message)

        super().start(hear)


class Desk:
    """A session that speaks with Ardour over real files, an OSC client, and Ardour when it runs."""

    def __init__(self, folder: Path, session: Session, spool: Overheard, peer: Peer) -> None:
        self.folder = folder
        self.song = new_session(folder)
        self.session, self.spool, self.peer = session, spool, peer
        self.heard = spool.heard
        self.deliveries = session.daws.deliveries
        self.ardour: ArdourWindow | None = None

    def uses(self, jack: JackServer, windows: dict[str, str]) -> None:
        """Where Ardour sounds and shows itself."""
        self._jack, self._windows = jack, windows

    def stands(self) -> TransportState | None:
        """Where Ardour says it stands."""
        return self.session.daws.stands("ardour")

    def start(self) -> ArdourWindow:
        """Ardour, from the first of its starts that keeps JACK."""
        losses: list[str] = []
        while len(losses) < STARTS:
            if not self._jack.answers():
                self._jack.start()
            try:
                self.ardour = ArdourWindow(self.song, self._windows, self.folder / "spool")
                return self.ardour
            except Lost as lost:
                losses.append(str(lost))
        raise AssertionError(f"no start of Ardour came to run: {losses}")

    def take(self, name: str, seconds: float = 1.0, rate: int = RATE) -> Take:
        """A take of noise in two channels."""
        noise = np.random.default_rng(len(name)).uniform(-0.9, 0.9, (2, round(seconds * rate)))
        return captured(self.session.takes, noise.astype(np.float32), rate, name)

    def send(self, take: Take, **where: Any) -> Delivery:
        return self.deliveries.send(take, Placement("ardour", **where))

    def ended(self, delivery: Delivery) -> Delivery:
        """The delivery, once nothing more will happen to it."""
        until(lambda: not self.deliveries.get(delivery.id).open, what=f"{delivery}")
        return self.deliveries.get(delivery.id)

    def next(self, kind: str, begin: Callable[[], object]) -> Message:
        """The message of that kind that comes after `begin`."""
        count = len(self.heard)
        begin()
        until(lambda: self.said(kind, count), what=f"{kind}; heard {self.heard[count:]}")
        return self.said(kind, count)[0]

    def said(self, kind: str, since: int = 0) -> list[Message]:
        return [message for message in self.heard[since:] if message["kind"] == kind]

    def close(self) -> None:
        if self.ardour:
            self.ardour.close()


@pytest.fixture(scope="module")
def desk(jack_server: JackServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("ardour")
    spool = Overheard(folder / "spool")
    with ExitStack() as open_:
        open_.enter_context(jack_server.watched())
        windows = open_.enter_context(screen())
        session, hub = open_.enter_context(session_in(folder, spool, "ardour"))
        options = OscOptions(port=0, query_port=None, folders=(folder,))
        server = OscServer(session, hub.publish, options)
        asks = Asks(session, hub.publish)
        for part in (server, asks):
            part.start()
            open_.callback(part.close)
        made = Desk(folder, session, spool, open_.enter_context(Peer(server.port)))
        made.uses(jack_server, windows)
        open_.callback(made.close)
        yield made


@pytest.fixture
def ardour(desk: Desk) -> ArdourWindow:
    """It runs, and our script speaks."""
    ardour = desk.ardour or desk.start()
    until(lambda: desk.spool.connected("ardour"), what="our script in Ardour")
    return ardour


def newest(desk: Desk, since: tuple[Delivery, ...]) -> Delivery | None:
    """The delivery that came after those."""
    return next((d for d in desk.deliveries.all() if d.id not in {s.id for s in since}), None)


def named(ardour: ArdourWindow, name: str) -> list[tuple[str, Region]]:
    """The regions of that name, each with the track that it lies on."""
    return [
        (track, region)
        for track, regions in ardour.regions().items()
        for region in regions
        if region.name == name
    ]


def laid(region: Region) -> np.ndarray:
    """The samples [N, C] of a region's files: Ardour keeps one for each channel."""
    return np.stack([soundfile.read(path, dtype="float32")[0] for path in region.files], axis=1)


def test_what_is_owed_while_ardour_is_closed_is_placed_once_when_it_comes(desk: Desk) -> None:
    take = desk.take("Owed noise")
    delivery = desk.send(take, at="beat", position=6.0, track="new")
    time.sleep(0.5)  # It stays owed however often it is looked at.
    assert desk.deliveries.get(delivery.id).state == "owed"
    ardour = desk.start()
    done = desk.ended(delivery)
    assert done.state == "placed"
    assert done.text == "On the track Owed noise, at bar 2, beat 3."
    assert [(track, region.at) for track, region in named(ardour, "Owed noise")] == [
        ("Owed noise", 6 * BEAT)
    ]
    hello = desk.said("hello")[0]
    assert (hello["program"], hello["project"]) == ("Ardour 7", "song")


def test_a_take_of_the_rate_of_the_session_lies_there_bit_for_bit(
    desk: Desk, ardour: ArdourWindow
) -> None:
    take = desk.take("Bit for bit", 1.7)
    desk.ended(desk.send(take, at="time", position=3.0, track=TRACK))
    ((track, region),) = named(ardour, take.name)
    assert (track, region.at) == (TRACK, 3 * RATE)
    wanted = soundfile.read(take.path, dtype="float32")[0]
    assert np.array_equal(laid(region), wanted)


def test_a_take_that_is_asked_for_over_osc_comes_to_lie_where_it_was_asked(
    desk: Desk, ardour: ArdourWindow
) -> None:
    pairs = ("duration", 1.5, "seed", 5, "target", "ardour", "place", "beat 10", "track", "new")
    desk.peer.ask("generate", "r1", "techno", *pairs, answer="ack")
    done = desk.peer.wait("done")
    sent = desk.peer.wait("sent", where=3, is_="placed")
    name = desk.session.takes.get(sent[1]).name
    assert sent[4] == f"On the track {name}, at bar 3, beat 3."
    ((track, region),) = named(ardour, name)
    assert (track, region.at) == (name, 10 * BEAT)
    wanted = soundfile.read(done[2], dtype="float32")[0]
    assert np.array_equal(laid(region), wanted)
    ardour.lua("Editor:access_action ('Editor', 'undo')")
    assert named(ardour, name) == []


def test_where_ardour_stands_is_told_to_the_sample_and_a_take_comes_to_lie_there(
    desk: Desk, ardour: ArdourWindow
) -> None:
    at = 123_457  # Between two of Ardour's ticks.
    ardour.lua(
        f"Session:request_locate ({at}, false, ARDOUR.LocateTransportDisposition.MustStop, "
        "ARDOUR.TransportRequestSource.TRS_UI)"
    )
    until(
        lambda: (now := desk.stands()) is not None and round(now.beat * BEAT) == at,
        what=f"the place; heard {desk.said('state')[-3:]}",
    )
    now = desk.stands()
    assert now is not None
    assert (now.tempo, now.signature, now.playing) == (120.0, (4, 4), False)
    desk.ended(desk.send(desk.take("Off the grid"), at="beat", position=now.beat, track="1"))
    desk.ended(desk.send(desk.take("Head"), at="playhead", track="new"))
    assert [region.at for _, region in named(ardour, "Off the grid")] == [at]
    assert [region.at for _, region in named(ardour, "Head")] == [at]


def test_at_the_end_begins_where_the_last_region_of_the_track_ends(
    desk: Desk, ardour: ArdourWindow
) -> None:
    before = desk.ended(desk.send(desk.take("First", 1.3), at="beat", position=2.0, track="new"))
    assert before.state == "placed"
    desk.ended(desk.send(desk.take("Then"), at="end", track="First"))
    ((track, then),) = named(ardour, "Then")
    assert (track, then.at) == ("First", 2 * BEAT + round(1.3 * RATE))


def test_one_undo_takes_the_region_away_and_nothing_else(desk: Desk, ardour: ArdourWindow) -> None:
    before = ardour.regions()
    delivery = desk.ended(desk.send(desk.take("Undone"), at="beat", position=1.0, track=TRACK))
    assert delivery.state == "placed"
    assert named(ardour, "Undone")
    ardour.lua("Editor:access_action ('Editor', 'undo')")
    assert ardour.regions() == before


@pytest.mark.parametrize("kept", [True, False])
def test_what_cannot_be_placed_is_refused_with_the_reason(
    desk: Desk, ardour: ArdourWindow, kept: bool
) -> None:
    before = ardour.regions()
    take = desk.take(f"Refused {kept}")
    if kept:
        refused = desk.ended(desk.send(take, at="beat", position=1.0, track="Nowhere"))
        assert (refused.state, refused.text) == ("refused", "There is no track Nowhere in Ardour.")
    else:
        message = place(desk.deliveries.get(desk.send(take, at="end", track="Nowhere").id))
        gone = message | {"id": "dgone", "track": TRACK, "path": str(desk.folder / "gone.wav")}
        answer = desk.next("answer", lambda: desk.spool.send("ardour", gone))
        while answer["id"] != "dgone":
            answer = desk.next("answer", lambda: None)
        assert (answer["ok"], answer["code"]) == (False, "bad_path")
        assert "gone.wav" in str(answer["text"])
    assert ardour.regions() == before


@pytest.mark.parametrize("loop", [True, False])
def test_a_loop_has_no_fades_so_that_it_repeats_without_a_dip(
    desk: Desk, ardour: ArdourWindow, loop: bool
) -> None:
    take = replace(desk.take(f"Loop {loop}"), loop=loop)
    desk.ended(desk.send(take, at="beat", position=12.0, track=TRACK))
    assert [region.fades for _, region in named(ardour, take.name)] == [not loop]


def test_another_rate_becomes_the_sessions_and_lasts_as_long(
    desk: Desk, ardour: ArdourWindow
) -> None:
    take = desk.take("Other rate", 1.0, 48_000)
    assert desk.ended(desk.send(take, at="beat", position=4.0, track="new")).state == "placed"
    ((_, region),) = named(ardour, "Other rate")
    assert region.at == 4 * BEAT
    assert abs(region.frames - RATE) <= 1


STOP = " Session:request_stop (false, false, ARDOUR.TransportRequestSource.TRS_UI) "
SELECT = """for route in Session:get_tracks ():iter () do
  for region in route:to_track ():playlist ():region_list ():iter () do
    if region:name () == "{}" then
      local list = ArdourUI.SelectionList ()
      list:push_back (Editor:regionview_from_region (region))
      Editor:set_selection (list, ArdourUI.SelectionOp.Set)
    end
  end
end"""


def test_a_selected_region_is_asked_to_be_transformed_and_the_answer_lies_below_it(
    desk: Desk, ardour: ArdourWindow
) -> None:
    take = desk.take("Source", 1.5)
    desk.ended(desk.send(take, at="beat", position=3.0, track="new"))
    ardour.lua(SELECT.format("Source"))

    since = desk.deliveries.all()
    asked = desk.next("ask", lambda: ardour.act_and_answer("transform", "dub techno"))
    assert (asked["act"], asked["prompt"], asked["strength"]) == ("transform", "dub techno", 0.5)
    assert (asked["parts"], asked["start.1"], asked["seconds.1"]) == (1, 0.0, 1.5)
    assert (asked["beat"], asked["at"], asked["position"]) == (3.0, "beat", 3.0)
    assert (asked["track"], asked["beside"], asked["length"]) == ("below", "Source", 3.0)
    handed = soundfile.read(str(asked["path.1"]), dtype="float32")[0]
    assert np.array_equal(handed, soundfile.read(take.path, dtype="float32")[0])
    made = desk.ended(until(lambda: newest(desk, since), what="the transformed take"))
    assert made.state == "placed"
    ((track, region),) = named(ardour, made.name)
    ((_, source),) = named(ardour, "Source")
    assert (region.at, region.frames) == (source.at, source.frames)
    assert np.array_equal(laid(region), soundfile.read(made.path, dtype="float32")[0])
    tracks = ardour.lua(
        "local names = '' for route in Session:get_tracks ():iter () do "
        "names = names .. route:name () .. '|' end return names"
    ).split("|")
    assert tracks[tracks.index("Source") + 1] == track


def test_a_selected_region_is_handed_over_without_a_question(
    desk: Desk, ardour: ArdourWindow
) -> None:
    take = desk.take("Handed", 0.8)
    desk.ended(desk.send(take, at="beat", position=5.0, track="new"))
    ardour.lua(SELECT.format("Handed"))
    told = desk.next("selection", lambda: ardour.act("send"))
    assert (told["parts"], told["beat"], told["track"], told["name"]) == (1, 5.0, *["Handed"] * 2)
    handed = soundfile.read(str(told["path.1"]), dtype="float32")[0]
    assert np.array_equal(handed, soundfile.read(take.path, dtype="float32")[0])


def test_of_a_selected_range_what_lies_in_it_is_handed_over(
    desk: Desk, ardour: ArdourWindow
) -> None:
    for beat in (
        20.0,
        22.0,
    ):  # Two quarter notes each: the range begins in one and ends in the other.
        desk.ended(desk.send(desk.take("Ranged"), at="beat", position=beat, track=TRACK))
    ardour.lua(
        f"Editor:set_loop_range (Temporal.timepos_t ({43 * BEAT // 2}), Temporal.timepos_t ({23 * BEAT}), 'r') "
        "Editor:deselect_all () Editor:access_action ('Editor', 'select-loop-range')"
    )
    until(
        lambda: (now := desk.stands()) and now.selection == (21.5, 23.0),
        what=f"the selection; heard {desk.said('state')[-3:]}",
    )
    told = desk.next("selection", lambda: ardour.act("send"))
    assert (told["parts"], told["beat"], told["track"]) == (2, 21.5, TRACK)
    assert (told["seconds.1"], told["at.2"], told["seconds.2"]) == (0.25, 0.25, 0.5)
    ardour.lua("Editor:deselect_all ()")


def test_the_loop_is_the_selection_while_it_plays_and_a_take_is_asked_for_as_long_as_it(
    desk: Desk, ardour: ArdourWindow
) -> None:
    ardour.lua(
        f"Editor:set_loop_range (Temporal.timepos_t ({4 * BEAT}), Temporal.timepos_t ({8 * BEAT}), 'loop') "
        "Session:request_play_loop (true, true)"
    )
    until(
        lambda: (now := desk.stands()) and now.playing and now.selection == (4.0, 8.0),
        what=f"the loop; heard {desk.said('state')[-3:]}",
    )
    asked = desk.next("ask", lambda: ardour.act_and_answer("generate", "house"))
    assert (asked["act"], asked["prompt"], asked["parts"]) == ("generate", "house", 0)
    assert (asked["at"], asked["position"], asked["length"]) == ("beat", 4.0, 4.0)
    ardour.lua("Session:request_play_loop (false, false)" + STOP)
    until(
        lambda: (now := desk.stands()) and not now.playing and now.selection is None,
        what=f"the end of the loop; heard {desk.said('state')[-3:]}",
    )


RECORD = """for route in Session:get_tracks ():iter () do
  if route:name () == "{}" then
    route:rec_enable_control ():set_value ({}, PBD.GroupControlDisposition.NoGroup)
  end
end"""


def test_nothing_is_placed_while_ardour_records_and_it_is_when_it_has(
    desk: Desk, ardour: ArdourWindow
) -> None:
    ardour.lua(RECORD.format(TRACK, 1) + " Session:maybe_enable_record (false)")
    ardour.lua("Session:request_roll (ARDOUR.TransportRequestSource.TRS_UI)")
    until(lambda: ardour.lua("return Session:actively_recording ()") == "true", what="recording")
    delivery = desk.send(desk.take("After recording"), at="beat", position=2.0, track="new")
    until(lambda: desk.deliveries.get(delivery.id).text, what="the answer")
    now = desk.deliveries.get(delivery.id)
    assert (now.state, now.text) == ("owed", "Ardour is recording.")
    ardour.lua("Session:disable_record (false, false)" + STOP + RECORD.format(TRACK, 0))
    assert desk.ended(delivery).state == "placed"
    assert [region.at for _, region in named(ardour, "After recording")] == [2 * BEAT]


def test_what_was_placed_is_not_placed_again_after_ardour_was_closed(
    desk: Desk, ardour: ArdourWindow
) -> None:
    delivery = desk.send(desk.take("Only once"), at="beat", position=8.0, track="new")
    assert desk.ended(delivery).state == "placed"
    assert len(named(ardour, "Only once")) == 1
    ardour.close()
    until(lambda: not desk.spool.connected("ardour"), what="the end of Ardour")
    began = len(desk.heard)
    restarted = desk.start()
    until(lambda: desk.spool.connected("ardour"), what="our script in Ardour")
    desk.next("answer", lambda: desk.spool.send("ardour", place(delivery)))
    answers = [message["text"] for message in desk.said("answer", began)]
    assert answers == ["It lies there already."]
    assert len(named(restarted, "Only once")) == 1
