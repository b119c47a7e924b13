"""The engine: "Long-form music generation with latent diffusion", section by section.

    spec.py, updates.py     what is asked for, what comes back         (no torch)
    registry.py, configs.py the models' shapes and defaults           (no torch)
    engine.py               Engine.generate: the main path
    latent_diffusion.py     section 2     the three networks joined
    autoencoder.py          section 2.1   spectral_autoencoder.py: the embedded model's own
    dit.py, layers.py       section 2.2   conditioning.py: timing, text, grid
    variable_length.py      section 2.3
    clap.py, text.py        section 2.4   locked_clap.py: both joined, the embedded model's own
    dit_sa3.py, same.py     the networks of Stable Audio 3; differential.py: their attention; t5.py: their words
    public.py, renames.py   public checkpoints, strictly by name; lora.py; hub.py, installed.py: how they come here
    precision.py            in what numbers a device computes
    samplers/               section 3     objectives, schedules, solvers, guidance
    training/               section 3     losses, discriminators, contrastive, optim, loops; 3.1 prompts
    evaluation/             section 4     every figure of the report, one command
    creative.py             section 4.6   audio-to-audio, inpainting, continuation, variation, loops
    recordings.py           what a recording decides of a spec        (no torch)
    streaming.py            latents to blocks of finished sound; limiter.py: its last stage

Shapes in every docstring: B batch, C audio channels, N samples, D latent channels, T latent frames, L text tokens,
E embedding width, H heads. `t` is the diffusion time: 1 is noise, 0 is clean.
"""

__version__ = "0.1.0"
