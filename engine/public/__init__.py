"""Public checkpoints, of Stable Audio 3 and Stable Audio Open: from a download to a loaded model.

hub.py                          downloads from the Hugging Face Hub
errands.py                      what the panel and OSC want of a model's files, done by a process of its own
installed.py                    which models are on this machine, under which names, and whether they are complete
importing.py, weight_files.py   what people have: folders, single files, pickles
wrappings.py, renames.py        names of other layouts -> the published names -> this engine's, by tables
loading.py, fp8.py              a checkpoint file loaded into the networks
lora.py, lora_formats.py        low-rank adaptations of all trainers, merged into the weights
"""
