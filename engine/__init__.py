"""The engine: "Long-form music generation with latent diffusion", section by section.

    spec.py, updates.py     what is asked for, what comes back         (no torch)
    registry.py, configs.py the models' shapes and defaults           (no torch)
    engine.py               Engine.generate: the main path; own or public weights are chosen here
    latent_diffusion.py     section 2     the three networks joined; networks.py builds each from its configuration
    autoencoder.py          section 2.1   spectral_autoencoder.py: the embedded model's own
    dit.py, layers.py       section 2.2   conditioning.py: timing, text, grid
    variable_length.py      section 2.3
    clap.py, text.py        section 2.4   locked_clap.py: both joined, the embedded model's own
    samplers/               section 3     objectives, schedules, solvers, guidance
    training/               section 3     losses, discriminators, contrastive, optim, loops; 3.1 prompts
    evaluation/             section 4     every figure of the report, one command
    creative.py             section 4.6   audio-to-audio, inpainting, continuation, variation, loops
    streaming.py            latents to blocks of finished sound; chunking.py: long ones in overlapping chunks
    public/                 Stable Audio 3 and Stable Audio Open: networks, checkpoints, LoRA, downloads
    sound/                  files, takes, loudness, the limiter                                (no torch)
    precision.py            in what numbers a device computes
    cli/                    the command

Shapes in every docstring: B batch, C audio channels, N samples, D latent channels, T latent frames, L text tokens,
E embedding width, H heads. `t` is the diffusion time: 1 is noise, 0 is clean.
"""

__version__ = "0.1.0"
