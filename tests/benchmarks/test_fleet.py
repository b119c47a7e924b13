"""The benchmarks of fleets run with narrow models, and count what they say."""

from __future__ import annotations

import json

import pytest

from benchmarks import _gpu_fleet
from benchmarks.__main__ import main
from benchmarks._part import Part


def test_an_engine_that_ray_placed_is_compared_with_one_that_it_did_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _gpu_fleet.fleet(Part("cpu", smoke=True), "sketch")
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert "error" not in row and (row["kind"], row["model"]) == ("fleet", "sketch")
    assert row["alone_take_s"] > 0 and row["fleet_take_s"] > 0 and row["start_s"] > 0
    assert row["ratio"] == pytest.approx(row["alone_take_s"] / row["fleet_take_s"])


@pytest.mark.parametrize("words", [("--takes", "0"), ("--takes", "-1"), ("--engines", "0")])
def test_a_fleet_of_nothing_is_one_sentence(
    words: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fleet", *words]) == 2
    assert capsys.readouterr().err == "longtake bench fleet: --takes and --engines are 1 or more.\n"
