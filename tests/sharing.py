"""Which tests stay together when several workers share them out."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

BRIDGE = "tests/bridge/"


class ByFile(LoadScopeScheduling):
    """A file stays with one worker, and so do all of the bridge's, since these share one sound server."""

    def _split_scope(self, nodeid: str) -> str:
        return BRIDGE if nodeid.startswith(BRIDGE) else nodeid.split("::")[0]
