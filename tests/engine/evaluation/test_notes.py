from pathlib import Path
from typing import NamedTuple

import pytest
import soundfile

from engine.composing import compose
from engine.evaluation.bench import Bench
from engine.evaluation.notes import noted
from engine.evaluation.pairs import ROLES, Pair
from engine.evaluation.scores import Note, Written
from engine.evaluation.sounds import RATE
from engine.training.corpus import render


def test_what_sounds_like_the_piece_has_its_notes(tmp_path: Path):
    pairs = []
    for seed in (950, 1100):
        piece = compose(seed, seconds=6.0)
        sound = render(piece)[:, : 6 * RATE]
        folder = tmp_path / str(seed)
        folder.mkdir()
        for role in ROLES:
            soundfile.write(folder / f"{role}.wav", sound.T, RATE)
        pairs.append(Pair(piece.metadata(), "", Written.of(piece, 0.0, 6.0), 6.0, folder))
    found = noted(pairs)
    assert found["rows"]["piece"] == found["rows"]["again"] == found["rows"]["take"]
    assert found["rows"]["piece"]["f1"][0] > 0.6 > 0.3 > found["rows"]["chance"]["f1"][0]
    assert found["again_of_piece"] == found["take_of_piece"] == (1.0, 1.0, 1.0)
    assert found["heard_again"][0] == 1.0
    assert found["f1_of_piece"] == (1.0, 1.0, 1.0)


class Hears(NamedTuple):
    """A listener's notes."""

    found: list[Note]

    def notes(self) -> list[Note]:
        return self.found


def test_takes_are_judged_by_what_is_heard_in_the_pieces(tmp_path: Path):
    """Of 12 notes the pieces have 9, F1 6/7, and the takes 6 and 6 false ones, F1 1/2."""
    written = tuple(Note(float(k), k + 0.5, 60 + k) for k in range(12))
    heard, wrong = list(written), [Note(n.start, n.end, 30) for n in written]
    roles = {"piece": heard[:9], "again": heard[:9], "take": heard[:6] + wrong[:6]}
    score = Written(written, (), (), "C major", 1.0)
    pairs = [Pair({}, "", score, 12.0, tmp_path) for _ in range(3)]
    for pair in pairs:
        pair._heard.update({role: Hears(notes) for role, notes in roles.items()})  # type: ignore[misc]
    found = noted(pairs)
    assert found["rows"]["piece"]["f1"] == pytest.approx([6 / 7] * 3)
    assert found["rows"]["take"]["f1"] == pytest.approx([1 / 2] * 3)
    assert found["f1_of_piece"] == pytest.approx([7 / 12] * 3)


def test_pairs_are_equally_long_and_of_held_out_pieces(bench: Bench):
    assert len(bench.pairs) == bench.amounts.pairs
    for pair in bench.pairs:
        assert pair.facts["held_out"] and pair.facts["kind"] != "one-shot"
        lengths = {pair.sound(role).shape[1] for role in ROLES}
        assert len(lengths) == 1
        assert lengths.pop() / RATE == pytest.approx(pair.seconds)
        assert f"BPM: {pair.facts['tempo']:g}" in pair.prompt
    assert [made.prompt for made in bench.takes] == [pair.prompt for pair in bench.pairs]
