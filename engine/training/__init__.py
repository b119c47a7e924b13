"""Training (§3), from a folder of music to weights; `cli.py` has the commands, `recipes.py` the numbers.

The stages, one after the other:

    train_autoencoder.py   losses.py, discriminators.py (§2.1)
    train_clap.py          contrastive.py, batch_statistics.py; hears material/spectra.py (§2.4)
    train_dit.py           batches.py, held_out.py (§2.2, 2.3)
    finetuning/            LoRA and whole models, of any that is registered
    sketch.py, slot.py     all of the embedded model in one command; checkup.py, parcel/

What they have in common:

    loop.py                journal.py, checkpointing.py, demos.py, needs.py and speed.py (what fits, how fast)
    run_folder.py          one training at a time, and as it was begun
    update.py              a step of the weights; optim.py
    group.py               ranks that train together; sharding.py, launching.py

What they learn from:

    material/              folders of sounds, latents, shards; crops and prompts (§3.1)
    composing.py, corpus/  pieces that our own composer writes, and free recordings
"""
