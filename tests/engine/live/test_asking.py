from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from engine.conditioning import METRE_ROWS, Prompt
from engine.live.asking import Asking
from engine.live_settings import LiveSettings, Metre
from engine.registry import MODELS, SKETCH
from tests.engine.live.toys import RATE, WordsOf, toy

TOY, OPEN = toy(SKETCH), toy(MODELS["stable-audio-open-1.0"])
SETTINGS = LiveSettings(prompt="funk drums")


def test_the_prompt_is_read_once_and_never_again(monkeypatch: pytest.MonkeyPatch):
    read: list[str] = []
    encode = WordsOf.encode

    def counted(self: WordsOf, texts: list[str]) -> object:
        read.extend(texts)
        return encode(self, texts)

    monkeypatch.setattr(WordsOf, "encode", counted)
    asking = Asking(TOY, SETTINGS, Metre(120))
    for hop in range(5):
        asking.window(hop * RATE, 32, None)
        asking.keep_time(Metre(100 + hop))
        asking.change(replace(SETTINGS, strength=0.1 * hop))
    assert read == ["funk drums"]
    assert asking.change(replace(SETTINGS, prompt="slow strings"))
    assert not asking.change(replace(SETTINGS, prompt=" slow strings", wet=0.0))
    assert read == ["funk drums", "slow strings"]


@pytest.mark.parametrize("model", [TOY, OPEN])
def test_nothing_ages(model: object):
    asking = Asking(model, SETTINGS, Metre(120))  # pyright: ignore[reportArgumentType]
    now, _ = asking.window(0, 32, None)
    later, _ = asking.window(4 * RATE * 3600, 32, None)
    for name in ("cross", "global_", "grid"):
        there = getattr(now, name)
        if there is not None:
            torch.testing.assert_close(getattr(later, name), there, atol=1e-4, rtol=0)


def test_the_metre_is_where_the_transport_says():
    asking = Asking(TOY, SETTINGS, None)
    unknown, _ = asking.window(RATE, 16, None)
    assert unknown.grid is not None and not unknown.grid[0, :METRE_ROWS].any()
    # Beat 5 of 3/4 at 90 BPM is at 2 s; the window begins a second later.
    asking.keep_time(Metre(90, 3, beat=5, at=2 * RATE))
    found, _ = asking.window(3 * RATE, 16, None)
    music = (5 + 1.5) * 60 / 90
    prompt = Prompt(text="", seconds_start=0, seconds_total=9, tempo=90, beats_per_bar=3)
    wanted = TOY.conditioner([replace(prompt, score_start=music)], 16)
    assert found.grid is not None and wanted.grid is not None
    torch.testing.assert_close(found.grid[:, :METRE_ROWS], wanted.grid[:, :METRE_ROWS])


def test_models_without_a_grid_are_told_the_tempo_in_words():
    texts: list[str] = []
    for metre in (None, Metre(119.7)):
        asking = Asking(OPEN, SETTINGS, metre)
        texts += asking._read  # pyright: ignore[reportPrivateUsage]
    assert texts[0] == "funk drums" and "120" in texts[1]


def test_a_blend_mixes_the_words_and_ends_at_the_second_prompt():
    def cross(**settings: object) -> torch.Tensor:
        asking = Asking(TOY, LiveSettings(**settings), None)  # pyright: ignore[reportArgumentType]
        return asking.window(0, 8, None)[0].pooled_text()

    first, second = cross(prompt="funk drums"), cross(prompt="slow strings")
    torch.testing.assert_close(cross(prompt="funk drums", prompt_b="slow strings"), first)
    both = {"prompt": "funk drums", "prompt_b": "slow strings"}
    torch.testing.assert_close(cross(**both, blend=1.0), second)
    torch.testing.assert_close(cross(**both, blend=0.25), torch.lerp(first, second, 0.25))
    # However long either is, a small share changes little.
    longer = {"prompt": "funk drums", "prompt_b": "slow strings far away"}
    torch.testing.assert_close(cross(**longer, blend=1e-6), first, atol=1e-4, rtol=0)
    torch.testing.assert_close(
        cross(**longer, blend=1 - 1e-6), cross(prompt="slow strings far away"), atol=1e-4, rtol=0
    )
    # A second prompt that is not there yet changes nothing.
    torch.testing.assert_close(cross(prompt="funk drums", blend=0.5), first)
