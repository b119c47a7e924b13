"""Laws of a fleet, on a real cluster of two engines: nothing is lost, and every take is what it is alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.cli.main import main
from engine.cli.making import Order, Target, ordered
from engine.cli.results import Saying, make_all
from engine.errors import CheckpointError, LongtakeError
from engine.fleet.cluster import LOCAL, connect, imported
from engine.fleet.place import ENDED_ENGINES, Building
from engine.fleet.remote import RemoteEngine
from engine.fleet.rendering import Fleet, Pool
from engine.registry import SKETCH
from engine.sound.takes import read_settings
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Generates, Remark, Step
from tests.bridge.parts import noise_file
from tests.engine.fleet.engines import BATCHING, TINY, TONES, Tones, tiny_engine
from tests.undated import undated

ROOT = Path(__file__).parents[3]
TIMED = ("created", "render_seconds", "first_audio_seconds", "load_seconds")


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    """A cluster of this machine with room for two engines of one core."""
    found = imported(LOCAL)
    connect(found, LOCAL, num_cpus=2)
    yield found
    found.shutdown()


def specs(*prompts: str, **more: Any) -> list[GenerationSpec]:
    asked = {"seconds_total": 0.5, "steps": 1} | more
    return [
        GenerationSpec(prompt=prompt, seed=seed, **asked).resolved(SKETCH)
        for seed, prompt in enumerate(prompts)
    ]


def orders(folder: Path, wanted: list[GenerationSpec]) -> list[Order]:
    folder.mkdir()
    return [ordered(spec, Target(folder / f"{spec.seed}.wav")) for spec in wanted]


def made(folder: Path, wanted: list[GenerationSpec], engine: Generates) -> dict[str, Any]:
    """Bytes and settings of takes that were written, without times."""
    asked = orders(folder, wanted)
    arriving = engine.arriving(wanted) if isinstance(engine, Fleet) else None
    assert make_all(asked, engine, Saying(sys.stderr, quiet=True), arriving) == 0
    return {path.name: _told(path) for path in folder.glob("*.wav")}


def _told(path: Path) -> tuple[bytes, dict[str, Any]]:
    settings = read_settings(path)
    assert settings["render_seconds"] > 0
    return undated(path.read_bytes()), {k: v for k, v in settings.items() if k not in TIMED}


def test_takes_of_two_engines_one_of_which_is_killed_are_those_of_one(
    ray: Any, tmp_path: Path
) -> None:
    """Bit for bit: each engine of the cluster has as many threads as the one here."""
    mark = tmp_path / "mark"
    recording = noise_file(tmp_path / "beat.wav", 0.5)
    wanted = specs(*(f"house {number}" for number in range(22)), "kills once")
    wanted += specs("a relative", init_audio=str(recording), init_noise_level=0.7)
    wanted = [replace(each, seed=seed) for seed, each in enumerate(wanted)]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        alone = made(tmp_path / "alone", wanted, tiny_engine())
    finally:
        torch.set_num_threads(threads)
    engines = Fleet(Pool(Building(TINY, {"mark": str(mark)}), "cpu", 2))
    shared = made(tmp_path / "shared", wanted, engines)
    assert mark.exists(), "an engine was killed in the middle of a take"
    assert len(shared) == 24 and shared.keys() == alone.keys()
    for name, (content, settings) in alone.items():
        assert shared[name][0] == content, name
        assert shared[name][1] == settings


def test_what_fails_or_ends_its_engine_costs_no_other_take(ray: Any) -> None:
    """In groups of three, those that were with it are made one by one."""
    wanted = specs("a", "fails", "b", "kills", "c", "d")
    engines, found = Fleet(Pool(Building(BATCHING), "cpu", 2, 3)), dict[int, Exception | int]()
    for index in engines.arriving(wanted):
        try:
            updates = list(engines.generate(wanted[index]))
        except LongtakeError as error:
            found[index] = error
        else:
            found[index] = sum(u.samples.shape[1] for u in updates if isinstance(u, AudioBlock))
    assert sorted(found) == list(range(6))
    assert isinstance(found[1], CheckpointError) and str(found[3]) == ENDED_ENGINES
    assert [found[index] for index in (0, 2, 4, 5)] == [22_050] * 4


def test_a_machine_asks_a_cluster_that_has_no_room(ray: Any) -> None:
    with pytest.raises(LongtakeError, match="has 2 cores; so many engines it takes, not 3"):
        list(Fleet(Pool(Building(TONES), "cpu", 3)).arriving(specs("a")))


def test_a_remote_engine_gives_what_the_engine_gives(ray: Any, tmp_path: Path) -> None:
    engine = RemoteEngine("ray:", TONES)
    asked, *_ = specs("a", init_audio=str(noise_file(tmp_path / "beat.wav", 0.5)))
    there, here = list(engine.generate(asked)), list(Tones().generate(asked))
    assert [type(update) for update in there] == [type(update) for update in here]
    assert [u for u in there if isinstance(u, Step | Remark)] == [
        u for u in here if isinstance(u, Step | Remark)
    ]
    sounds = [(u.start, u.samples.tobytes()) for u in there if isinstance(u, AudioBlock)]
    assert sounds == [(u.start, u.samples.tobytes()) for u in here if isinstance(u, AudioBlock)]
    assert list(engine.load("sketch")) == [Step("loading", 1, 1)] and engine.loaded == "sketch"
    assert "tones" in engine.describe()
    [failing] = specs("fails")
    with pytest.raises(CheckpointError, match="Nothing is known of fails"):
        list(engine.generate(failing))
    engine.close()


def test_a_remote_engine_that_is_closed_or_dies_serves_the_next_take(ray: Any) -> None:
    engine = RemoteEngine("ray:", TONES)
    slow, telling, plain = specs("pause 0.05", "tells pause 0.05", "a")
    updates = engine.generate(slow)
    next(updates)
    updates.close()
    assert isinstance(list(engine.generate(plain))[-1], AudioBlock)
    updates = engine.generate(telling)
    next(updates)
    told = next(updates)
    assert isinstance(told, Remark)
    pid = told.text.split()[1].rstrip(".")
    os.kill(int(pid), signal.SIGKILL)
    with pytest.raises(LongtakeError, match="ended, or its machine is gone; the next take gets"):
        list(updates)
    assert isinstance(list(engine.generate(plain))[-1], AudioBlock)
    engine.close()


def test_a_list_whose_command_is_killed_is_resumed(ray: Any, tmp_path: Path) -> None:
    """By the command itself, with the embedded model."""
    path, out = tmp_path / "prompts.jsonl", tmp_path / "takes"
    lines = (
        f'{{"id": "p{n}", "prompt": "house", "seed": {n}, "seconds": 0.5, "steps": 1}}\n'
        for n in range(6)
    )
    path.write_text("".join(lines))
    address = ray.get_runtime_context().gcs_address
    line = ["render", "--batch", str(path), "--out", str(out), "--cluster", address]
    line += ["--engines", "1"]
    command = [
        sys.executable,
        "-c",
        "import sys; from engine.cli.main import main; main(sys.argv[1:])",
    ]
    killed = subprocess.Popen(
        [*command, *line], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    until = time.monotonic() + 240
    while not list(out.glob("*.json")):
        assert time.monotonic() < until and killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    before = {
        each: each.stat().st_mtime_ns
        for each in out.glob("*.wav")
        if each.with_suffix(".json").exists()
    }
    assert 0 < len(before) < 6
    assert main([*line, "--resume"]) == 0
    assert sorted(each.name for each in out.glob("*.wav")) == [f"p{n}.wav" for n in range(6)]
    assert {each: each.stat().st_mtime_ns for each in before} == before
    assert all(read_settings(each)["seconds"] == 0.5 for each in out.glob("*.wav"))
