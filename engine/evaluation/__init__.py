"""The paper's evaluation (§4) of a model, run by `longtake evaluate`.

    bench.py            model, listeners and material for all parts
    pairs.py            held-out pieces beside their reconstructions and takes from their prompts
    sounds.py           takes, composed pieces, solo stems and noise
    scores.py           what a composed piece is made of, in seconds
    intervals.py        how sure a figure is

Who listens:

    transcription.py    notes, by a network that nobody here trained (Basic Pitch)
    tagger.py           tags, by another (musicnn), read by tensorflow_checkpoint.py
    listening.py        our own CLAP
    embeddings.py       sounds as vectors in both spaces
    instruments.py      a classifier of instruments, learning from strange_voices.py

What is measured, with pure functions of arrays below it:

    notes.py, drums.py  notes and strokes against the score
    harmony.py          chords and keys (pulse.py: tempo and key)
    following.py        alignment, tempo and instruments against the prompt (§4.1; alignment.py)
    scoreless.py        what the composer's lead sheets add
    sounding.py         reconstruction (§4.3), distance (§4.1; kernel_distance.py), hygiene
    long_takes.py       form of long takes against their lead sheets (§4.4; structure.py)
    remembering.py      what is nearest in the training material (§4.5; memorization.py)
    restyling.py        audio-to-audio (§4.6; transfer.py)

    targets.py, report.py with sections_heard.py, sections_made.py and tables.py, pictures.py, command.py

Of any folders, whoever made what is in them:

    published/                the paper's own metrics: OpenL3, PaSST, LAION's CLAP (§4.1, 4.3)
    listening_test/           written, served, read back (§4.2)
    structure_command.py      self-similarity (§4.4)
    memorization_command.py   window_ear.py, window_index.py, repeats.py (§4.5)

Knows nothing of the bridge or the panel.
"""
