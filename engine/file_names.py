"""Names that every disk takes: cut by bytes between two characters, and without what Windows forbids.

Knows nothing of folders or of what is in the files.
"""

from __future__ import annotations

import re

LONGEST = 255
"""Bytes of a name on the disks of Linux, macOS and Windows."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]+')
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\.|$)", re.I
)


def safe(stem: str, suffix: str = "", most: int = LONGEST) -> str:
    """A file name of at most `most` bytes from any text; `suffix`, which must be short and safe, stays whole."""
    plain = _FORBIDDEN.sub("-", stem).strip(" .")
    if is_device(plain):
        plain = f"_{plain}"
    room = max(most - len(suffix.encode()), 1)
    return (plain.encode()[:room].decode(errors="ignore").rstrip(" .") or "_") + suffix


def is_device(name: str) -> bool:
    """Whether Windows takes a name for a device, as it does in every folder and with any suffix."""
    return _DEVICE.match(name) is not None


def encodable(text: str) -> str:
    r"""The same text; what is no character (a byte of another encoding in a name) as `\udce9`, as JSON has it too."""
    return text.encode(errors="backslashreplace").decode()
