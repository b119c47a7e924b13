"""Laws of the table of commands: each has an example that works, and help that fits."""

from __future__ import annotations

import importlib.util
import shlex

import pytest

import longtake
from engine.cli import commands
from engine.cli.main import PASSED_ON, main
from engine.errors import SpecError

EXAMPLES = {name: making.example for name, making in commands.MAKING.items()}
EXAMPLES |= {name: example for name, (_, example) in commands.OTHERS.items()}


def test_the_overview_names_every_command_with_an_example_in_80_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for argv in (["--help"], ["-h"], ["help"], []):
        assert main(argv) == 0
        told = capsys.readouterr().out
        assert max(map(len, told.splitlines())) <= 80
        for name, example in EXAMPLES.items():
            assert f"\n  {name} " in told and f"\n      {example}\n" in told


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_of_its_own_command_and_is_understood(name: str) -> None:
    program, command, *rest = shlex.split(EXAMPLES[name])
    assert (program, command) == ("longtake", name)
    if name in commands.MAKING:
        assert commands.parsed(name, rest).command == name
    else:
        assert name in longtake.ELSEWHERE or name in PASSED_ON or name == "info"


@pytest.mark.parametrize("module", PASSED_ON.values())
def test_what_is_passed_on_has_somebody_to_take_it(module: str) -> None:
    found = importlib.util.find_spec(module)
    assert found is not None


@pytest.mark.parametrize("name", commands.MAKING)
def test_the_help_of_a_command_fits(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main([name, "--help"])
    told = capsys.readouterr().out
    assert leaving.value.code == 0
    assert max(map(len, told.splitlines())) <= 80
    assert "e+" not in told.replace("the+", "")
    for part in (f"usage: longtake {name} ", "files:", "how the model works:", "--out", "--json"):
        assert part in told
    making = commands.MAKING[name]
    assert ("--batch" in told) == (making.prompt == "1")
    assert ("--preset" in told) == (making.prompt != "")
    assert ("--bars" in told) == ("bars" not in making.left_out)


def test_continue_takes_bars_and_says_what_a_length_is_there() -> None:
    told = " ".join(commands.parser_of("continue").format_help().split())
    assert "--bars BARS how many bars are added" in told
    assert "--seconds SECONDS how much is added (default 15 s); also --length" in told


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("rendr", "There is no command 'rendr'; did you mean render?"),
        ("sing", "There is no command 'sing'; longtake --help lists them."),
        ("beat.wav", "There is no file beat.wav, and no command of that name."),
        ("warm house", "to make music of it: longtake render 'warm house'."),
    ],
)
def test_an_unknown_command_says_what_to_type(word: str, sentence: str) -> None:
    assert sentence in str(commands.unknown(word))
    with pytest.raises(SpecError, match="command"):
        raise commands.unknown(word)
