"""Material (§3.1): what models are trained on, from a folder of sounds to the crops of a batch.

    dataset.py      folders of sounds: inventory.py, sounds.py, facts.py; crops by drawing.py; heard by spectra.py
    latents.py      encoded once (encode_command.py): latent_items.py, shards.py; origin.py: by which encoder, of what
    shelf.py        reads them; windows.py crops them; readers.py: in other processes
    tars.py         what does not fit (tar_command.py): tar_writing.py, tar_reading.py, stream.py
    prompts.py      what is said of a piece; remembered.py and recent.py keep what is used again

Knows nothing of what is learnt from it.
"""
