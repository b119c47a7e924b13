"""The table of targets: every place a take can be delivered to, and what each understands of a placement.

Knows none of their ways; `deliveries.py` finds the one that delivers by the name.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.delivery_state import AT, BELOW, NEW, At, Form
from bridge.errors import BridgeError
from engine.errors import choices


@dataclass(frozen=True, slots=True)
class Target:
    """One place to deliver to.

    Attributes:
        title: as people call it.
        help: one sentence.
        at: the places in time that it understands; empty for none.
        tracks: the words for tracks that it understands besides names and numbers; empty if it takes no track at all.
        forms: as what it places a take.
        companion: whether a script of ours runs inside it.
    """

    title: str
    help: str
    at: tuple[At, ...] = ()
    tracks: tuple[str, ...] = ()
    forms: tuple[Form, ...] = ("item",)
    companion: bool = False


TARGETS: dict[str, Target] = {
    "reaper": Target(
        "Reaper",
        "an item on a track, or a take of the item it comes from; needs our script inside Reaper",
        AT,
        (NEW, BELOW),
        ("item", "take"),
        companion=True,
    ),
    "ableton": Target(
        "Ableton Live",
        "a clip in the arrangement or in a slot of the session; needs our Remote Script inside Live",
        AT,
        (NEW, BELOW),
        ("item", "take", "clip"),
        companion=True,
    ),
    "ardour": Target(
        "Ardour",
        "a region on a track; needs our script inside Ardour",
        AT,
        (NEW, BELOW),
        companion=True,
    ),
    "bitwig": Target(
        "Bitwig Studio",
        "a clip in a slot of the launcher; needs the controller extension DrivenByMoss inside Bitwig",
        (),
        (NEW,),
        ("clip",),
    ),
    "folder": Target("a folder", "a copy in the folder that the settings name, for any program"),
    "dawproject": Target(
        "DAWproject",
        "a project that Bitwig, Studio One and Cubase open, beside the take",
        AT,
        (NEW,),
    ),
}


def target(name: str) -> Target:
    """A target by its name.

    Raises:
        BridgeError: `out_of_range` if there is none of that name.
    """
    found = TARGETS.get(name)
    if found is None:
        raise BridgeError(
            "out_of_range", f"Unknown target {name[:40]!r}; choose {choices(TARGETS)}."
        )
    return found
