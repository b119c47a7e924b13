"""`python -m bridge [serve | live | config | companion]`: the bridge without a screen, or what belongs to it.

`longtake serve`, `longtake live`, `longtake config` and `longtake companion` come here too. Knows only where to go.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Runs a command of the bridge; gives the exit code."""
    if argv and argv[0] == "config":
        from bridge import config

        return config.main(list(argv[1:]))
    if argv and argv[0] == "companion":
        from bridge import companion_command

        return companion_command.main(list(argv[1:]))
    if argv and argv[0] == "live":
        from bridge import terminal

        return terminal.main(list(argv[1:]))
    from bridge import serve

    return serve.main(list(argv[1:] if argv and argv[0] == "serve" else argv))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
