"""`python -m bridge`: the bridge without a screen. Knows only the composition root."""

from __future__ import annotations

import sys

from bridge.app import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
