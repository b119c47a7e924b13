"""The engine in a process of its own, behind the same `generate(spec)`: a crash there is a failed job here.

`process.py` stands on this side, `child.py` on the other, `wire.py` is what goes between.
"""
