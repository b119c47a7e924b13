"""Where DAWs keep their scripts on Windows, macOS and Linux, and ours copied there: install, status, remove."""

from __future__ import annotations
