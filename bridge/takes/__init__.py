"""Takes that are kept: audio files with a sidecar beside each, and an index to search them.

    library.py    every take, by id; pending.py: one that is being written
    sidecar.py    what is written beside the audio; naming.py: what the files are called
    changes.py    what is changed of takes, on its way into their files; bin.py: what was deleted, until it is passed on
    index.py      the search, in SQLite, rebuilt from the sidecars whenever it is gone
    measure.py    tempo, key and loudness as a take streams by; fitting.py: a copy at an exact tempo

Knows nothing of jobs, sockets or devices.
"""
