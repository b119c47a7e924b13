"""The bridge between engine and world: jobs, library of takes, OSC, MIDI, audio devices. Imports no torch.

`session.py` is the one façade all front ends call; `events.py` is what they hear back; `app.py` builds it all.
"""
