"""Laws of --at-once: the same takes, files and words as one by one; what fails costs no other take."""

from __future__ import annotations

import json
import weakref
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.cli.main import main
from engine.cli.results import note
from engine.errors import SpecError
from engine.registry import SKETCH
from engine.sound.takes import read_settings, read_spec
from engine.spec import GenerationSpec
from engine.together import Together
from engine.updates import AudioBlock, LeadSheet, Remark, Step, Update
from tests.conftest import ToneEngine
from tests.undated import undated

SHORT = ["--length", "1"]
Told = tuple[int, Update]


class Batching(ToneEngine):
    """Makes batches as the real engine does: it prepares all, then denoises all, then each sounds in its turn."""

    def __init__(self, broken: str = "", at: int = 0) -> None:
        """At update number `at` of the batch, take "broken" of it fails; "all" is the batch itself."""
        super().__init__()
        self.batches: list[list[str]] = []
        self.broken, self.at = broken, at
        self.open = 0

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        yield from self._words(spec)
        yield from super().generate(spec)

    def generate_batch(self, specs: Sequence[GenerationSpec]) -> Generator[Told, None, None]:
        self.batches.append([spec.prompt for spec in specs])
        self.open += 1
        try:
            for number, told in enumerate(self._together(specs)):
                if self.broken and number == self.at:
                    raise RuntimeError(self.broken)
                yield told
        finally:
            self.open -= 1

    def _together(self, specs: Sequence[GenerationSpec]) -> Generator[Told, None, None]:
        for index, spec in enumerate(specs):
            yield from ((index, update) for update in self._words(spec))
        for step in range(self.steps):
            yield from (
                (index, Step("diffuse", step + 1, self.steps)) for index in range(len(specs))
            )
        for index, spec in enumerate(specs):
            yield from ((index, update) for update in self._tone(spec))

    def _words(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        yield LeadSheet(None, f"plays {spec.prompt}", spec.tempo)
        yield Remark(f"Nothing is known of {spec.prompt}.")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text("one\ntwo\nthree\nfour\nfive\n")
    return tmp_path


def line(*more: str) -> list[str]:
    return ["render", "--batch", "list.txt", *SHORT, "--seed", "3", *more]


def takes(folder: Path) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """Sound and settings of every take, without the times."""
    found: dict[str, tuple[bytes, dict[str, Any]]] = {}
    for path in folder.glob("*.wav"):
        settings = read_settings(path)
        timed = ("created", "render_seconds", "first_audio_seconds", "load_seconds", "batch")
        told = {k: v for k, v in settings.items() if k not in timed}
        found[path.name] = undated(path.read_bytes()), told
    return found


def alone(folder: Path) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """What is made one by one; the files are gone afterwards."""
    assert main(line(), Batching()) == 0
    made = takes(folder)
    for path in (*folder.glob("*.wav"), *folder.glob("*.json")):
        path.unlink()
    return made


def test_takes_made_together_are_those_made_one_by_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = alone(folder)
    before = capsys.readouterr()
    engine = Batching()
    assert main(line("--at-once", "3"), engine) == 0
    after = capsys.readouterr()
    assert engine.batches == [["one", "two", "three"], ["four", "five"]] and engine.asked == []
    assert takes(folder) == expected and len(expected) == 5
    sharing = [read_settings(folder / f"list-{number}.wav").get("batch") for number in range(1, 6)]
    assert sharing == [3, 3, 3, 2, 2]
    assert "as one of 3 at once;" in after.out and "times real time" not in after.out
    assert "at once" not in before.out and "times real time" in before.out
    for said in ("list-2.wav: 1.000 s of music", "list-5.wav: 1.000 s of music"):
        assert said in before.out and said in after.out
    for said in (
        "take 2 of 5: list-2.wav",
        "plays two",
        "Nothing is known of two.",
        "making music",
    ):
        assert before.err.count(said) == after.err.count(said) > 0
    assert engine.open == 0


def test_without_it_or_without_batches_each_is_made_alone(folder: Path) -> None:
    engine = Batching()
    assert main(line(), engine) == 0
    assert engine.batches == [] and len(engine.asked) == 5
    tones = ToneEngine()
    assert main(line("--at-once", "5", "--force"), tones) == 0
    assert len(tones.asked) == 5


def test_only_neighbours_of_one_length_and_one_way_of_denoising_share(folder: Path) -> None:
    tables = [("a", 1), ("b", 1), ("c", 2), ("d", 1), ("e", 2), ("f", 2)]
    (folder / "list.toml").write_text(
        "".join(f"[{name}]\nprompt = '{name}'\nlength = {seconds}\n" for name, seconds in tables)
    )
    engine = Batching()
    assert main(["render", "--batch", "list.toml", "--at-once", "8"], engine) == 0
    assert engine.batches == [["a", "b"], ["e", "f"]]
    assert [spec.prompt for spec in engine.asked] == ["c", "d"]


def test_resume_shares_what_is_missing(folder: Path) -> None:
    assert main(line(), Batching()) == 0
    expected = takes(folder)
    for name in ("list-2", "list-4", "list-5"):
        (folder / f"{name}.wav").unlink()
        (folder / f"{name}.json").unlink()
    engine = Batching()
    assert main(line("--at-once", "2", "--resume"), engine) == 0
    assert engine.batches == [["two", "four"]] and [s.prompt for s in engine.asked] == ["five"]
    assert takes(folder) == expected


# Preparing three takes says 6 updates, denoising 12, each sounds in 5 blocks.
@pytest.mark.parametrize(("at", "finished"), [(0, 0), (3, 0), (11, 0), (23, 1)])
def test_a_batch_that_fails_costs_nothing_and_the_rest_is_made_one_by_one(
    folder: Path, capsys: pytest.CaptureFixture[str], at: int, finished: int
) -> None:
    expected = alone(folder)
    capsys.readouterr()
    engine = Batching("out of memory", at)
    assert main(line("--at-once", "3"), engine) == 0
    assert len(engine.batches) == 1 and len(engine.asked) == 5 - finished
    assert takes(folder) == expected, "nothing is said twice in a sidecar"
    said = capsys.readouterr().err
    assert "longtake: 3 takes could not be made together: There was not enough memory" in said
    assert said.count("the rest is made one by one") == 1


def test_where_memory_runs_out_half_as_many_are_tried(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Small(Batching):
        """Has room for two."""

        def _together(self, specs: Sequence[GenerationSpec]) -> Generator[Told, None, None]:
            for number, told in enumerate(super()._together(specs)):
                if len(specs) > 2 and number == 7:
                    raise RuntimeError("CUDA out of memory. Tried to allocate 80 GiB.")
                yield told

    expected = alone(folder)
    engine = Small()
    assert main(line("--at-once", "5"), engine) == 0
    assert [len(batch) for batch in engine.batches] == [5, 2, 2] and len(engine.asked) == 1
    assert takes(folder) == expected, "nothing is said twice in a sidecar"
    assert "the rest is made at most 2 at once." in capsys.readouterr().err


def test_a_take_that_fails_while_it_sounds_fails_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = Batching("broken", at=25)
    assert main(line("--at-once", "3", "--json"), engine) == 1
    told = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    assert ["error" in each for each in told] == [False, True, False, False, False]
    assert [spec.prompt for spec in engine.asked] == ["three", "four", "five"]


def test_a_stop_leaves_what_is_whole_and_no_more(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Stopped(Batching):
        def _tone(self, spec: GenerationSpec) -> Generator[AudioBlock, None, None]:
            for number, block in enumerate(super()._tone(spec)):
                if spec.prompt == "two" and number == 2:
                    raise KeyboardInterrupt
                yield block

    engine = Stopped()
    assert main(line("--at-once", "4"), engine) == 130
    assert "1 of 5 takes were made; --resume goes on" in capsys.readouterr().err
    assert [path.name for path in folder.glob("*.wav")] == ["list-1.wav"] and engine.open == 0


def test_a_take_whose_file_cannot_be_written_is_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Blocking(Batching):
        """Somebody else's file appears meanwhile."""

        def _together(self, specs: Sequence[GenerationSpec]) -> Generator[Told, None, None]:
            (folder / "list-2.wav").mkdir(exist_ok=True)
            yield from super()._together(specs)

    engine = Blocking()
    assert main(line("--at-once", "5"), engine) == 1
    made = {path.name for path in folder.glob("*.wav") if path.is_file()}
    assert made == {"list-1.wav", "list-3.wav", "list-4.wav", "list-5.wav"}
    assert len(engine.batches) == 1 and engine.asked == []
    assert [read_spec(folder / name).prompt for name in ("list-3.wav", "list-5.wav")] == [
        "three",
        "five",
    ]


def test_relatives_share_too(folder: Path) -> None:
    assert main(["render", "x", *SHORT, "--out", "a.wav", "--seed", "3"], Batching()) == 0
    engine = Batching()
    assert main(["vary", "a.wav", "--count", "3", "--at-once", "3", "--out", "b.wav"], engine) == 0
    assert [len(batch) for batch in engine.batches] == [3]
    assert len({read_spec(f"b-{number}.wav").variation_seed for number in (1, 2, 3)}) == 3


def test_it_is_of_several_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "x", "--at-once", "4"], Batching()) == 2
    assert "add --count NUMBER, or --batch LIST" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["render", "x", "--count", "4", "--at-once", "0"], Batching())
    assert "--at-once: must be a whole number from 1 to" in capsys.readouterr().err


