"""Deliveries in words: what became of one, where it goes, and the places a musician may choose.

Knows the records of deliveries and the table of targets; no widget, no session.
"""

from __future__ import annotations

import time

from bridge.delivery.targets import TARGETS
from bridge.delivery_state import BELOW, NEW, Companion, Delivery, Placement
from gui.look.language import said, tr

FILES = ("folder", "dawproject")
"""Targets that are no program: nothing has to run."""


def target_title(name: str) -> str:
    """What people call a target."""
    return said(TARGETS[name].title) if name in TARGETS else name


def places() -> dict[str, str]:
    """Every place in time that is offered, in words."""
    return {
        "": tr("At the selection, else at the playhead"),
        "playhead": tr("At the playhead"),
        "selection": tr("At the selection"),
        "end": tr("At the end of the track"),
    }


def tracks() -> dict[str, str]:
    """Every track that is offered, in words."""
    return {
        "": tr("On the selected track"),
        NEW: tr("On a new track"),
        BELOW: tr("On a new track below it"),
    }


def forms() -> dict[str, str]:
    """As what a take is placed, in words."""
    return {
        "": tr("As the DAW usually has it"),
        "item": tr("As an item of its own"),
        "take": tr("As a take of the item it was made from"),
        "clip": tr("As a clip that is launched"),
    }


def sign(companion: Companion) -> tuple[str, str]:
    """How a target stands: the state of its lamp, and a word."""
    if companion.target in FILES and companion.state == "connected":
        return "on", tr("ready")
    return {
        "connected": ("on", tr("connected")),
        "waiting": ("warning", tr("waiting")),
        "absent": ("off", tr("not set up")),
    }[companion.state]


def state_words(delivery: Delivery) -> tuple[str, str]:
    """What became of it, and the role that colours the words."""
    return {
        "owed": (tr("Owed"), "warning"),
        "sent": (tr("On its way"), "muted"),
        "placed": (tr("Placed"), "accent"),
        "refused": (tr("Not placed"), "error"),
        "unsure": (tr("Unsure"), "warning"),
        "dropped": (tr("Dropped"), "muted"),
    }[delivery.state]


def where_words(where: Placement) -> str:
    """Where it goes: the target, the track, the place, as far as the target knows any."""
    target = TARGETS.get(where.target)
    parts = [target_title(where.target)]
    if target and target.tracks:
        parts.append(_track(where))
    if target and target.at:
        parts.append(_place(where))
    return ", ".join(parts)


def when_words(seconds: float) -> str:
    """The time of day, with the day unless it is today."""
    then = time.localtime(seconds)
    today = time.strftime("%Y%j", then) == time.strftime("%Y%j")
    return time.strftime("%H:%M" if today else "%d %b %H:%M", then)


def _track(where: Placement) -> str:
    if where.track == BELOW:
        return tr("below {0}").format(where.beside) if where.beside else tr("below it")
    words = {"": tr("selected track"), NEW: tr("new track")}
    return words.get(where.track) or tr("track {0}").format(where.track)


def _place(where: Placement) -> str:
    asked, _, number = where.words.partition(" ")
    if where.at == "end":
        return tr("at the end")
    if asked == "selection" or (not asked and where.length):
        return tr("at the selection")
    if asked in ("beat", "time"):
        return (tr("at beat {0}") if asked == "beat" else tr("at {0} s")).format(number)
    return tr("at the playhead")
