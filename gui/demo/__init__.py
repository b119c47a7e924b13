"""A Longtake without a model and without devices: for pictures, tests, and a first look on any machine.

    engine.py      makes small pieces from drums, bass and chords in place of the model
    playback.py    a silent output that keeps time, and an input that hears nothing
    live.py        a live stream that shows a beatbox and the drums made of it
    daws.py        DAWs beside us: one that is there, others that are closed
    studio.py      the real session over both, in a folder of its own

Not what musicians use: `python -m gui --demo` starts it, and says so in the state of the engine.
"""
