"""What clients are told of the session's events, over a real socket."""

from __future__ import annotations

from pathlib import Path

from bridge.events import Event, TakeAdded
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
