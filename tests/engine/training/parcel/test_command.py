"""Around a slot, parts arrive before it, are left while it works, and are left however it ends."""

from __future__ import annotations

import argparse
import shlex
import time
from pathlib import Path

import pytest

from engine.training import sketch
from engine.training.parcel import command
from engine.training.parcel.command import CARRIED, add_flags, travelling, typed
from engine.training.parcel.parts import arrive
from tests.engine.training.parcel.test_parts import a_run, part, step_of


def test_a_slot_begins_with_the_parts_that_came_and_leaves_its_own(tmp_path: Path) -> None:
    with travelling(a_run(tmp_path / "there"), tmp_path / "sent"):
        pass
    run = tmp_path / "here"
    with travelling(run, tmp_path / "sent"):
        assert (run / "transformer" / "checkpoint.pt").exists()
        (run / "run.json").write_text('{"seed": 2}')
    with travelling(tmp_path / "again", tmp_path / "sent"):
        assert (tmp_path / "again" / "run.json").read_text() == '{"seed": 2}'


def test_a_run_at_home_goes_on_from_what_a_card_made_of_it(tmp_path: Path) -> None:
    home, sent = a_run(tmp_path / "home"), tmp_path / "sent"
    with travelling(a_run(tmp_path / "away", index=500), sent):
        pass
    with travelling(home, sent):
        assert step_of(home) == 500
    assert arrive(sent, tmp_path / "new") and step_of(tmp_path / "new") == 500


def test_the_run_that_a_parcel_laid_is_joined(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with travelling(a_run(tmp_path / "home"), run / "parts"):
        pass
    with travelling(run, tmp_path / "empty"):
        assert (run / "transformer" / "checkpoint.pt").exists()


def test_a_slot_that_fails_leaves_its_parts(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    with pytest.raises(RuntimeError, match="failed"), travelling(run, tmp_path / "parts"):
        raise RuntimeError("failed")
    assert part(tmp_path / "parts", "1of1").exists()


def test_parts_are_left_while_the_slot_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "LEAVES_EVERY", 0.01)
    until = time.monotonic() + 60
    with travelling(a_run(tmp_path / "run"), tmp_path / "parts"):
        while not list((tmp_path / "parts").glob("run-*.part1of1")):
            assert time.monotonic() < until
            time.sleep(0.01)


def test_nothing_travels_unless_asked(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    arguments = parser.parse_args([])
    with travelling(a_run(tmp_path / "run"), arguments.parts, arguments.parts_mib):
        pass
    assert arguments.parcel is None and [p.name for p in tmp_path.iterdir()] == ["run"]


def test_what_is_typed_is_what_was_asked_for(tmp_path: Path) -> None:
    run = tmp_path / "my run"
    parser = sketch._parser()
    plain = parser.parse_args(["--run", str(run)])
    assert {name: getattr(plain, name) for name in CARRIED} == CARRIED
    words = shlex.split(typed(plain, run))
    assert words == ["--config", "sketch", "--run", str(run), "--minutes", "8", "--no-report"]
    asked = ["--run", str(run), "--seed", "3", "--batch", "2", "--disk", "0.5"]
    again = parser.parse_args(shlex.split(typed(parser.parse_args(asked), run)))
    assert (again.run, again.seed, again.batch, again.disk) == (run, 3, 2, 0.5)
