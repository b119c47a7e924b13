"""Audio as arrays [C, N] float32: files, metering, limiting. Knows no model and imports no torch.

reading.py          audio files in blocks, as far as they are needed
audio.py, riff.py   reading whole, writing, resampling; the chunks of a WAV file
takes.py            a take in a file, with the settings it was made from
recordings.py       the settings that follow from a recording, and its beginning
phases.py           phases of a spectrogram, from its magnitudes
metering.py         loudness and true peak; limiter.py: a streaming true-peak limiter
"""
