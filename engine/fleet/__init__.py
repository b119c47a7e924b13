"""Engines on a Ray cluster: lists of takes are shared out among them, and a bridge may have its takes made by one.

`cluster.py` finds the cluster and how many engines it has room for, `place.py` is an engine at its place there, with
the recordings that `luggage.py` brings to it. `rendering.py` makes a list with a pool of them, `remote.py` stands
behind `generate(spec)` for one. Ray is imported when it is used, and by these files alone.
"""
