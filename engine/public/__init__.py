"""Public checkpoints, of Stable Audio 3 and Stable Audio Open: from a download to a loaded model.

hub.py                    downloads from the Hugging Face Hub
installed.py              which models are on this machine, and whether they are complete
errands.py                one of these asked for by the panel, in a process of its own
loading.py, renames.py    a checkpoint file loaded into the networks, its names mapped by a table
lora.py                   low-rank adaptations merged into the weights
"""
