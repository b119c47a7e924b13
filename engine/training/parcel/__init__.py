"""A parcel: all that training needs on a machine with PyTorch and no network, in one file that Python runs.

`python3 FILE.pyz train sketch ...` unpacks it there and runs the command (start.py). What goes in: contents.py, its
packages: packages.py, its words: text.py, its soundfont: font.py; what comes back: parts.py, packed by packing.py.
"""
