"""Audio as arrays [C, N] float32: files, metering, limiting. Knows no model and imports no torch.

reading.py          audio files in blocks, as far as they are needed
audio.py            reading whole, writing
formats.py          the formats that are written; riff.py, id3.py: their tags
resampling.py       another sample rate
takes.py            a take in a file, with the settings it was made from
recordings.py       the settings that follow from a recording, and its beginning
phases.py           phases of a spectrogram, from its magnitudes
levels.py           a recording at the loudness and balance of music, and a take at the recording's
metering.py         loudness and true peak; limiter.py: a streaming true-peak limiter
"""
