"""MIDI in: ports that come and go, learned controls, and a clock to follow.

`input.py` joins them; `ports.py` opens what there is, `bindings.py` says which control moves what, `clock.py` makes a
tempo of 24 ticks in a quarter note. A bound control calls the session like any front end.
"""
