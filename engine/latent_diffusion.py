"""The system of §2: autoencoder, text and timing conditioning, and diffusion transformer, built from one `ModelSpec`.

Joins the three networks and knows what of them is saved where. Knows nothing of sampling: `network` is what
samplers/guidance.py asks, again and again; engine.py walks from noise to sound with it.
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
from engine.precision import autocasts, halve, quarter, settled
from engine.registry import ModelSpec

BACKEND, COMPILERS = "inductor", ("g++", "clang++", "cl")
HEADERS = Path(sysconfig.get_path("include"), "Python.h")
"""What compiles a network, and what that asks for on a processor."""


class LatentScale(nn.Module):
    """Brings each latent channel to zero mean and unit variance, which the noise levels of the diffusion assume."""

    mean: Tensor
    std: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    def scaled(self, latents: Tensor) -> Tensor:
        """The autoencoder's latents [B, D, T] as the transformer knows them."""
        return (latents - self.mean[:, None]) / self.std[:, None]

    def unscaled(self, x: Tensor) -> Tensor:
        """The inverse: [B, D, T] for the autoencoder to decode."""
        return x * self.std[:, None] + self.mean[:, None]


class LatentDiffusion(nn.Module):
    """The three networks of a model. The frozen text encoder is used here, but belongs to no state dict.

    Attributes:
        spec: shapes, window and defaults.
        autoencoder: waveform to latents and back (§2.1).
        latent_scale: from these latents to those that are diffused, and back.
        conditioner: prompts to conditioning (§2.2).
        dit: the diffusion transformer (§2.2).
        precision: what it computes in, one of precision.NAMES.
    """

    def __init__(self, spec: ModelSpec, text_encoder: TextEncoder) -> None:
        super().__init__()
        self.spec = spec
        self.precision = "auto"
        self._graphs = False
        self.autoencoder = build_autoencoder(spec.autoencoder)
        self.latent_scale = LatentScale(spec.autoencoder.latent_channels)
        self.conditioner = Conditioner(spec, text_encoder)
        self.dit = build_dit(spec.dit, self.conditioner.global_width)

    @classmethod
    def from_folder(cls, spec: ModelSpec, folder: Path) -> LatentDiffusion:
        """Builds a model and loads its weights as this project saves them, for generation.

        Args:
            spec: the model.
            folder: with one safetensors file for each of `parts`; a model that hears by CLAP has it in `clap/` there.

        Raises:
            CheckpointError: if a file is missing, damaged or of another network.
        """
        model = cls(spec, open_text_encoder(spec.conditioning.text, folder))
        for name, part in model.parts().items():
            load_weights(part, folder / f"{name}.safetensors")
        return model.eval().requires_grad_(False)

    def parts(self) -> dict[str, nn.Module]:
        """What is saved together, by the stem of its file: what one stage of training makes."""
        diffusion = {
            "dit": self.dit,
            "conditioner": self.conditioner,
            "latent_scale": self.latent_scale,
        }
        return {"autoencoder": self.autoencoder, "dit": nn.ModuleDict(diffusion)}

    def width_directions(self) -> Tensor | None:
        """Orthonormal directions [K, D] of the diffused latents that the bands' stereo widths depend on.

        What moves at right angles to them leaves the widths as they are. None where the autoencoder does not know them.
        """
        gradients = self.autoencoder.width_gradients()
        if gradients is None:
            return None
        # On the processor: not every device factors matrices.
        directions = torch.linalg.qr((gradients * self.latent_scale.std).T.cpu())[0].T
        return directions.to(gradients.device)

    def placed(self, device: torch.device, precision: str = "auto") -> Self:
        """Moves the model and settles in what the transformer computes (precision.py).

        A public one's weights are then held in that; the embedded one's are few, and stay as they are.

        Raises:
            SpecError: if the device cannot compute in that.
        """
        self.precision = settled(precision, device)
        if self.precision == "int8":
            quarter(self.dit.transformer.layers)
        if self.spec.weights == "public" and autocasts(self.precision, device):
            halve(self.dit)
        return self.to(device)

    def compile_network(self) -> None:
        """Has the transformer compiled when it is first asked; on CUDA its steps are recorded as graphs as well.

        Raises:
            SpecError: if there is no compiler for this device, or no headers of Python to compile against.
        """
        cuda = self.latent_scale.mean.is_cuda
        if not cuda and not (any(map(shutil.which, COMPILERS)) and HEADERS.exists()):
            raise SpecError(
                f"Compiling for a processor needs a C++ compiler, as {choices(COMPILERS)}, and the headers of Python "
                "(on Debian: g++ and python3-dev), and one of them is missing; install it, or let the model be."
            )
        # Graphs are of one length each; what runs on a processor may be compiled for all lengths at once.
        mode, dynamic = ("reduce-overhead", None) if cuda else (None, True)
        self.dit.compile(backend=BACKEND, mode=mode, dynamic=dynamic)
        self._graphs = cuda

    def network(self, x: Tensor, t: Tensor, conditioning: Conditioning) -> Tensor:
        """The transformer's output in float32, computed in bfloat16 where the processor does that at full speed.

        Args:
            x: [B, D, T] noised latents.
            t: [B], 1 is noise and 0 is clean.
            conditioning: of B items, for T frames.

        Returns:
            [B, D, T] float32.
        """
        if self._graphs:
            # A recorded graph writes each output to the same place: this says that the last one is used up.
            torch.compiler.cudagraph_mark_step_begin()
        halved = autocasts(settled(self.precision, x.device), x.device)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=halved):
            return self.dit(x, t, conditioning).float()
