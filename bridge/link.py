"""Ableton Link, where the extra `longtake[link]` is installed: its tempo, position and play state move the transport.

Listens only while the musician has chosen Link as the source, since it talks to the local network; it follows and
never leads. Knows nothing of OSC, MIDI or audio.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import threading
from collections.abc import Callable
from typing import Any

from bridge.events import Event, Notice, Publish, TransportChanged
from bridge.session import Session
from bridge.state import TransportChange

LOOK_EVERY = 0.05
BEAT_EVERY = 10
"""Polls between two reports of the position."""
MISSING = "Ableton Link is an extra: install it on the panel's page Settings, or with pip install 'longtake[link]'."

_log = logging.getLogger(__name__)


class LinkFollower:
    """Joins the Link session on the network while `link` is the transport's source."""

    def __init__(self, session: Session, publish: Publish) -> None:
        """Waits for the source to be chosen."""
        self._session = session
        self._publish = publish
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._unsubscribe: Callable[[], None] = session.subscribe(self._hear)

    def close(self) -> None:
        """Leaves the network."""
        self._unsubscribe()
        self._wanted.clear()
        if self._thread:
            self._thread.join(timeout=2)

    def _hear(self, event: Event) -> None:
        if not isinstance(event, TransportChanged):
            return
        chosen = event.transport.source == "link"
        with self._lock:
            if chosen == self._wanted.is_set():
                return
            if not chosen:
                self._wanted.clear()
                return
            self._wanted.set()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="link", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        try:
            aalink = importlib.import_module("aalink")
        except ImportError:
            self._publish(Notice("warning", "", MISSING))
            return
        try:
            asyncio.run(self._follow(aalink))
        except Exception:
            _log.exception("Link ended")

    async def _follow(self, aalink: Any) -> None:
        link = aalink.Link(self._session.transport.state().tempo)
        link.start_stop_sync_enabled = True
        link.enabled = True
        told: TransportChange = {}
        looks = 0
        while self._wanted.is_set():
            await asyncio.sleep(LOOK_EVERY)
            if not link.num_peers:
                continue
            looks += 1
            now: TransportChange = {"tempo": round(link.tempo, 2), "playing": bool(link.playing)}
            if now != told or looks % BEAT_EVERY == 0:
                told = now
                self._session.transport.change("link", now)
                self._session.transport.change("link", {"beat": float(link.beat)})
        link.enabled = False
