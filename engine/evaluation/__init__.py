"""The paper's evaluation (§4) of a model, run by `longtake evaluate`.

    sounds.py           takes, held-out pieces, solo stems and noise: everything that is measured is a `Sound`
    listening.py        sounds as vectors in CLAP space
    reconstruction.py   STFT and mel distance, SI-SDR (§4.3)
    alignment.py        CLAP score, and whether a take finds its prompt (§4.1)
    pulse.py            tempo and key
    instruments.py      which instrument plays, by a classifier
    frechet.py          distance between two sets of sounds (§4.1)
    structure.py        self-similarity, boundaries, repetition, beginning and end (§4.4)
    memorization.py     nearest neighbours in the training material (§4.5)
    transfer.py         audio-to-audio: onsets kept, timbre moved (§4.6)
    hygiene.py          DC, clicks, clipping, stereo
    targets.py          what is to be reached
    measuring.py        one function for each part of the report: makes the sounds and measures them
    pictures.py, report.py, command.py

Each of the measures is a pure function of arrays. Knows nothing of the bridge or the panel.
"""
