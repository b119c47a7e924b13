"""Takes as the official top-level functions make them, from words to sound, for every family of public models.

The golden files are made by tests/golden/make_reference.py, which says how; the cases are in tests/golden/cases.py.
"""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest

from tests.engine.public.reference_takes import Takes, error
from tests.golden.cases import FAMILIES, RATE, SDE
from tests.golden.values import facts, golden

FILES = ("reference_sat", "reference_sa3")
OFFICIAL = golden(FILES[0])[0] | golden(FILES[1])[0]
LEFT_OUT: dict[str, str] = json.loads(facts(FILES[0])["left_out"])
"""Cases of which the official code makes no take, and why."""
ROUNDING: dict[str, float] = {
    name: size for file in FILES for name, size in json.loads(facts(file)["rounding"]).items()
}
"""How far the official takes themselves move when all noise changes in its last bit, where that is far."""
CASES = [f"{name}.{title}" for name, family in FAMILIES.items() for title in family.cases]

EXACT, MARGIN = 1e-4, 3
"""The largest error of a sample, relative to the take's standard deviation; or three times what rounding does."""
TOLD_APART = 5 * EXACT
"""By how much two cases differ, so that one cannot pass for another."""
SAME = {("euler, 3 steps", "dpmpp-2m, 3 steps")}
"""Of three steps from t = 1, the second has no finite step behind it, and so no second order in stable_audio_tools."""

DIFFERS = {
    "open.T5 in half": 9.89e-3,
    "open small.T5 in half": 7.37e-3,
    **{"small.padded, without packing": 5.66e-3, "small base.padded, without packing": 1.17e-2},
    **{"medium.padded, without packing": 7.29e-3, "medium base.padded, without packing": 2.49e-2},
    **{"small.decoding noise": 7.47e-2, "small base.decoding noise": 9.17e-2},
    **{"medium.decoding noise": 0.950, "medium base.decoding noise": 1.17},
}
"""Takes that differ on purpose, and by how much with these weights.

Their names say what the official code does otherwise: T5 in half precision, as ours has it on a GPU too; a window's
padding left in the attention with its values zeroed, as on a CPU; SAME's decoder with its noise.
"""


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Takes]:
    """Our models of all families, each loaded when it is first asked."""
    return {
        name: Takes(family, tmp_path_factory.mktemp(f"family{i}"))
        for i, (name, family) in enumerate(FAMILIES.items())
    }


@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_takes_are_the_official_ones(name: str, families: dict[str, Takes]) -> None:
    family, title = name.split(".", 1)
    case = FAMILIES[family].cases[title]
    take = families[family].take(case)
    assert take.shape == (2, round(case.seconds * RATE))
    found = error(take, OFFICIAL[name], case, FAMILIES[family])
    if name in DIFFERS:
        assert found == pytest.approx(DIFFERS[name], rel=0.1)
    else:
        assert found < max(EXACT, MARGIN * ROUNDING.get(name, 0.0))


@pytest.mark.parametrize("name", sorted(LEFT_OUT))
def test_where_the_official_code_fails_ours_makes_a_take(
    name: str, families: dict[str, Takes]
) -> None:
    family, title = name.split(".", 1)
    take = families[family].take(FAMILIES[family].cases[title])
    assert np.isfinite(take).all()
    assert take.std() > 0.01


def test_every_case_is_compared_or_known_to_fail_officially() -> None:
    assert OFFICIAL.keys() | LEFT_OUT.keys() == set(CASES)
    assert LEFT_OUT.keys() == {
        f"{family}.{sampler}, {what}"
        for family in ("open", "paper")
        for sampler in SDE
        for what in ("1 step", "recording at 0.1")
    }
    assert set(DIFFERS) <= set(OFFICIAL)


def test_a_wrong_case_would_be_seen() -> None:
    for name, family in FAMILIES.items():
        for one, other in combinations(family.cases, 2):
            keys = (f"{name}.{one}", f"{name}.{other}")
            if family.cases[one].seconds != family.cases[other].seconds or set(keys) & set(
                LEFT_OUT
            ):
                continue
            takes = [OFFICIAL[key] for key in keys]
            apart = ((takes[0] - takes[1]).abs().max() / takes[0].std()).item()
            assert apart > TOLD_APART or (name == "open small" and (one, other) in SAME), keys


def test_few_official_takes_are_moved_by_rounding() -> None:
    loose = {name: size for name, size in ROUNDING.items() if MARGIN * size > EXACT}
    assert len(loose) < len(CASES) / 8
    assert max(loose.values()) < 2e-3
    assert max(loose, key=loose.__getitem__).endswith("heun, 3 steps")
