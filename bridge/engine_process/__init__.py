"""The engine in a process of its own, behind the same `generate(spec)`: a crash there is a failed job here.

`process.py` is this side with `handle.py` (the running process) and `vigil.py` (whether it hangs), `child.py` is the
other, and `wire.py` what runs between them.
"""
