"""The paper's evaluation (§4) of a model, run by `longtake evaluate`.

    sounds.py           takes, held-out pieces, solo stems and noise, all as a `Sound`
    pairs.py            held-out pieces beside their reconstructions and takes from their prompts
    scores.py           what a composed piece is made of, in seconds
    transcription.py    notes as an independent network hears them
    notes.py            these against the score
    intervals.py        how sure a figure is
    listening.py        embeddings of sounds in CLAP space
    reconstruction.py   STFT and mel distance, SI-SDR (§4.3)
    alignment.py        CLAP score, and retrieval of a take's prompt (§4.1)
    pulse.py            tempo and key
    instruments.py      a classifier of instruments
    frechet.py          distance between two sets of sounds (§4.1)
    structure.py        self-similarity, boundaries, repetition, beginning and end (§4.4)
    memorization.py     nearest neighbours in the training material (§4.5)
    transfer.py         audio-to-audio: onsets kept, timbre changed (§4.6)
    hygiene.py          DC, clicks, clipping, stereo
    targets.py          the targets
    following.py        parts of the report on prompts: alignment, tempo, key, instruments
    sounding.py         parts on sound: reconstruction, distances, structure, audio-to-audio, hygiene
    bench.py            model, CLAP and material for all parts
    pictures.py, report.py, command.py

Each measure is a pure function of arrays. Knows nothing of the bridge or the panel.
"""
