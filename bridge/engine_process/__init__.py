"""The engine in a process of its own, behind the same `generate(spec)`: a crash there is a failed job here.

`process.py` is this side with `handle.py` (the running process) and `vigil.py` (whether it hangs), `child.py` is the
other, and `wire.py` what runs between them. `spawning.py` and `spawned.py` are both sides of any process of ours that
has such a wire; the live engine's is one too.
"""
