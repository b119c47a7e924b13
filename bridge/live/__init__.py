"""The live stream: what begins it, watches it, keeps it in time and records it; `session.live` is `control.py`.

`child.py` is the process that makes the music of what comes in, `engine.py` this side of it.
"""
