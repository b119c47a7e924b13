"""Live: a sound that becomes another while it is played, hop by hop, for as long as it goes on.

    engine.py      loads a model, times it and begins a stream
    pace.py        hops: where they lie, and which are the shortest that are made in time
    stream.py      one hop after another: what comes in, what goes out
    encoding.py    the input's latents
    levels.py      how loud the input is, and whether there is any; loudness.py and peaks.py measure and hold
    asking.py      what the model is asked: prompts, metre, and what is heard (steering.py)
    denoising.py   the latents of a hop, made so that they go on from those that were played
    decoding.py    their sound, and the seams

Knows nothing of devices and processes: samples in, samples out.
"""
