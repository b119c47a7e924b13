"""The public checkpoints, Stable Audio 3 and Stable Audio Open: their networks, their files, and how they come here.

dit.py, differential.py   the transformer of Stable Audio 3 and its attention; same.py: its autoencoder
t5.py                     the text encoders both families use
loading.py, renames.py    one file, renamed by table, every weight of it; lora.py: small changes merged into it
hub.py, installed.py      download from the hub; which models lie where
"""
