"""Lists the models, and the settings of a take.

Uses only the registry and the files; knows nothing of torch.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.errors import CheckpointError
from engine.model_files import find_weights, loras_folder, models_folder
from engine.registry import ModelSpec, all_models
from engine.sound.takes import read_settings
from engine.spec import PARAMETERS, GenerationSpec


def models() -> str:
    """A paragraph for each registered model, and the folder for the user's own."""
    known = "\n".join(_model(spec) for spec in all_models().values())
    return (
        f"{known}\nModels lie in {models_folder()}, one folder each: 'longtake models add FOLDER --name NAME' for your "
        f"own. LoRA files in {loras_folder()} are found by their names."
    )


def _model(spec: ModelSpec) -> str:
    try:
        weights = f"weights in {find_weights(spec)}"
    except CheckpointError:
        weights = "not installed"
    default = spec.defaults
    return (
        f"{spec.name}\n  {spec.title}\n"
        f"  up to {spec.max_seconds:.0f} s; {default.steps} steps, guidance {default.cfg_scale:g}, "
        f"{default.sampler}\n"
        f"  licence: {spec.licence}\n  {weights}\n"
    )


def info(path: Path, as_json: bool) -> str:
    """The settings stored with a take, and what it plays in one line: the notes themselves are in the JSON.

    Raises:
        AudioError: if there are none.
    """
    settings = read_settings(path)
    if as_json:
        readable = (sys.stdout.encoding or "").lower().startswith("utf")
        return json.dumps(settings, ensure_ascii=not readable, indent=2)
    rest = {name: value for name, value in settings.items() if name not in ("spec", "score")}
    if isinstance(rest.get("created"), int | float):
        moment = datetime.fromtimestamp(rest["created"]).astimezone()
        rest["created"] = moment.isoformat(" ", "seconds")
    return "\n".join([*_lines(_changed(settings["spec"])), "", *_lines(rest)])


def _changed(spec: dict[str, Any]) -> dict[str, Any]:
    """The settings that differ from the defaults, in the table's order; unknown ones last."""
    plain = GenerationSpec().to_dict()
    known = {name: spec[name] for name in PARAMETERS if name in spec and spec[name] != plain[name]}
    return known | {name: value for name, value in spec.items() if name not in PARAMETERS}


def _lines(values: dict[str, Any]) -> list[str]:
    return [f"{name:<20} {_value(name, value)}" for name, value in values.items()]


def _value(name: str, value: Any) -> str:
    unit = PARAMETERS[name].unit if name in PARAMETERS else ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{text} {unit}".rstrip()
