"""What there is: the list of takes, and the one that is looked at and heard.

`panel.py` is the list (`model.py`, `delegate.py`, `row_painter.py`, `search.py`), `viewer.py` the take in large
(`waveform.py`, `waveform_hands.py`, `spectrogram.py`), `peaks.py` and `peak_store.py` read what is drawn.
"""
