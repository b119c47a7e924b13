"""The mix: reverberation, echo, side-chain, saturation, tape and vinyl, and a mastering chain to a common loudness.

Arrays are [2, N] float32. Knows nothing of notes.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import oaconvolve, sosfilt

from engine.training.corpus.oscillators import SAMPLE_RATE, Signal, bandpass, highpass, lowpass

PEAK = 10 ** (-1.0 / 20)
"""Peak of a finished item: -1 dBFS."""


def reverb(send: Signal, seconds: float, brightness: float, rng: np.random.Generator) -> Signal:
    """Convolves with noise that decays by 60 dB in `seconds`, faster at high frequencies, after a short pre-delay."""
    samples = int(seconds * SAMPLE_RATE)
    t = np.arange(samples) / SAMPLE_RATE
    noise = rng.standard_normal((2, samples)).astype(np.float32)
    low = lowpass(noise, 600 + 2500 * brightness)
    decay = np.exp(-6.9 * t / seconds).astype(np.float32)
    fast = np.exp(-6.9 * t / (seconds * (0.25 + 0.5 * brightness))).astype(np.float32)
    response = low * decay + (noise - low) * fast * np.float32(brightness)
    response *= np.minimum(1.0, t / 0.004).astype(np.float32)
    response = highpass(response, 180)
    response /= np.sqrt((response**2).sum(axis=1, keepdims=True))
    delay = int(rng.uniform(0.005, 0.025) * SAMPLE_RATE)
    out = np.zeros_like(send)
    out[:, delay:] = oaconvolve(send, response, axes=1)[:, : send.shape[1] - delay]
    return out


def echo(send: Signal, seconds: float, feedback: float = 0.4) -> Signal:
    """Ping-pong delay; each repeat is duller and on the other side."""
    out = np.zeros_like(send)
    tap = lowpass(send, 5000)
    for repeat in range(1, 5):
        shift = int(repeat * seconds * SAMPLE_RATE)
        if shift >= send.shape[1]:
            break
        side = repeat % 2
        mono = tap.mean(axis=0) * np.float32(feedback**repeat / feedback)
        out[side, shift:] += mono[: send.shape[1] - shift]
        out[1 - side, shift:] += 0.3 * mono[: send.shape[1] - shift]
    return out


def duck_curve(onsets: list[float], samples: int, recovery: float) -> Signal:
    """Gain in 0..1 that drops to 0 at every onset (s) and recovers in `recovery` seconds."""
    length = int(recovery * SAMPLE_RATE)
    dip = (0.5 - 0.5 * np.cos(np.pi * np.linspace(0, 1, length))).astype(np.float32) ** 0.7
    curve = np.ones(samples, np.float32)
    for onset in onsets:
        start = int(onset * SAMPLE_RATE)
        stop = min(samples, start + length)
        curve[start:stop] = np.minimum(curve[start:stop], dip[: stop - start])
    return uniform_filter1d(curve, 128)


def saturate(x: Signal, amount: float) -> Signal:
    """Soft clipping by `amount` in 0..1, at about constant loudness."""
    drive = np.float32(1 + 3 * amount)
    return (np.tanh(drive * x) / np.tanh(drive)).astype(np.float32) if amount > 0.01 else x


def vinyl(samples: int, amount: float, rng: np.random.Generator) -> Signal:
    """Hiss, rumble and crackle of an old record."""
    hiss = 0.004 * bandpass(rng.standard_normal((2, samples)).astype(np.float32), 3000, 0.5)
    crackle = np.zeros((2, samples), np.float32)
    count = rng.poisson(samples / SAMPLE_RATE * 9)
    crackle[rng.integers(0, 2, count), rng.integers(0, samples, count)] = (
        0.12 * rng.standard_normal(count) * rng.random(count) ** 2
    )
    return np.float32(amount) * (hiss + bandpass(crackle, 2500, 0.7))


def widen(x: Signal, amount: float, seconds: float) -> Signal:
    """Adds a short, high-passed delay of the mid signal to one side and subtracts it from the other."""
    shift = int(seconds * SAMPLE_RATE)
    delayed = np.zeros_like(x[0])
    delayed[shift:] = highpass(x.mean(axis=0), 300)[: x.shape[1] - shift]
    return x + np.float32(amount) * np.stack([delayed, -delayed])


def balance_width(x: Signal, narrowest: float = 0.94, widest: float = 0.35) -> Signal:
    """Scales the side signal, if any, so that the correlation of left and right is within the bounds."""
    middle, side = (x[0] + x[1]) / 2, (x[0] - x[1]) / 2
    ratio = float((side**2).mean() / max(1e-12, (middle**2).mean()))
    if ratio < 1e-5:
        return x
    least, most = ((1 - c) / (1 + c) for c in (narrowest, widest))
    gain = np.float32(min(2.5, np.sqrt(np.clip(ratio, least, most) / ratio)))
    return np.stack([middle + gain * side, middle - gain * side])


def loudness(x: Signal) -> float:
    """Gated loudness in LUFS after ITU-R BS.1770, on blocks of 400 ms."""
    weighted = np.asarray(sosfilt(_K_WEIGHTING, x, axis=-1))
    hop = SAMPLE_RATE // 10
    count = weighted.shape[1] // hop
    if count < 4:
        power = np.array([float((weighted**2).mean(axis=1).sum())])
    else:
        hops = (weighted[:, : count * hop] ** 2).reshape(2, count, hop).mean(axis=2).sum(axis=0)
        power = np.convolve(hops, np.full(4, 0.25), mode="valid")
    levels = -0.691 + 10 * np.log10(power + 1e-12)
    power = power[levels > -70]
    if not power.size:
        return -70.0
    gate = -0.691 + 10 * np.log10(power.mean()) - 10
    kept = power[-0.691 + 10 * np.log10(power) > gate]
    return float(-0.691 + 10 * np.log10(kept.mean()))


_K_WEIGHTING = np.array(
    [
        [
            1.5308412300498355,
            -2.6509799951536985,
            1.1690790799210682,
            1.0,
            -1.6636551132560204,
            0.7125954280732254,
        ],
        [1.0, -2.0, 1.0, 1.0, -1.9891696736297957, 0.9891990357870394],
    ]
)
"""The two filters of BS.1770 at 44.1 kHz: high shelf and low cut."""


def limit(x: Signal, ceiling: float = PEAK) -> Signal:
    """A look-ahead limiter of 3 ms: the gain changes smoothly and no sample exceeds `ceiling`."""
    window = int(0.003 * SAMPLE_RATE) | 1
    peaks = maximum_filter1d(np.abs(x).max(axis=0), 2 * window + 1)
    gain = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    smooth = uniform_filter1d(gain, window)
    return np.clip(x * smooth.astype(np.float32), -ceiling, ceiling)


def master(x: Signal, target_lufs: float) -> Signal:
    """High-passes at 25 Hz, brings to the target loudness (never by limiting more than about 6 dB) and limits."""
    x = balance_width(highpass(x, 25))
    gain_db = target_lufs - loudness(x)
    peak = float(np.quantile(np.abs(x[:, ::7]), 0.9999)) + 1e-9
    gain_db = min(gain_db, 20 * np.log10(2.0 * PEAK / peak))
    return limit(x * np.float32(10 ** (gain_db / 20)))
