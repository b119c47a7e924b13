"""Law of the flags: every parameter of the table has one, and it gives the value the table would give."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.flags import ALIASES, GROUPS, add_flags, settings
from engine.parsing import Parser
from engine.spec import PARAMETERS, converted

EXAMPLES = {
    "text": ("some words", "some words"),
    "bool": (None, True),
    "pair": ("0.25:0.5", (0.25, 0.5)),
    "path": ("clip.mid", str(Path("clip.mid").resolve())),
    "files": ("warm.safetensors:0.8", "warm.safetensors:0.8"),
    "spans": ("0:8,16:24.5", ((0.0, 8.0), (16.0, 24.5))),
}


def parser() -> Parser:
    made = Parser(prog="longtake x")
    add_flags(made)
    return made


def given(*argv: str) -> dict[str, object]:
    return settings(parser().parse_args(argv))


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_has_its_flag_and_its_aliases(name: str) -> None:
    known = PARAMETERS[name]
    text, value = EXAMPLES.get(known.kind, (str(known.high), known.high))
    if known.kind == "int" and known.high is not None:
        text, value = str(int(known.high)), int(known.high)
    if known.choices:
        text = value = known.choices[-1]
    for flag in (f"--{name.replace('_', '-')}", *ALIASES.get(name, ())):
        found = given(flag) if text is None else given(flag, text)
        assert found == {name: value}
        assert type(found[name]) is type(converted(name, value))


@pytest.mark.parametrize(
    ("argv", "name", "value"),
    [
        (("--bpm", "124"), "tempo", 124.0),
        (("--length", "20"), "seconds_total", 20.0),
        (("--length", "1:30.5"), "seconds_total", 90.5),
        (("--duration=7",), "seconds_total", 7.0),
        (("--guidance", "4"), "cfg_scale", 4.0),
        (("--no-loop",), "loop", False),
    ],
)
def test_a_musicians_own_words(argv: tuple[str, ...], name: str, value: object) -> None:
    assert given(*argv) == {name: value}


def test_what_is_not_given_is_not_there_and_help_is_the_tables() -> None:
    made = Parser()
    add_flags(made, left_out=("seed",), about={"tempo": "how fast, 100 % exact"})
    assert settings(made.parse_args([])) == {}
    told = " ".join(made.format_help().split())
    assert "--seed " not in told
    assert PARAMETERS["cfg_scale"].help in told and "0 to 30" in told
    assert "how fast, 100 % exact" in told and PARAMETERS["tempo"].help not in told


def test_the_help_is_readable() -> None:
    """In 80 columns, grouped, with defaults, and no number that a musician cannot read."""
    told = parser().format_help()
    assert max(map(len, told.splitlines())) <= 80
    assert "e+" not in told and "4294967295" in told
    words = " ".join(told.split())
    for part in (
        "also --length",
        "also --bpm",
        "default: the model's, 24 with sketch",
        "default: the model's, 0.5:1 with sketch",
    ):
        assert part in words
    headings = [
        line.rstrip(":") for line in told.splitlines() if line.endswith(":") and line[0] != " "
    ]
    assert headings[-len(GROUPS) :] == list(GROUPS)
    for hidden in ("--seconds-total", "--cfg-scale", "--init-noise-level"):
        assert hidden not in told
