"""Laws of the ledger and of a folder that grows: what a step drew from is known for good, gaps hide what follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import AudioError
from engine.training.material.latents import write_item
from engine.training.material.shelf import GrowingShelf, Ledger, Shelf, Span
from tests.engine.training.pieces import piece_of


def put(shelf: GrowingShelf, *numbers: int) -> None:
    for number in numbers:
        write_item(shelf.path(number), piece_of(1.0 + number))


def test_a_ledger_knows_every_step() -> None:
    ledger = Ledger()
    assert ledger.at(0) == Span()
    ledger.note(0, Span(0, 4))
    ledger.note(50, Span(0, 4))
    ledger.note(100, Span(0, 9))
    assert len(ledger.entries) == 2
    assert [ledger.at(step) for step in (0, 99, 100, 1000)] == [Span(0, 4)] * 2 + [Span(0, 9)] * 2
    again = Ledger()
    again.load_state_dict(ledger.state_dict())
    assert again == ledger


def test_what_was_noted_ahead_of_a_cut_is_noted_anew() -> None:
    ledger = Ledger([(0, Span(0, 4)), (100, Span(0, 9))])
    ledger.note(70, Span(0, 6))
    assert [ledger.at(step) for step in (69, 70, 100)] == [Span(0, 4), Span(0, 6), Span(0, 6)]


def test_pieces_are_there_once_all_before_them_are(tmp_path: Path) -> None:
    shelf = GrowingShelf(tmp_path)
    assert shelf.grown(Span()) == Span(0, 0)
    put(shelf, 0, 2)
    assert shelf.grown(Span()) == Span(0, 1)
    put(shelf, 1)
    assert shelf.grown(Span(0, 1)) == Span(0, 3)
    lengths = [item.metadata["seconds"] for item in shelf.items(Span(1, 2))]
    assert lengths == [2.0, 3.0]


def test_on_a_machine_without_a_run_s_pieces_it_draws_from_new_ones(tmp_path: Path) -> None:
    shelf = GrowingShelf(tmp_path)
    assert shelf.grown(Span(0, 30)) == Span(30, 0)
    put(shelf, 30, 31)
    assert shelf.grown(Span(0, 30)) == Span(30, 2)
    assert shelf.grown(Span(30, 2)) == Span(30, 2)


def test_a_complete_folder_has_one_span_and_no_held_out_pieces(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="train latents"):
        Shelf(tmp_path)
    for name, held_out in (("b", False), ("a", False), ("c", True)):
        piece = piece_of(2.0)
        facts = {**piece.facts, "held_out": held_out, "name": name}
        write_item(tmp_path / f"{name}.npz", type(piece)(piece.mean, piece.std, facts))
    shelf = Shelf(tmp_path)
    assert shelf.grown(Span()) == shelf.grown(Span(0, 2)) == Span(0, 2)
    assert [item.metadata["name"] for item in shelf.items(Span(0, 2))] == ["a", "b"]
