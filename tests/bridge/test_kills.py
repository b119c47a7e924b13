"""The bridge and its engine are killed at random moments, forty times in all, and nothing is lost.

After every death: what was called done is whole and listed, no file is half, no process is left, and every job that
was accepted is done, failed with a sentence, or owed. What is owed can be made in the end.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.app import AppOptions, build
from engine.sound.takes import read_spec
from tests.bridge.engine_process.test_process import alive
from tests.bridge.fake_engine import sound
from tests.bridge.parts import wait_for
from tests.bridge.served import ENGINE, Served

LIVES = int(os.environ.get("LONGTAKE_LIVES", "8"))
"""Starts of the bridge, which is killed at the end of each."""
ENGINES = 4
"""How often the engine is killed in each of them."""
JOBS = 7
"""Jobs asked of each; a take of them needs about a fifth of a second."""
AT_WORK = ("diffuse", "decode", "write")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends processes by signals")


class Ledger:
    """What clients were told of every job, by its id."""

    def __init__(self) -> None:
        self.seeds: dict[str, int] = {}
        self.done: dict[str, str] = {}
        self.failed: dict[str, str] = {}
        self.untold: set[str] = set()

    def note(self, address: str, arguments: list[object]) -> None:
        if address == "/longtake/ack":
            request, job = str(arguments[0]), str(arguments[1])
            self.seeds[job] = int(request.removeprefix("r"))
        elif address == "/longtake/done":
            self.done[str(arguments[1])] = str(arguments[2])
        elif address == "/longtake/error":
            self.failed[str(arguments[0])] = str(arguments[2])

    def ended(self, life: int) -> bool:
        """Whether all jobs of a life have come to an end."""
        mine = [job for job, seed in self.seeds.items() if seed // JOBS == life]
        return len(mine) == JOBS and not set(mine) & set(self.owed)

    def settle(self, listed: set[str], takes: list[Path]) -> None:
        """What is not listed as owed ended, and the bridge died before it said so; at most one of them failed."""
        untold = set(self.owed) - listed
        made = {read_spec(path).seed for path in takes}
        assert len([job for job in untold if self.seeds[job] not in made]) <= 1, untold
        self.untold |= untold

    @property
    def owed(self) -> list[str]:
        """Jobs that were accepted, and neither done nor failed."""
        failed = {int(request.removeprefix("r")) for request in self.failed}
        ended = self.done.keys() | self.untold
        return [j for j, seed in self.seeds.items() if j not in ended and seed not in failed]


def lived(served: Served, ledger: Ledger, life: int, rng: random.Random) -> None:
    """One life of the bridge: jobs, the end of its engine, its own end."""
    served.ready()
    listed = {job for job in ledger.owed if state_of(served, job) == "interrupted"}
    ledger.settle(listed, served.takes())
    served.send("/longtake/subscribe")
    for number in range(JOBS):
        seed = life * JOBS + number
        served.send("/longtake/generate", f"r{seed}", "pause 0.01", "duration", 1.5, "seed", seed)
    children: set[int] = set()
    for kill in range(ENGINES + 1):
        wait_at_random(served, ledger, life, rng)
        engine = served.children()
        children |= set(engine)
        for victim in engine if kill < ENGINES else [served.process.pid]:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
    served.process.wait(60)
    wait_for(lambda: not any(alive(child) for child in children))
    # What was sent before the end has been sent.
    for address, arguments in served.messages(0.05):
        ledger.note(address, arguments)


def state_of(served: Served, job: str) -> str:
    """What the bridge says of a job; asked again when an answer is lost, as datagrams may be."""
    for _ in range(100):
        served.send("/longtake/job/get", job)
        for address, arguments in served.messages(2.0):
            if address == "/longtake/job" and arguments[0] == job:
                return arguments[1]
            if address == "/longtake/error" and job in str(arguments[2]):
                return str(arguments[1])
    raise AssertionError(f"nothing is said of {job}")


def wait_at_random(served: Served, ledger: Ledger, life: int, rng: random.Random) -> None:
    """Until the work has come on by some steps or takes, as many on a slow machine, and then a little more."""
    left = rng.randrange(7)
    for address, arguments in served.messages(10.0):
        ledger.note(address, arguments)
        working = address == "/longtake/progress" and arguments[2] in AT_WORK
        left -= working or address == "/longtake/done"
        if left < 0 or ledger.ended(life):
            break
    for address, arguments in served.messages(rng.uniform(0.0, 0.1)):
        ledger.note(address, arguments)


def check_files(folder: Path, ledger: Ledger) -> set[int]:
    """Every file under a final name is whole, and what was called done is among them; gives their seeds."""
    seeds: set[int] = set()
    for path in folder.glob("*.wav"):
        spec = read_spec(path)
        samples, _ = soundfile.read(path, dtype="float32")
        np.testing.assert_array_equal(samples.T, sound(spec))
        seeds.add(spec.seed or 0)
    for job, path in ledger.done.items():
        assert read_spec(path).seed == ledger.seeds[job]
    return seeds


def test_killed_forty_times_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, ledger, began = random.Random(14), Ledger(), time.monotonic()
    home = tmp_path / "home"
    for life in range(LIVES):
        served = Served(home)
        try:
            lived(served, ledger, life, rng)
        finally:
            served.close()
    print(
        f"{(ENGINES + 1) * LIVES} kills in {time.monotonic() - began:.0f} s: {len(ledger.seeds)} jobs, ",
        end="",
    )
    print(f"{len(ledger.done)} done, {len(ledger.failed)} failed, {len(ledger.owed)} owed")
    assert ledger.done and ledger.failed and ledger.owed  # The moments were random enough.
    for sentence in ledger.failed.values():
        assert "engine process" in sentence, sentence
    check_files(home / "takes", ledger)
    monkeypatch.setenv("LONGTAKE_HOME", str(home))
    _made_in_the_end(home, ledger)


def _made_in_the_end(home: Path, ledger: Ledger) -> None:
    (home / "settings.toml").write_text(
        "[osc]\nenabled = false\n[audio]\nenabled = false\n[midi]\nenabled = false\n"
    )
    app = build(AppOptions(engine=ENGINE))
    try:
        app.start()
        jobs = {job.id for job in app.session.jobs.all() if job.state == "interrupted"}
        ledger.settle(jobs, list((home / "takes").glob("*.wav")))

        def listed() -> set[int | None]:
            return {take.seed for take in app.session.takes.search()}

        finished = {ledger.seeds[job] for job in ledger.done}
        wait_for(lambda: finished <= listed())
        for job in ledger.owed:
            again = app.session.jobs.retry(job)
            wait_for(lambda job=again: app.session.jobs.get(job.id).state == "done")
        assert listed() == finished | {ledger.seeds[job] for job in ledger.owed} | check_files(
            home / "takes", ledger
        )
        others = {path.suffix for path in (home / "takes").glob("[!.]*")}
        assert others <= {".wav", ".json", ".sqlite", ".sqlite-wal", ".sqlite-shm"}, others
    finally:
        app.close()
