"""Listening: a recording becomes a score. Without torch and without models, but for one small table of weights.

frames.py        windows of a recording of any length, in blocks
onsets.py        when something begins
strokes.py       which drum each beginning is like: a beatbox becomes drum notes
drum_sounds.py   the classifier of drum sounds; `longtake train hearing` makes its weights
pitch.py         the pitch of one voice, frame by frame (pYIN)
tune.py          notes from that pitch: a hum or a whistle becomes a melody
pulse.py         the tempo of onsets
listening.py     what of all that a recording clearly has: `heard`
"""
