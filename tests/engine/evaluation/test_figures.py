import json
from pathlib import Path

import numpy as np
import pytest

from engine.errors import DiskError
from engine.evaluation.figures import write_figures, writing


def test_what_is_undefined_is_null(tmp_path: Path):
    nan = float("nan")
    figures = {"a": nan, "b": [1.5, {"c": np.float64("inf")}], "d": (2, nan, "NaN")}
    write_figures(tmp_path / "f.json", figures)
    text = (tmp_path / "f.json").read_text()
    assert json.loads(text) == {"a": None, "b": [1.5, {"c": None}], "d": [2, None, "NaN"]}


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path):
    with writing(tmp_path / "a/b"):
        (tmp_path / "a/b/c").touch()
    for path in (tmp_path / "a/b/c", tmp_path / "a/b/c/d"):
        with pytest.raises(DiskError, match="cannot be written: "), writing(path):
            pass
