"""Live's own module, which exists inside Live only."""

from __future__ import annotations

import importlib
from typing import Any

Live: Any = importlib.import_module("Live")
