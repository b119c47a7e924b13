"""Jobs: what was asked for, in order, one at a time, and what has become of it.

`queue.py` runs them, `making.py` makes the takes of one, `progress.py` estimates how long it will be, `journal.py`
remembers across a crash what was asked for, `wishes.py` who asked and under which name. Knows an object with
`generate(spec)`, and the library.
"""
