"""What the bridge sends without being asked. Knows nothing of when; `announcer.py` does."""

from __future__ import annotations

from bridge.osc.command import ROOT
from bridge.osc.schema import DAW, LIVE_STATE, MODEL_FILES, MODEL_STATE, SELECTION, SENT

EVENTS: dict[str, tuple[str, str]] = {
    f"{ROOT}/progress job progress stage eta_s": ("jobs", "at most 10 a second; never goes back"),
    f"{ROOT}/lead_sheet job about tempo": (
        "jobs",
        "before the first step: in a line, what the take plays and where that comes from; tempo 0 if unknown",
    ),
    f"{ROOT}/remark job text": (
        "jobs",
        "something to know about the take, and no error: an end of the prompt that is not read, a take without sound",
    ),
    f"{ROOT}/done req job path seconds sample_rate bpm key seed index total": (
        "jobs",
        "once for each file, when it is whole and has its final name",
    ),
    f"{ROOT}/cancelled id": ("jobs", "a job was cancelled"),
    f"{ROOT}/error req code message detail": ("errors", "what went wrong"),
    f"{ROOT}/captured path seconds": ("capture", "a recording is in the library"),
    f"{ROOT}/capture/state state seconds": ("capture", "idle/count_in/recording/saving/measuring"),
    f"{ROOT}/{LIVE_STATE}": (
        "live",
        "off, starting, on, waiting or failed; dry is 1 while the input itself is heard; at most 10 a second",
    ),
    f"{ROOT}/live/level in out": ("live", "peaks of input and output while it is on; 10 a second"),
    f"{ROOT}/live/recorded path seconds": ("live", "a recording of live is in the library"),
    f"{ROOT}/{SENT}": (
        "daw",
        "owed, sent, placed, refused, unsure or dropped; also to whoever asked for the job",
    ),
    f"{ROOT}/{DAW}": ("daw", "connected, waiting or absent"),
    f"{ROOT}/{SELECTION}": ("daw", "a DAW handed over audio; beat is -1 if it did not say"),
    f"{ROOT}/playback state id": ("playback", "stopped, playing, paused or waiting, and what"),
    f"{ROOT}/{MODEL_STATE}": ("model", "unloaded, loading, ready or failed"),
    f"{ROOT}/{MODEL_FILES}": (
        "model",
        "installed, absent, paused, downloading, checking, adding or removing; mb are here; a few times a second",
    ),
    f"{ROOT}/status state jobs model": ("status", "every 2 s and on change: idle or busy"),
    f"{ROOT}/bye": ("status", "the bridge ends"),
}
"""What is sent without being asked, with its topic; every accepted set is echoed under its own address too."""
