"""The paper's metrics as published (§4.1): FD on OpenL3, KL on PaSST, CLAP score, on the Song Describer Dataset.

Everything is computed as by stable-audio-metrics, with networks of our own; knows nothing of our own judges beside it.
"""
