"""The sentences that engine and bridge can say, read from their sources: what a book of sayings has to have.

A sentence is a text of several words that ends in a full stop, or is given to an error, a notice or a remark; of an
f-string, `{0}`, `{1}` ... stand for its values. What a musician never reads in the panel is named in `ENGLISH`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import bridge
import engine
from engine.presets import PresetStore
from engine.registry import MODELS

ROOT = Path(engine.__file__).parents[1]
SAY = {
    "AudioError",
    "BridgeError",
    "CheckpointError",
    "DiskError",
    "EngineDied",
    "LongtakeError",
    "Notice",
    "PresetError",
    "Remark",
    "SpecError",
    "Wrong",
}
LOG = {"debug", "info", "warning", "error", "exception", "log"}
HELP = {"setting", "parameter", "Parameter", "add_argument", "add_parser", "ArgumentParser"}

ENGLISH = {
    "engine/cli/": "the terminal speaks English: its words are flags and are searched for on the web",
    "engine/fleet/rendering.py": "a list is shared out in a terminal",
    "engine/parsing.py": "is about flags, which only a terminal has",
    "engine/public/fetching.py": "fetches what evaluating needs, in a terminal",
    "engine/training/": "training is done in a terminal",
    "engine/evaluation/": "evaluating is done in a terminal",
    "bridge/osc/": "programs read it, and whoever writes them reads docs/osc.md",
    "bridge/companion_command.py": "a command of the terminal",
    "bridge/config.py": "a command of the terminal",
    "bridge/delivery/desk.py": "is read by our script in a DAW, which shows it there",
    "bridge/companions/ableton/Longtake/script.py": "is shown in Live, where our script speaks English",
    "bridge/terminal.py": "a command of the terminal",
    "bridge/dawproject_command.py": "a command of the terminal",
    "engine/autoencoder.py": "says what a programmer did wrong",
    "engine/dit.py": "says what a programmer did wrong",
    "engine/live/stream.py": "says what a programmer did wrong",
    "engine/clap.py": "the text encoder of models that are trained by their user",
    "engine/locked_clap.py": "the text encoder of models that are trained by their user",
    "engine/samplers/": "says what a programmer did wrong",
    "engine/composing/composer.py": "the corpus is composed in a terminal",
    "engine/composing/score.py": "says what is wrong in a sidecar that another program wrote",
    "engine/sound/formats.py": "the panel writes WAV; --out names another suffix",
    "engine/sound/pipes.py": "only a command writes into a pipe",
    "engine/sound/take_facts.py": "says what a programmer did wrong",
    "bridge/audio/ring_buffer.py": "says what a programmer did wrong",
    "bridge/audio/live/timeline.py": "likewise says what a programmer did wrong",
    "bridge/audio/corrections.py": "is written into the log alone",
    "bridge/delivery/messages.py": "is written into the log alone",
    "bridge/delivery/spool.py": "is written into the log alone",
    "bridge/shared_file.py": "says what a programmer did wrong",
}
"""Path -> why its sentences stay English."""

ALONE = {
    "Runs the bridge without a screen: OSC, MIDI, audio, jobs, takes. Ctrl-C ends it, with exit code 0.": (
        "help of `longtake serve`"
    ),
    "Its engine ended twice while it was made, perhaps because memory ran out; make it alone, or shorter.": (
        "a list is shared out in a terminal"
    ),
    "No machine of the cluster has a GPU that Ray knows of; take --device cpu.": "likewise",
    "{0} Mend it, or start with --defaults.": "said by `longtake serve`",
    "The length is not known yet; call resolved(model) first.": "says what a programmer did wrong",
    "# Settings of Longtake. Remove the # before a line to change it; what is wrong is named at the start.": (
        "the settings file is English, as its keys are"
    ),
    "The index of the takes is closed.": "says what a programmer did wrong",
    "The engine gave {0} frames where {1} were asked.": "says what a programmer did wrong",
}
"""Sentence -> why it stays English."""


def sentences() -> dict[str, str]:
    """Every sentence a book must have, with the file that says it."""
    found: dict[str, str] = {}
    for place, text, said in strings():
        full = text.rstrip().endswith((".", "…")) and (
            text[:1].isupper() or text.startswith("{0} ")
        )
        words = "".join(part for part in text.split("{") if part)
        if (
            "\n" not in text
            and (full or said)
            and " " in text.strip()
            and len(words) > 8
            and text not in ALONE
        ):
            found.setdefault(text, place)
    for model in MODELS.values():
        found.setdefault(model.title, "engine/registry.py")
        if " " in model.licence:
            found.setdefault(model.licence, "engine/registry.py")
    for preset in PresetStore(Path("/nowhere")).list():
        found.setdefault(preset.description, "presets/")
    return found


def strings(excluded: bool = False) -> Iterator[tuple[str, str, bool]]:
    """Every text in the sources: its file, itself as a template, whether it is given to an error or a notice."""
    for package in (engine, bridge):
        for path in sorted(Path(str(package.__file__)).parent.rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            if excluded or not place.startswith(tuple(ENGLISH)):
                yield from ((place, text, said) for text, said in _strings(path))


def _strings(path: Path) -> Iterator[tuple[str, bool]]:
    tree = ast.parse(path.read_text("utf-8"))
    passed: set[int] = set()
    said: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            passed.update(id(value) for value in node.values)
        elif isinstance(node, ast.Call):
            name = (
                node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
            )
            if name in LOG or name in HELP:
                passed.update(id(inner) for inner in ast.walk(node))
            elif name in SAY:
                said.update(id(argument) for argument in node.args)
    for node in ast.walk(tree):
        if id(node) not in passed and (text := template(node)):
            yield text, id(node) in said


def template(node: ast.AST) -> str:
    """A text or an f-string with its values numbered; empty for all else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    parts: list[str] = []
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append(str(value.value))
        else:
            parts.append(f"{{{sum(part.startswith('{') for part in parts)}}}")
    return "".join(parts)
