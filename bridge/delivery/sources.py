"""What a DAW handed over as one recording: the sections of its files, at their places, in a file beside the takes.

Knows no DAW. A source stays where it is: the take made from it names it, and making that again needs it.
"""

from __future__ import annotations

from pathlib import Path

from bridge.delivery_state import Selection

SOURCES = "sources"
"""In the folder of the takes."""


def gathered(selection: Selection, folder: Path) -> Path:
    """Writes a selection as one file: silence between its parts, each at its rate; where it is.

    The same selection of the same files gives the same file.

    Args:
        selection: what was handed over; its parts may have any sample rate and channel count.
        folder: of the takes; the file lies in `SOURCES` there.

    Raises:
        BridgeError: `bad_path` if a file is missing, `out_of_range` for a section that it does not have, `too_long`.
        AudioError: if one is no audio that can be read.
    """
    raise NotImplementedError
