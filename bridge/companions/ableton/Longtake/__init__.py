"""Longtake inside Ableton Live: this folder goes into `Remote Scripts`, and is chosen there as a control surface.

    script.py      what Live calls: ten times a second, and for MIDI
    connection.py  the socket to Longtake, on a thread that touches nothing of Live
    finding.py     where Longtake is
    reading.py     where Live stands, and what is selected
    placing.py     puts a take on a track     tracks.py  which one     warping.py  at which tempo
    ledger.py      what was placed already

Needs Live's own Python (3.7 in Live 11) and nothing else; knows Longtake by its messages only.
"""

from __future__ import annotations

from typing import Any

from .script import Script


def create_instance(c_instance: Any) -> Script:
    """Live calls this when the script is chosen, and for every set that is opened."""
    return Script(c_instance)
