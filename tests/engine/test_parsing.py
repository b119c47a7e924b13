"""Laws of the parser: one line that names what was meant; words anywhere; no abbreviation, no second guess."""

from __future__ import annotations

import pytest

from engine.errors import nearest
from engine.parsing import Parser


def parser() -> Parser:
    made = Parser(prog="longtake x")
    made.add_argument("words", nargs="*")
    for flag in ("--steps", "--seed", "--strength"):
        made.add_argument(flag, type=int)
    made.add_argument("--kind", choices=("house", "techno"))
    made.add_argument("--out")
    return made


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["a", "--steps", "3", "b"], ["a", "b"]),
        (["--steps", "3", "a", "b"], ["a", "b"]),
        (["-", "--out", "-"], ["-"]),
        (["--seed", "-1", "x"], ["x"]),
        (["--", "-dark", "--steps"], ["-dark", "--steps"]),
        (["a", "--seed", "1", "--", "-b"], ["a", "-b"]),
    ],
)
def test_words_may_stand_anywhere(argv: list[str], words: list[str]) -> None:
    assert parser().parse_words(argv).words == words


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--steos", "3"], "there is no flag --steos; did you mean --steps?"),
        (["--see=3"], "there is no flag --see; did you mean --seed?"),
        (["--st", "3"], "there is no flag --st; did you mean --steps or --strength?"),
        (["--volume", "3"], "there is no flag --volume (see"),
        (["-dark"], "there is no flag -dark; text that begins with a dash goes after --"),
        (["--steps"], "argument --steps: expected one argument"),
        (["--kind", "hose"], "argument --kind: there is no 'hose'; did you mean house?"),
        (["--kind", "jazz"], "argument --kind: there is no 'jazz'; choose house or techno"),
    ],
)
def test_errors_are_one_line_that_names_what_was_meant(
    argv: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        parser().parse_words(argv)
    err = capsys.readouterr().err
    assert leaving.value.code == 2
    assert sentence in err and err.count("\n") == 1
    assert err.endswith("(see longtake x --help)\n")


def test_the_flags_of_subcommands_are_known_too(capsys: pytest.CaptureFixture[str]) -> None:
    made = Parser(prog="longtake x")
    made.add_subparsers().add_parser("add").add_argument("--accept-licence", action="store_true")
    with pytest.raises(SystemExit):
        made.parse_args(["add", "--acept-licence"])
    assert "did you mean --accept-licence?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("rendr", "; did you mean render?"),
        ("RENDER", "; did you mean render?"),
        ("xyz", ""),
        ("", ""),
    ],
)
def test_the_nearest_name(word: str, said: str) -> None:
    assert nearest(word, ("render", "vary")) == said


def test_help_keeps_to_80_columns_in_any_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in ("20", "80", "300"):
        monkeypatch.setenv("COLUMNS", columns)
        made = parser()
        made.add_argument("--long", help="words " * 60)
        assert max(map(len, made.format_help().splitlines())) <= 80