def spec(**settings: Any) -> GenerationSpec:
    given = {"prompt": "x", "seconds_total": 1.0, "seed": 1} | settings
    return GenerationSpec(**given).resolved(SKETCH)


def test_a_take_is_done_before_the_next_begins_and_the_last_ends_the_batch() -> None:
    specs, engine = [spec(), spec(seed=2), spec()], Batching()
    together = Together(engine, specs, 3, note)
    for count, one in enumerate(specs, 1):
        updates = list(together.generate(one))
        assert isinstance(updates[-1], AudioBlock)
        assert engine.open == (count < 3)
    assert len(engine.batches) == 1


def test_what_a_failed_batch_held_is_gone_before_a_take_is_made_alone() -> None:
    class Latents:
        pass

    class Full(Batching):
        held: weakref.ref[Latents] | None = None

        def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
            assert self.held is not None and self.held() is None
            yield from super().generate(spec)

        def _together(self, specs: Sequence[GenerationSpec]) -> Generator[Told, None, None]:
            latents = Latents()
            self.held = weakref.ref(latents)
            yield 0, Step("diffuse", 1, 2)
            raise SpecError(f"No memory for {latents}.")

    engine = Full()
    together = Together(engine, [spec(), spec(seed=2)], 2, note)
    assert list(together.generate(spec())) and list(together.generate(spec(seed=2)))
    assert len(engine.asked) == 2


def test_closing_a_take_leaves_the_batch_to_the_next() -> None:
    specs, engine = [spec(), spec(seed=2), spec(seed=3)], Batching()
    together = Together(engine, specs, 3, note)
    first = together.generate(specs[0])
    while not isinstance(next(first), AudioBlock):
        pass
    first.close()
    second = [each for each in together.generate(specs[1]) if isinstance(each, AudioBlock)]
    assert [block.start for block in second] == list(range(0, 44_100, 10_000))
    third = together.generate(specs[2])
    next(third)
    third.close()
    assert engine.open == 0 and len(engine.batches) == 1 and engine.asked == []
