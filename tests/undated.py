"""Files of takes without the hour at which they were made, by which alone two of one spec differ."""

from __future__ import annotations

import re

_BEXT = re.compile(rb"(bext.{4}.{320}).{18}", re.DOTALL)


def undated(content: bytes) -> bytes:
    """The bytes of a WAV file with no date in its `bext`."""
    assert _BEXT.search(content)
    return _BEXT.sub(rb"\1" + b"-" * 18, content, count=1)
