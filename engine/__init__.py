"""The engine: "Long-form music generation with latent diffusion", section by section.

    spec.py, updates.py     the request and the results                 (no torch)
    registry.py, configs.py the models' shapes and defaults             (no torch)
    engine.py               Engine.generate, the main path; chooses between own and public weights
    latent_diffusion.py     section 2     the three networks together; networks.py builds each from its configuration
    autoencoder.py          section 2.1   spectral_autoencoder.py: the one of the embedded model
    dit.py, layers.py       section 2.2   conditioning.py: timing, text, grid
    variable_length.py      section 2.3
    clap.py, text.py        section 2.4   locked_clap.py: the CLAP of the embedded model
    samplers/               section 3     objectives, schedules, solvers, guidance
    training/               section 3     losses, discriminators, contrastive, optim, loops; 3.1 prompts
    evaluation/             section 4     every figure of the report, with one command
    creative.py             section 4.6   audio-to-audio, inpainting, continuation, variation, loops
    levelling.py            recordings at the level of music, takes at theirs; audibility.py: no take is silent unheard
    streaming.py            latents to blocks of finished audio; chunking.py: in overlapping chunks
    stable_audio/           the networks of Stable Audio 3 and Stable Audio Open
    public/                 public checkpoints: download, names, loading, LoRA
    sound/                  files, takes, loudness, the limiter         (no torch)
    precision.py            number formats by device; int8 and packed linear layers
    whole_files.py          files that appear only when complete        (no torch)
    cli/                    the command line

Shapes in every docstring: B batch, C audio channels, N samples, D latent channels, T latent frames, L text tokens,
E embedding width, H heads. `t` is the diffusion time: 1 is noise, 0 is clean.
"""

__version__ = "0.1.0"
