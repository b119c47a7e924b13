"""Laws of the feedback guard: our own sound through a room is found, at its distance; nothing else is taken for it.

The separation is printed (`pytest -s`): how much of the input is ours, and how many times that at other distances.
"""

from __future__ import annotations

import numpy as np
import pytest

from bridge.audio.live.guard import ALIKE, NEED, NEW, OVER, WINDOW, Case, Guard, without
from tests.bridge.audio.live.rooms import RATE, chords, drums, later, room, voice

DELAY = 26_460
SECONDS = 9.0
MINE, MADE = drums(1, SECONDS), drums(9, SECONDS)
TIME = np.arange(len(MINE)) / RATE
HUM = 0.01 * np.sin(100 * np.pi * TIME) + 0.003 * np.sin(300 * np.pi * TIME)
TONE, CHORD, SUNG = 0.5 * np.sin(600 * np.pi * TIME), chords(1, SECONDS), voice(1, SECONDS)
SWELL = 10 ** ((-40 + 40 * TIME / SECONDS) / 20)
LOOP = np.tile(drums(1, 1.2), 10)[: len(MINE)]


def looked(
    heard: np.ndarray, played: np.ndarray, delay: int = DELAY
) -> tuple[bool, Guard, list[float]]:
    """Whether it was found in looks half a second apart, and how it stood out."""
    guard, own, found, over = Guard(), later(heard, delay), False, list[float]()
    for end in range(2 * RATE, len(heard), RATE // 2):
        parts = (heard[end - WINDOW : end], played[end - NEED : end], own[end - NEED : end])
        found |= guard.look(Case(*(part.astype(np.float32) for part in parts)))
        over.append(guard.over)
    return found, guard, over[4:]


@pytest.mark.parametrize("delay", [0.004, 0.05, 0.3])
@pytest.mark.parametrize(
    ("gain", "direct"), [(1.0, 6.0), (0.5, 6.0), (0.35, 6.0), (1.0, -3.0), (0.5, -3.0)]
)
def test_our_own_sound_in_a_room_is_found_under_who_plays(
    gain: float, delay: float, direct: float
) -> None:
    found, guard, over = looked(MINE + room(MADE, gain, delay, direct), MADE)
    print(
        f"gain {gain} delay {delay} direct {direct} dB: alike {guard.alike:.3f}, over {min(over):.1f}-{max(over):.1f}"
    )
    assert found
    assert guard.lag == pytest.approx(delay * RATE, abs=5)


@pytest.mark.parametrize(
    ("name", "heard", "played"),
    [
        ("alone in the room", room(MADE, 0.5), MADE),
        (
            "a voice over a voice",
            voice(1, SECONDS) + room(voice(2, SECONDS), 0.5),
            voice(2, SECONDS),
        ),
        ("over a drum machine", LOOP + room(MADE, 0.5), MADE),
        (
            "half of it the input again",
            MINE + room(0.5 * later(MINE, DELAY) + MADE),
            0.5 * later(MINE, DELAY) + MADE,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_is_found_whatever_is_played(name: str, heard: np.ndarray, played: np.ndarray) -> None:
    found, guard, over = looked(heard, played)
    print(f"{name}: alike {guard.alike:.3f}, over {min(over):.1f}-{max(over):.1f}")
    assert found


@pytest.mark.parametrize(
    ("name", "heard", "played", "delay"),
    [
        ("other drums at the same tempo", drums(3, SECONDS), drums(4, SECONDS), DELAY),
        ("a drum machine", LOOP, MADE, DELAY),
        ("a drum machine, dry", LOOP, later(LOOP, DELAY), DELAY),
        ("a drum machine, dry, a loop later", LOOP, later(LOOP, 47_920), 47_920),
        ("a drum machine, half dry", LOOP, 0.5 * later(LOOP, 47_920) + 0.5 * MADE, 47_920),
        (
            "a drum machine, strength 0",
            LOOP,
            room(later(LOOP, 47_920), delay=0.0, direct=20.0),
            47_920,
        ),
        ("one loop over another", LOOP, np.tile(drums(9, 1.2), 10)[: len(LOOP)], DELAY),
        ("the same tone", 0.3 * np.sin(2765 * TIME), 0.2 * np.sin(2765 * TIME + 1), DELAY),
        ("the same chord", chords(1, SECONDS), chords(2, SECONDS), DELAY),
        ("somebody sings along", voice(1, SECONDS), voice(1, SECONDS)[::-1], DELAY),
        ("silence", np.zeros(len(MINE)), MADE, DELAY),
        ("hum", HUM, MADE + HUM, DELAY),
        (
            "low hum and noise",
            0.1 * HUM + 1e-4 * np.random.default_rng(1).standard_normal(len(HUM)),
            MADE,
            DELAY,
        ),
        ("nothing is played", MINE, np.zeros(len(MINE)), DELAY),
        ("the input, dry", MINE, later(MINE, DELAY), DELAY),
        ("a tone at half its level", TONE, 0.5 * later(TONE, DELAY), DELAY),
        ("a tone that swells, dry", SWELL * TONE, later(SWELL * TONE, DELAY), DELAY),
        ("a chord that swells, dry", SWELL * CHORD, later(SWELL * CHORD, DELAY), DELAY),
        ("a voice that swells, dry", SWELL * SUNG, later(SWELL * SUNG, DELAY), DELAY),
        ("drums that swell, dry", SWELL * MINE, later(SWELL * MINE, DELAY), DELAY),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nothing_else_is_taken_for_it(
    name: str, heard: np.ndarray, played: np.ndarray, delay: int
) -> None:
    found, guard, over = looked(heard, played, delay)
    print(f"{name}: alike {guard.alike:.3f}, over {min(over):.1f}-{max(over):.1f}")
    assert not found


def howl(gain: float) -> tuple[np.ndarray, np.ndarray]:
    """What is heard and played where the input itself is played, and comes back."""
    echo = 0.02 * drums(2, SECONDS)
    heard = echo
    for _ in range(round(SECONDS * RATE / DELAY)):
        echo = room(later(echo, DELAY), gain, direct=6.0)
        heard = heard + echo
    return heard, later(heard, DELAY)


def test_the_input_itself_is_stopped_when_it_grows_and_left_when_it_dies_away() -> None:
    grown, guard, _ = looked(*howl(1.2))
    assert grown and guard.alike > ALIKE and guard.over > OVER
    assert not looked(*howl(0.5))[0]


def test_what_is_the_input_again_is_taken_out_and_what_is_new_mostly_stays() -> None:
    own, new = MINE[:NEED].astype(np.float32), MADE[:NEED].astype(np.float32)
    through = room(MINE, 1.0, 0.001, 20.0)[:NEED].astype(np.float32)
    assert np.std(without(own, own)[4096:-4096]) < NEW * np.std(own) / 100
    left = without(through + new, own)[4096:-4096]
    assert np.std(left - new[4096:-4096]) < 0.5 * np.std(new)
