"""Ableton Link between two processes in a network of their own; without the extra, a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.events import Event, Notice
from bridge.link import LinkFollower
from tests.bridge.real_parts import until
from tests.bridge.rig import session_in
from tests.needed import missed

ROOT = Path(__file__).parents[2]
ALONE = "ip link set lo up; ip link set lo multicast on; ip route add 224.0.0.0/4 dev lo; "
LEADER = """
import asyncio, aalink
async def lead():
    link = aalink.Link(100)
    link.start_stop_sync_enabled = True
    link.enabled = True
    # Of two programs the one that was there first has its tempo; here the tempo is set when both are.
    while not link.num_peers:
        await asyncio.sleep(0.1)
    link.tempo = 133.5
    await asyncio.sleep(110)
asyncio.run(lead())
"""
FOLLOWER = """
import sys, tempfile, time
from pathlib import Path
from bridge.link import LinkFollower
from tests.bridge.rig import session_in
with session_in(Path(tempfile.mkdtemp())) as (session, hub):
    link = LinkFollower(session, hub.publish)
    session.transport.set_source("link")
    for _ in range(900):
        time.sleep(0.1)
        if session.transport.state().tempo == 133.5:
            break
    print(session.transport.state().tempo, session.transport.state().source)
    link.close()
"""


def test_without_the_extra_the_musician_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aalink", None)
    events: list[Event] = []
    with session_in(tmp_path) as (session, hub):
        hub.subscribe(events.append)
        link = LinkFollower(session, hub.publish)
        session.transport.set_source("link")
        until(lambda: [e for e in events if isinstance(e, Notice) and "longtake[link]" in e.text])
        link.close()


@pytest.mark.real_parts("unshare", "ip")
def test_the_tempo_of_another_program_is_followed() -> None:
    rights = ["--map-root-user"] if os.geteuid() else []
    script = f'{sys.executable} -c "$LEADER" & {sys.executable} -c "$FOLLOWER"; kill $!'
    ended = subprocess.run(
        ["unshare", *rights, "--net", "bash", "-c", ALONE + script],
        env=os.environ | {"LEADER": LEADER, "FOLLOWER": FOLLOWER, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    if "Operation not permitted" in ended.stderr:
        missed("a network of its own, which is not allowed here")
    assert ended.stdout.split() == ["133.5", "link"], ended.stderr[-2000:]
