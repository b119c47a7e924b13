from pathlib import Path

import pytest
import soundfile

from engine.composing import compose
from engine.evaluation.bench import Bench
from engine.evaluation.notes import noted
from engine.evaluation.pairs import ROLES, Pair
from engine.evaluation.scores import Written
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


def test_pairs_are_equally_long_and_of_held_out_pieces(bench: Bench):
    assert len(bench.pairs) == bench.amounts.pairs
    for pair in bench.pairs:
        assert pair.facts["held_out"] and pair.facts["kind"] != "one-shot"
        lengths = {pair.sound(role).shape[1] for role in ROLES}
        assert len(lengths) == 1
        assert lengths.pop() / RATE == pytest.approx(pair.seconds)
        assert f"BPM: {pair.facts['tempo']:g}" in pair.prompt
    assert [made.prompt for made in bench.takes] == [pair.prompt for pair in bench.pairs]
