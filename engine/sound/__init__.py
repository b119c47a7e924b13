"""Audio as arrays [C, N] float32: files, metering, limiting. Knows no model and imports no torch.

reading.py          audio files in blocks, as far as they are needed; containers.py: those of phones and cameras
audio.py            reading whole, writing
formats.py          the formats that are written; riff.py, flac.py, id3.py: their tags
about.py            what a file says of its music; daw_chunks.py: as WAV files say it to DAWs
music_in_files.py   what a recording says of its music; time_reference.py: where on a timeline it belongs
resampling.py       another sample rate
takes.py            a take in a file, with the settings it was made from
recordings.py       the settings that follow from a recording, and its beginning
phases.py           phases of a spectrogram, from its magnitudes
levels.py           a recording at the loudness and balance of music, and a take at the recording's
metering.py         loudness and true peak; limiter.py: a streaming true-peak limiter
"""
