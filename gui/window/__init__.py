"""The window: `main_window.py` composes the rooms, `menus.py` and `window_menus.py` hold its commands.

`restoring.py` puts everything back where it was left.
"""
