"""MIDI in: ports that come and go, learned controls, and a clock to follow.

`input.py` joins them; `ports.py` opens what there is, `bindings.py` says which control moves what, `clock.py` turns 24
ticks a quarter note into a tempo. A bound control calls the session like any front end.
"""
