"""Whether a DAW's project needs takes that are about to go: a question in words.

Knows the session's deliveries; no widget.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.state import Take
from gui.look.language import tr
from gui.qt_session import QtSession
from gui.takes.model import take_title


def needed(session: QtSession, takes: Sequence[Take]) -> str:
    """The question, or empty where no DAW refers to any of the takes."""
    where = session.session.daws.deliveries.where
    found = {take.id: where(take.id) for take in takes}
    used = [take for take in takes if found[take.id]]
    if not used:
        return ""
    titles = " + ".join(dict.fromkeys(title for take in used for title in found[take.id]))
    words = tr(
        "A project of {0} uses the file of {1}. Once it is in the bin, the project cannot find it."
    )
    if len(used) > 1:
        words = tr(
            "A project of {0} uses the files of {1} and others. Once they are in the bin, the project cannot find them."
        )
    return words.format(titles, take_title(used[0]))
