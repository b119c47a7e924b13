"""What clients are told of the session's events, over a real socket."""

from __future__ import annotations

from pathlib import Path

from bridge.events import Event, TakeAdded
from tests.bridge.fake_engine import REMARK
from tests.bridge.rig import Peer, osc_server


def test_a_take_deleted_at_once_hides_neither_the_next_one_nor_the_job(tmp_path: Path) -> None:
    with osc_server(tmp_path) as (server, session), Peer(server.port) as peer:
        takes = session.takes

        def delete_first(event: Event) -> None:
            if isinstance(event, TakeAdded) and event.take.id.endswith("-1"):
                event.take.path.unlink()
                takes.reconcile()

        session.subscribe(delete_first)
        peer.send("generate", "r1", "house", "seconds_total", 1.0, "batch", 2)
        done = peer.wait("done")
        assert (done[8], done[9]) == (2, 2)
        assert peer.ask("job/get", done[1], answer="job")[1:] == ("done", 1.0, done[2], "")
        Path(done[2]).unlink()
        takes.reconcile()
        assert peer.ask("job/get", done[1], answer="job")[1:] == ("done", 1.0, "", "")


def test_a_remark_about_a_take_is_told_to_subscribers_and_to_whoever_asked(tmp_path: Path) -> None:
    with (
        osc_server(tmp_path) as (server, _),
        Peer(server.port) as asker,
        Peer(server.port) as other,
    ):
        other.ask("subscribe", "jobs", answer="subscribed")
        (_, job, _) = asker.ask("generate", "r", "it remarks", "duration", 0.5, answer="ack")
        for peer in (asker, other):
            peer.wait("done", where=1, is_=job)
            assert peer.at("remark") == [(job, REMARK)]
            assert peer.at("error") == []
        asker.ask("generate", "s", "silent", "duration", 0.5, answer="ack")
        asker.wait("done", where=0, is_="s")
        assert len(asker.at("remark")) == 1
