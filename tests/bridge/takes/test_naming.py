"""Laws of names: readable, safe on every system, and free of what stands elsewhere in the name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.takes.naming import SLUG, Naming, key_sign, slug, take_name, title


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_prompt_makes_a_safe_slug(text: str) -> None:
    short = slug(text)
    assert 0 < len(short) <= SLUG
    assert set(short) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=20), st.floats(30, 300), st.integers(0, 2**32 - 1))
def test_any_take_has_a_safe_name(text: str, key: str, tempo: float, seed: int) -> None:
    name = take_name(Naming(1e9, text, "j3fa90c12-12", tempo, key, seed))
    assert name.isascii()
    assert len(name) < 140
    assert not set(name) & set(' /\\:*?"<>|')


@pytest.mark.parametrize(
    ("key", "sign"),
    [
        ("A minor", "Am"),
        ("C major", "C"),
        ("F# minor", "Fsharpm"),
        ("Bb", "Bb"),
        ("ebm", "Ebm"),
        ("", ""),
    ],
)
def test_key_signs(key: str, sign: str) -> None:
    assert key_sign(key) == sign


def test_slugs_leave_out_what_is_said_elsewhere() -> None:
    assert slug("Genre: Deep House | BPM: 124 | Moods: warm") == "deep-house-warm"
    assert slug("124 BPM techno") == "techno"
    assert slug("日本") == "take"


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_title_is_one_line(text: str) -> None:
    assert len(title(text)) <= 80
    assert len(title(text).splitlines()) <= 1
