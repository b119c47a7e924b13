"""Which tests stay together when several workers share them out, and who lets whom go first."""

from __future__ import annotations

import os

from xdist.scheduler import LoadScopeScheduling

BRIDGE = "tests/bridge/"
BEHIND = 10
"""How nice the others are."""


class ByFile(LoadScopeScheduling):
    """A file stays with one worker, and so do all of the bridge's, since these share one sound server."""

    def _split_scope(self, nodeid: str) -> str:
        return BRIDGE if nodeid.startswith(BRIDGE) else nodeid.split("::")[0]


def step_back(nodeid: str) -> None:
    """Lets the bridge go first: it mostly waits, for clocks and devices, and must then find a core free."""
    nice = getattr(os, "nice", None)
    if nice and not nodeid.startswith(BRIDGE):
        nice(max(0, BEHIND - nice(0)))
