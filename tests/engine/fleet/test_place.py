"""Laws of an engine at its place, without a cluster: what is asked, brought, counted and said."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import AudioError, CheckpointError, LongtakeError, SpecError
from engine.fleet.luggage import named, packed
from engine.fleet.place import ENDED_ENGINES, Building, Ended, Failure, Player, Rendering, Tries
from engine.registry import SKETCH
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, LeadSheet, Step
from tests.bridge.parts import noise_file
from tests.engine.fleet.engines import BATCHING, TONES


def spec(prompt: str, seed: int = 1, **more: Any) -> GenerationSpec:
    return GenerationSpec(prompt=prompt, seconds_total=0.5, seed=seed, **more).resolved(SKETCH)


def rendering(tries: Tries, factory: str = TONES, files: Any = None) -> Rendering:
    return Rendering(Building(factory), files or packed, tries.begin, tries.end)


def test_rows_say_what_came_of_each_take() -> None:
    group = [(4, spec("a")), (2, spec("fails")), (7, spec("b"))]
    first, second, third = rendering(Tries()).made(group)
    assert [first.index, second.index, third.index] == [4, 2, 7]
    assert second.error == Failure("CheckpointError", "Nothing is known of fails.")
    assert isinstance(second.error and second.error.error(), CheckpointError)
    assert first.error is None and first.sharing == 1
    kinds = [type(update) for _, update in first.updates]
    assert kinds[0] is LeadSheet and kinds[-1] is AudioBlock
    stages = [update.stage for _, update in first.updates if isinstance(update, Step)]
    assert stages == ["loading"], "progress of denoising is not worth its way"
    seconds = [at for at, _ in first.updates]
    assert seconds == sorted(seconds) and seconds[0] >= 0


def test_a_take_whose_engine_ended_twice_is_given_up_and_its_group_is_made_one_by_one() -> None:
    tries = Tries()
    tries.begin([0, 1, 2])  # An engine ended with all three,
    tries.begin([1])  # and another with the second.
    found = list(rendering(tries, BATCHING).made([(n, spec("x", n)) for n in range(3)]))
    assert [take.index for take in found] == [0, 1, 2]
    assert [take.error and take.error.text for take in found] == [None, ENDED_ENGINES, None]
    assert {take.sharing for take in found} == {1}
    [_, shared] = rendering(Tries(), BATCHING).made([(n, spec("x", n)) for n in range(2)])
    assert shared.sharing == 2


def test_what_was_ended_is_not_held_against_a_take() -> None:
    tries = Tries()
    for _ in range(5):
        assert tries.begin([1, 2]) == 0
        tries.end(1)
        tries.end(2)
    tries.begin([1])
    assert (tries.begin([2]), tries.begin([1, 2])) == (0, 1)


def test_an_engine_that_cannot_be_built_fails_takes_with_a_sentence() -> None:
    old = Rendering(Building(version="0.1"), packed, lambda takes: 0, lambda take: None)
    [found] = old.made([(3, spec("x"))])
    assert found.error is not None and found.error.kind == "SpecError"
    assert "Longtake 0.1 asks" in found.error.text and "install the same" in found.error.text


def test_recordings_are_brought_and_sentences_name_those_that_were_asked_for(
    tmp_path: Path,
) -> None:
    path = noise_file(tmp_path / "beat.wav", 1.0)
    path.with_suffix(".json").write_text("{}")
    asked = spec("x", init_audio=str(path))
    brought = packed(str(path))
    assert named(asked) == [str(path)] == list(brought)[:1] and len(brought) == 2
    path.unlink()
    [made] = rendering(Tries(), files=lambda name: brought).made([(0, asked)])
    assert made.error is None, "it was read, though it is nowhere here"
    asked = spec("fails", init_audio=str(path))
    [failed] = rendering(Tries(), files=lambda name: brought).made([(0, asked)])
    assert failed.error is not None and failed.error.text == f"Nothing is known of {path}."
    with pytest.raises(AudioError, match="cannot be read"):
        packed(str(path))


def test_only_what_is_asked_for_is_worked_on() -> None:
    player = Player(Building(TONES))
    assert player.more() == Ended()
    player.generate(spec("a"), {})
    sheet = player.more()
    assert isinstance(sheet, LeadSheet) and sheet.about == "plays a"
    engine = player._engine
    assert engine.asked == []
    for _ in range(3):
        player.more()
    assert len(engine.asked) == 1 and not engine.closed
    player.stop()
    assert engine.closed and player.more() == Ended()
    player.load("sketch")
    assert player.more() == Step("loading", 1, 1)
    assert player.more() == Ended(loaded="sketch")
    player.generate(spec("fails"), {})
    assert [type(player.more()) for _ in range(2)] == [LeadSheet, Step]
    ended = player.more()
    assert isinstance(ended, Ended) and ended.error is not None
    assert isinstance(ended.error.error(), CheckpointError)


def test_an_error_keeps_its_class_if_it_is_one_of_ours() -> None:
    for error in (SpecError("a"), AudioError("b")):
        again = Failure.of(error).error()
        assert type(again) is type(error) and str(again) == str(error)
    other = Failure.of(ZeroDivisionError("division")).error()
    assert type(other) is LongtakeError and str(other) == "ZeroDivisionError: division"
    assert "not enough memory" in str(Failure.of(MemoryError()).error())


def test_a_generator_is_closed_with_its_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the caller leaves in the middle of a group."""
    made = rendering(Tries()).made([(0, spec("a")), (1, spec("b"))])
    assert isinstance(made, Generator)
    next(made)
    made.close()
