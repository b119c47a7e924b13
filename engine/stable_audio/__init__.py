"""The networks of Stable Audio 3 and Stable Audio Open that differ from the paper's. Knows nothing of files or names.

dit.py, differential.py   the transformer of Stable Audio 3 and its attention
same.py                   its autoencoder
t5.py                     the text encoders of both families
"""
