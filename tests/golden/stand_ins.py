"""What stands in for parts of the official packages: noise made from names, packed attention on a CPU, unused imports.

`stable_audio_tools` and `stable_audio_3` import much that generating a take does not call. On a GPU, the latter's
attention is flash-attn's, which leaves a window's padding out; on a CPU it would be another computation. So here are
flash-attn's functions in plain torch. Knows nothing of models or cases.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, pairwise
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import torch
import torch.nn.functional as F
from torch import Tensor
from values import noise

UNUSED = (
    "alias_free_torch",
    "torchaudio",
    "torchaudio.transforms",
    "torchdiffeq",
    "torchsde",
    "torchvision",
    "torchvision.transforms",
)


@contextmanager
def unused_imports() -> Iterator[None]:
    """While it lasts, packages can be imported that import what they then do not use.

    Of k_diffusion there are only the modules that are asked for: the package itself imports all of its own.
    """
    if "k_diffusion" not in sys.modules:
        package, found = ModuleType("k_diffusion"), importlib.util.find_spec("k_diffusion")
        assert found is not None
        package.__path__ = list(found.submodule_search_locations or ())
        sys.modules["k_diffusion"] = package
    absent = [name for name in UNUSED if name not in sys.modules]
    sys.modules |= {name: MagicMock() for name in absent}
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


@contextmanager
def named_noise(level: float, *, posterior: bool) -> Iterator[None]:
    """While it lasts, torch draws noise made from names: first "noise", then "posterior" if asked, then "draw.N".

    The first one is multiplied by `level`.
    """
    drawn, originals = count(), (torch.randn, torch.randn_like)
    names = iter(["posterior"] if posterior else [])

    def randn(shape: Any, **_: Any) -> Tensor:
        return level * noise("noise", tuple(shape))

    def randn_like(x: Tensor, **_: Any) -> Tensor:
        return noise(next(names, None) or f"draw.{next(drawn)}", tuple(x.shape))

    torch.randn, torch.randn_like = randn, randn_like  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        torch.randn, torch.randn_like = originals


class NamedSteps:
    """In place of k-diffusion's Brownian tree: independent noise for every step, as an exact tree has it."""

    def __init__(self, x: Tensor, sigma_min: Any, sigma_max: Any) -> None:
        self.x = x

    def __call__(self, sigma: Any, sigma_next: Any) -> Tensor:
        return torch.randn_like(self.x)


class SinglePrecision:
    """The module torch, but for half precision: what casts to it stays as it is."""

    float16 = torch.float32

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)


@contextmanager
def packed_attention(transformer: Any) -> Iterator[None]:
    """While it lasts, the module stable_audio_3.models.transformer runs its own code for flash-attn."""
    names = ("flash_attn_func", "flash_attn_varlen_func", "unpad_input", "pad_input")
    stand_ins: dict[str, Any] = {
        "torch": SinglePrecision(),
        "flash_attn_func": flash_attn_func,
        "flash_attn_varlen_func": flash_attn_varlen_func,
        "index_first_axis": lambda x, indices: x[indices],
        "pad_input": pad_input,
        "unpad_input": pad_input,  # Only looked at.
    }
    assert all(getattr(transformer, name) is None for name in names)
    before = {name: getattr(transformer, name) for name in stand_ins}
    vars(transformer).update(stand_ins)
    try:
        yield
    finally:
        vars(transformer).update(before)


def flash_attn_func(
    q: Tensor, k: Tensor, v: Tensor, *, causal: bool | None, window_size: Any
) -> Tensor:
    """Attention of [B, N, H, D], each query to the keys from `left` before it to `right` after it; -1 is all."""
    assert not causal
    left, right = window_size
    mask = None
    if (left, right) != (-1, -1):
        away = torch.arange(k.shape[1]) - torch.arange(q.shape[1])[:, None]
        mask = (away >= -left) & (away <= right)
    heads_first = (x.transpose(1, 2) for x in (q, k, v))
    return F.scaled_dot_product_attention(*heads_first, attn_mask=mask).transpose(1, 2)


def flash_attn_varlen_func(  # noqa: PLR0913
    q: Tensor, k: Tensor, v: Tensor, starts: Tensor, *_: Any, causal: bool, window_size: Any
) -> Tensor:
    """Attention of packed items [sum of N, H, D], the first of which begin at `starts`, each within itself."""
    ends = starts.tolist()
    items = [
        flash_attn_func(
            *(x[None, start:end] for x in (q, k, v)), causal=causal, window_size=window_size
        )[0]
        for start, end in pairwise(ends)
    ]
    return torch.cat(items)


def pad_input(x: Tensor, indices: Tensor, batch: int, length: int) -> Tensor:
    """Unpacked: [B, N, ...], zero where nothing was packed."""
    whole = x.new_zeros(batch * length, *x.shape[1:])
    whole[indices] = x
    return whole.unflatten(0, (batch, length))
