"""What the paper measured: its Tables 2, 3 and 5, to stand beside one's own. Knows nothing of how."""

from __future__ import annotations

from dataclasses import dataclass

BENCHMARK = 586
"""Captions without singing, of 446 tracks: what Tables 2 and 3 are of."""


@dataclass(frozen=True, slots=True)
class Row:
    """A model at a length in s: FD on OpenL3 and KL on PaSST, lower is better; CLAP score, higher is better."""

    model: str
    seconds: int
    fd: float
    kl: float
    clap: float
    time: str
    """That one take needed on a GPU."""


TABLES: dict[int, tuple[Row, ...]] = {
    2: (
        Row("MusicGen-large-stereo", 120, 204.03, 0.49, 0.28, "6m 38s"),
        Row("Stable Audio 2, pre-trained", 120, 78.70, 0.36, 0.39, "8s"),
        Row("MusicGen-large-stereo", 190, 213.76, 0.50, 0.28, "9m 32s"),
        Row("Stable Audio 2, pre-trained", 190, 89.33, 0.34, 0.39, "8s"),
    ),
    3: (
        Row("MusicGen-large-stereo", 120, 204.03, 0.49, 0.28, "6m 38s"),
        Row("Stable Audio 2, fully trained", 120, 79.09, 0.35, 0.40, "13s"),
        Row("MusicGen-large-stereo", 285, 218.02, 0.50, 0.27, "12m 53s"),
        Row("Stable Audio 2, fully trained", 285, 81.96, 0.34, 0.39, "13s"),
    ),
}
TABLE_5: dict[str, tuple[float, float, float, str, str]] = {
    "DAC": (0.96, 0.52, 10.83, "44.1 kHz", "86 Hz, discrete"),
    "AudioGen, discrete": (1.17, 0.64, 9.27, "48 kHz", "50 Hz, discrete"),
    "Encodec": (1.82, 1.12, 5.33, "32 kHz", "50 Hz, discrete"),
    "AudioGen, continuous": (1.10, 0.64, 8.82, "48 kHz", "100 Hz, 32 channels"),
    "Stable Audio": (1.19, 0.67, 8.62, "44.1 kHz", "43 Hz, 64 channels"),
    "Stable Audio 2": (1.19, 0.71, 7.14, "44.1 kHz", "21.5 Hz, 64 channels"),
}
"""Autoencoder -> STFT distance, mel distance, SI-SDR in dB, rate, latents; of all 706 tracks."""
