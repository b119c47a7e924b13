"""Values of parameters have the length that their table says, and are refused with a sentence otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import SpecError
from engine.spec import PARAMETERS, GenerationSpec


@pytest.mark.parametrize(("name", "item"), [("chords", "Am | "), ("form", "verse 8, ")])
def test_a_text_has_at_most_so_many_characters(name: str, item: str) -> None:
    most = PARAMETERS[name].most
    assert most is not None
    longest = (item * most)[:most]
    assert getattr(GenerationSpec.from_dict({name: longest}), name) == longest
    with pytest.raises(SpecError, match=rf"{name} may have {most} characters; it has {most + 1}\."):
        GenerationSpec.from_dict({name: longest + " "})
    too_long: dict[str, Any] = {name: longest + " "}
    with pytest.raises(SpecError, match=name):
        GenerationSpec(prompt="house", **too_long).checked()


@pytest.mark.parametrize("name", ["tempo", "seed", "steps", "seconds_total"])
@pytest.mark.parametrize("value", [10**400, -(10**400), float("nan"), float("inf"), True, "1"])
def test_a_number_beyond_all_numbers_is_refused_with_a_sentence(name: str, value: Any) -> None:
    with pytest.raises(SpecError, match=f"{name} must be a (whole )?number from") as refused:
        GenerationSpec.from_dict({name: value})
    assert len(str(refused.value)) < 120
