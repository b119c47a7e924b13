"""Laws of `longtake bench`: every module of the folder is a benchmark, and an unknown one is named."""

from __future__ import annotations

import importlib

import pytest

from benchmarks.__main__ import main, names


@pytest.mark.parametrize("name", names())
def test_every_benchmark_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        importlib.import_module(f"benchmarks.{name}").main(["--help"])
    assert left.value.code == 0
    assert "usage" in capsys.readouterr().out


def test_an_unknown_benchmark_is_named_with_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["moon"]) == 2
    err = capsys.readouterr().err
    assert "'moon'" in err and "engine" in err and err.count("\n") == 1
