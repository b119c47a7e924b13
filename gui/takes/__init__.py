"""What there is: the list of takes, and the one that is looked at and heard.

`panel.py` is the list (`take_list.py`, `model.py`, `apart.py`, `delegate.py`, `row_painter.py`, `search.py`) and
`acts.py` what can be undone in it; `viewer.py` is the take in large (`waveform.py`, `waveform_hands.py`,
`spectrogram.py`);
`peaks.py` and `peak_store.py` read what is drawn.
"""
