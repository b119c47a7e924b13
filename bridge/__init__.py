"""The bridge between engine and world: jobs, library of takes, OSC, MIDI, audio devices. Imports no torch.

`session.py` is what every front end calls, `events.py` what it hears back, and `app.py` builds it all.
"""
