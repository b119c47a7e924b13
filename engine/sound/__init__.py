"""Sound as arrays [C, N] float32, in files and in measures. Knows no model and loads no torch.

audio.py, riff.py   reading, writing, resampling; the chunks of a WAV file
takes.py            a take in a file, with the settings that made it
recordings.py       what a recording decides of a spec
metering.py         loudness and true peak; limiter.py: what keeps a take below a peak, block by block
"""
