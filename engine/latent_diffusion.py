"""The system of §2: autoencoder, text and timing conditioning, and diffusion transformer, built from one `ModelSpec`.

Joins the three networks and knows in which files their weights are saved. Knows nothing of sampling:
samplers/guidance.py calls `network`, and engine.py drives the solver.
"""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from engine.checkpoints import load_weights
from engine.conditioning import Conditioner, Conditioning, TextEncoder
from engine.errors import SpecError, choices
from engine.networks import build_autoencoder, build_dit, open_text_encoder
from engine.precision import (
    autocasts,
    decoder_dtype,
    resolved_precision,
    to_bfloat16,
    to_int8,
    to_packed,
)
from engine.registry import ModelSpec, SameConfig
from engine.stable_audio.t5 import T5Text, text_place

BACKEND, COMPILERS = "inductor", ("g++", "clang++", "cl")
"""The back end of torch.compile, and the C++ compilers it can use on a CPU."""
HEADERS = Path(sysconfig.get_path("include"), "Python.h")
"""What such a compiler includes; Debian has it in a package of its own."""


def check_compiler(device: torch.device) -> None:
    """Checks that a model can be compiled for a device.

    Raises:
        SpecError: if that needs a C++ compiler and Python's headers, and one of them is missing.
    """
    if device.type != "cuda" and not (any(map(shutil.which, COMPILERS)) and HEADERS.exists()):
        raise SpecError(
            f"Compiling for the CPU needs a C++ compiler ({choices(COMPILERS)}) and Python's headers (on Debian: "
            "g++ and python3-dev); one of them was not found. Install it, or run without compiling."
        )


class LatentScale(nn.Module):
    """Normalises each latent channel to zero mean and unit variance, as the noise levels of the diffusion assume."""

    mean: Tensor
    std: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    def scaled(self, latents: Tensor) -> Tensor:
        """Normalises the autoencoder's latents [B, D, T] for the transformer."""
        return (latents - self.mean[:, None]) / self.std[:, None]

    def unscaled(self, x: Tensor) -> Tensor:
        """The inverse: latents [B, D, T] for the autoencoder to decode."""
        return x * self.std[:, None] + self.mean[:, None]


class LatentDiffusion(nn.Module):
    """The three networks of a model. The frozen text encoder is used, but not part of the state dict.

    Attributes:
        spec: shapes, window and defaults.
        autoencoder: waveform to latents and back (§2.1).
        latent_scale: normalises these latents for the diffusion, and back.
        conditioner: prompts to conditioning (§2.2).
        dit: the diffusion transformer (§2.2).
        precision: its number format, one of precision.NAMES.
        compiled: whether the transformer is compiled, or will be on its next call.
    """

    def __init__(self, spec: ModelSpec, text_encoder: TextEncoder) -> None:
        super().__init__()
        self.spec = spec
        self.precision = "auto"
        self.compiled = self._graphs = False
        self.autoencoder = build_autoencoder(spec.autoencoder)
        self.latent_scale = LatentScale(spec.autoencoder.latent_channels)
        self.conditioner = Conditioner(spec, text_encoder)
        self.dit = build_dit(spec.dit, self.conditioner.global_width)

    @classmethod
    def from_folder(cls, spec: ModelSpec, folder: Path) -> LatentDiffusion:
        """Builds a model for generation and loads weights that this project saved.

        Args:
            spec: the model.
            folder: contains one safetensors file for each of `parts`; a model with a CLAP text encoder has it in
                `clap/`.

        Raises:
            CheckpointError: if a file is missing, damaged or of another network.
        """
        model = cls(spec, open_text_encoder(spec.conditioning.text, folder))
        for name, part in model.parts().items():
            load_weights(part, folder / f"{name}.safetensors")
        return model.eval().requires_grad_(False)

    def parts(self) -> dict[str, nn.Module]:
        """What is saved together, by file stem: the result of one training stage each."""
        diffusion = {
            "dit": self.dit,
            "conditioner": self.conditioner,
            "latent_scale": self.latent_scale,
        }
        return {"autoencoder": self.autoencoder, "dit": nn.ModuleDict(diffusion)}

    def width_directions(self) -> Tensor | None:
        """Orthonormal directions [K, D] of the diffused latents that the bands' stereo widths depend on.

        Moving orthogonally to them keeps the widths unchanged. None if the autoencoder does not provide them.
        """
        gradients = self.autoencoder.width_gradients()
        if gradients is None:
            return None
        # On the CPU: not every device supports QR.
        directions = torch.linalg.qr((gradients * self.latent_scale.std).T.cpu())[0].T
        return directions.to(gradients.device)

    def placed(self, device: torch.device, precision: str = "auto") -> Self:
        """Moves the model to a device and sets the transformer's precision (precision.py).

        The weights of large models are converted too; the embedded model is small and keeps float32. The text
        encoders of public models move to a GPU too, in the public code's number format.

        Raises:
            SpecError: if the device does not support the precision.
        """
        self.precision = resolved_precision(precision, device)
        if self.precision == "int8":
            to_int8(self.dit.transformer.layers)
        if self.spec.weights != "embedded" and autocasts(self.precision, device):
            to_bfloat16(self.dit)
        encoder = self.conditioner.text_encoder
        if isinstance(encoder, T5Text):
            encoder.on(*text_place(device, precision, encoder.official))
        if isinstance(self.spec.autoencoder, SameConfig) and device.type == "cpu":
            # Not the encoder's, which many takes never touch.
            to_packed(self.autoencoder.decoder, decoder_dtype(precision, device))
        return self.to(device)

    def compile_network(self) -> None:
        """Compiles the transformer on its first call; on CUDA, steps are also recorded as CUDA graphs."""
        cuda = self.latent_scale.mean.is_cuda
        # A CUDA graph has one fixed length; on the CPU, one compilation serves all lengths.
        mode, dynamic = ("reduce-overhead", None) if cuda else (None, True)
        self.dit.compile(backend=BACKEND, mode=mode, dynamic=dynamic)
        self.compiled, self._graphs = True, cuda

    def network(self, x: Tensor, t: Tensor, conditioning: Conditioning) -> Tensor:
        """The transformer's output in float32, computed in bfloat16 where the hardware supports it.

        Args:
            x: [B, D, T] noised latents.
            t: [B], 1 is noise and 0 is clean.
            conditioning: of B items, for T frames.

        Returns:
            [B, D, T] float32.
        """
        if self._graphs:
            # A CUDA graph writes every output to the same memory: the previous one is no longer needed.
            torch.compiler.cudagraph_mark_step_begin()
        bfloat16 = autocasts(resolved_precision(self.precision, x.device), x.device)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=bfloat16):
            return self.dit(x, t, conditioning).float()
