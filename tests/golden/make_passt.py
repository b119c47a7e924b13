"""Makes passt.safetensors: what hear21passt 0.0.26 hears in a short sound, with weights made from names.

Needs torch, torchaudio, timm 0.4.12, librosa, pyloudnorm and hear21passt; run from this folder: `python make_passt.py`.
Two blocks compute, and the names of all twelve are kept; nothing is downloaded. The script only calls the packages and
contains none of their code.
"""

# pyright: reportMissingImports=false, reportImplicitRelativeImport=false
from __future__ import annotations

import json
import tempfile
from functools import partial
from pathlib import Path

import librosa
import pyloudnorm
import soundfile
import torch
from hear21passt.models.passt import PaSST
from hear21passt.models.preprocess import AugmentMelSTFT
from hear21passt.wrapper import PasstBasicWrapper
from judges import RATE, heard, judge_weights
from safetensors.torch import save_file
from values import thinned

SECONDS = 7.3
SHORT = 1.2
DEPTH = 2


def network(depth: int) -> PaSST:
    """The transformer as `passt_s_swa_p16_128_ap476` is built."""
    return PaSST(patch_size=16, stride=(10, 10), img_size=(128, 998), depth=depth, distilled=True)


def model() -> PasstBasicWrapper:
    """As `get_basic_model` builds it, without the weights that it would fetch."""
    mel = AugmentMelSTFT(
        n_mels=128,
        sr=32000,
        win_length=800,
        hopsize=320,
        n_fft=1024,
        freqm=48,
        timem=192,
        htk=False,
        fmin=0.0,
        fmax=None,
        norm=1,
        fmin_aug_range=10,
        fmax_aug_range=2000,
    )
    small = network(DEPTH)
    small.load_state_dict(judge_weights(small.state_dict()))
    return PasstBasicWrapper(mel=mel, net=small, mode="logits").eval()


def mono(seconds: float) -> torch.Tensor:
    """The sound as the metric reads it, [N] at 32 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "heard.wav"
        soundfile.write(path, heard(seconds).T, RATE, subtype="FLOAT")
        samples, _ = librosa.load(path, sr=32_000, mono=True)
    return torch.from_numpy(pyloudnorm.normalize.peak(samples, -1.0)).float()


@torch.no_grad()
def main() -> None:
    """Writes the golden file: of a sound that is padded to a window, and of one that is not."""
    torch.stft = partial(torch.stft, return_complex=False)
    judge = model()
    padded = torch.nn.functional.pad(mono(SECONDS), (0, 320_000 - mono(SECONDS).numel()))
    short = mono(SHORT)
    save_file(
        {
            "spectrum": thinned(judge.mel(padded[None])),
            "logits": judge(padded[None])[0],
            "short": judge(short[None])[0],
        },
        "passt.safetensors",
        metadata={
            "seconds": str(SECONDS),
            "short": str(SHORT),
            "depth": str(DEPTH),
            "shapes": json.dumps({n: list(x.shape) for n, x in network(12).state_dict().items()}),
        },
    )


if __name__ == "__main__":
    main()
