"""Law of the flags: every parameter of the table has one, and it gives the value the table would give."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from engine.cli.flags import ALIASES, add_flags, settings
from engine.spec import PARAMETERS, converted

EXAMPLES = {
    "text": ("some words", "some words"),
    "bool": (None, True),
    "pair": ("0.25:0.5", (0.25, 0.5)),
    "path": ("clip.mid", str(Path("clip.mid").resolve())),
    "files": ("warm.safetensors:0.8", "warm.safetensors:0.8"),
    "spans": ("0:8,16:24.5", ((0.0, 8.0), (16.0, 24.5))),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_has_its_flag(name: str) -> None:
    known = PARAMETERS[name]
    text, value = EXAMPLES.get(known.kind, (str(known.high), known.high))
    if known.kind == "int" and known.high is not None:
        text, value = str(int(known.high)), int(known.high)
    if known.choices:
        text = value = known.choices[-1]
    parser = argparse.ArgumentParser()
    add_flags(parser)
    flag = f"--{name.replace('_', '-')}"
    given = settings(parser.parse_args([flag] if text is None else [flag, text]))
    assert given == {name: value}
    assert type(given[name]) is type(converted(name, value))
    if name in ALIASES and text is not None:
        assert settings(parser.parse_args([ALIASES[name], text])) == given


def test_what_is_not_given_is_not_there_and_help_is_the_tables() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser, left_out=("seed",))
    assert settings(parser.parse_args([])) == {}
    told = " ".join(parser.format_help().split())
    assert "--seed" not in told
    assert PARAMETERS["cfg_scale"].help in told and "0 to 30" in told
