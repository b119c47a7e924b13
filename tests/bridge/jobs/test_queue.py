"""Laws of the queue: order, bounds, progress, cancel, one job a request, nothing owed is forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.delivery_state import Placement
from bridge.errors import BridgeError
from bridge.events import AudioReady, JobChanged, TakeAdded
from bridge.jobs.journal import Journal
from bridge.jobs.queue import REMEMBERED
from bridge.ports import StreamFormat
from bridge.state import Job, JobOptions, JobRequest, Take
from engine.errors import SpecError
from engine.spec import GenerationSpec
from engine.updates import AudioBlock
from tests.bridge.fake_engine import FakeEngine, sound
from tests.bridge.parts import Bench, Gate, wait_for


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def build(*args, **kwargs) -> Bench:
        made.append(Bench(tmp_path, *args, **kwargs))
        return made[-1]

    yield build
    for bench in made:
        if isinstance(bench.engine, Gate):
            bench.engine.open()
        bench.close()


def request(prompt: str = "house 124 BPM", seconds: float = 1.0, **facts) -> JobRequest:
    return JobRequest(GenerationSpec(prompt=prompt, seconds_total=seconds, seed=7), **facts)


def test_a_job_becomes_a_take_with_exactly_the_engines_samples(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.queue.start()
    job = bench.ended(bench.session.jobs.submit(request(seconds=2.5)))
    assert job.state == "done"
    [take] = bench.told(TakeAdded)
    samples, rate = soundfile.read(take.take.path, dtype="float32")
    np.testing.assert_array_equal(samples.T, sound(job.spec))
    assert (rate, take.take.id) == (44_100, job.take_ids[0])
    assert json.loads(take.take.path.with_suffix(".json").read_text())["spec"] == job.spec.to_dict()


def test_listeners_hear_the_blocks_before_the_take(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.queue.start()
    job = bench.ended(bench.session.jobs.submit(request()))
    blocks = bench.told(AudioReady, job_id=job.id)
    np.testing.assert_array_equal(np.concatenate([b.samples for b in blocks], 1), sound(job.spec))
    added = bench.events.index(bench.told(TakeAdded)[0])
    assert all(bench.events.index(block) < added for block in blocks)
    done = [bench.events.index(e) for e in bench.told(JobChanged) if e.job.state == "done"]
    assert added < done[0]


def test_progress_never_falls_and_ends_at_one(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.queue.start()
    job = bench.ended(bench.session.jobs.submit(request(batch=3)))
    progress = [j.progress for j in bench.history(job.id)]
    assert progress == sorted(progress)
    assert progress[0] == 0.0
    assert progress[-1] == 1.0
    assert any(j.eta_s is not None for j in bench.history(job.id))


def test_a_batch_is_one_job_of_following_seeds(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.queue.start()
    job = bench.ended(bench.session.jobs.submit(request(batch=3)))
    takes = [bench.session.takes.get(take_id) for take_id in job.take_ids]
    assert [take.seed for take in takes] == [7, 8, 9]
    assert (job.index, job.total) == (3, 3)
    assert len({take.path for take in takes}) == 3


def test_positions_follow_every_change(make: Callable[..., Bench]) -> None:
    engine = Gate()
    bench = make(engine)
    jobs = [bench.session.jobs.submit(request(f"song {n}")) for n in range(4)]
    assert [job.position for job in jobs] == [1, 2, 3, 4]
    bench.session.jobs.move(jobs[3].id, 1)
    assert [j.id for j in bench.session.jobs.all()] == [jobs[n].id for n in (3, 0, 1, 2)]
    bench.session.jobs.cancel(jobs[0].id)
    waiting = [j for j in bench.session.jobs.all() if j.state == "queued"]
    assert [(j.id, j.position) for j in waiting] == [
        (jobs[3].id, 1),
        (jobs[1].id, 2),
        (jobs[2].id, 3),
    ]
    bench.session.jobs.move(jobs[3].id, 99)
    assert [j.position for j in bench.session.jobs.all() if j.id == jobs[3].id] == [3]
    bench.queue.start()
    wait_for(engine.began.is_set)
    assert bench.session.jobs.get(jobs[1].id).state == "running"
    assert [j.position for j in bench.session.jobs.all() if j.state == "queued"] == [1, 2]
    with pytest.raises(BridgeError, match="only queued"):
        bench.session.jobs.move(jobs[1].id, 1)


def test_a_full_queue_says_so_and_still_works(make: Callable[..., Bench]) -> None:
    bench = make(Gate(), limit=2)
    bench.session.jobs.submit(request())
    bench.session.jobs.submit(request())
    with pytest.raises(BridgeError) as raised:
        bench.session.jobs.submit(request())
    assert raised.value.code == "queue_full"
    bench.session.jobs.cancel("*")
    assert bench.session.jobs.submit(request()).position == 1


def test_an_id_stands_for_what_waits_or_runs_and_asks_for_the_same(
    make: Callable[..., Bench],
) -> None:
    engine = Gate()
    bench = make(engine)
    jobs = bench.session.jobs
    wish = request(request_id="r1")
    first = jobs.submit(wish)
    assert jobs.submit(wish).id == first.id
    other = jobs.submit(request("something else", request_id="r1"))
    assert other.id != first.id
    assert jobs.get("r1").id == other.id
    assert jobs.submit(request()).id != jobs.submit(request()).id
    assert set(jobs.cancel("r1")) == {first.id, other.id}
    bench.queue.start()
    running = jobs.submit(wish)
    assert running.id != first.id
    wait_for(engine.began.is_set)
    assert jobs.submit(wish).id == running.id
    jobs.cancel("r1")
    after = jobs.submit(wish)
    assert after.id != running.id, "what is being cancelled is no answer to a new request"
    engine.open()
    assert bench.ended(after).state == "done"
    assert jobs.submit(wish).id != after.id
    failing = request("fails", request_id="r2")
    failed = bench.ended(jobs.submit(failing))
    assert failed.state == "failed"
    assert jobs.submit(failing).id != failed.id


def test_an_id_is_the_clients_own(make: Callable[..., Bench]) -> None:
    jobs = make(Gate()).session.jobs
    mine, yours = frozenset({"a", "b"}), frozenset({"c"})
    first = jobs.submit(request(request_id="1", client=mine))
    assert jobs.submit(request(request_id="1", client=frozenset({"b"}))).id == first.id
    second = jobs.submit(request(request_id="1", client=yours))
    assert second.id != first.id
    assert (jobs.get("1", mine).id, jobs.get("1", yours).id) == (first.id, second.id)
    assert jobs.get("1").id == second.id
    for stranger in (frozenset({"d"}), frozenset[str]()):
        with pytest.raises(BridgeError, match="none of yours"):
            jobs.cancel("1", stranger)
    assert jobs.cancel("1", frozenset({"b", "x"})) == (first.id,)
    assert jobs.get(second.id).state == "queued"
    assert jobs.cancel(second.id, mine) == (second.id,)


def test_cancel_stops_the_engine_at_its_next_step(make: Callable[..., Bench]) -> None:
    engine = Gate()
    bench = make(engine)
    bench.queue.start()
    job = bench.session.jobs.submit(request(request_id="r1", batch=4))
    wait_for(engine.began.is_set)
    engine.permits.release(2)
    assert bench.session.jobs.cancel("r1") == (job.id,)
    engine.permits.release(1)
    assert bench.ended(job).state == "cancelled"
    assert engine.closed.is_set()
    assert [p.name for p in bench.library.folder.glob("*.wav")] == []
    assert [p.name for p in bench.library.folder.iterdir() if "tmp" in p.name] == []
    engine.open()
    assert bench.ended(bench.session.jobs.submit(request())).state == "done"


def test_what_fails_says_why_and_the_queue_goes_on(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.queue.start()
    jobs = [bench.session.jobs.submit(request(prompt)) for prompt in ("fails", "breaks", "house")]
    failed, broken, good = [bench.ended(job) for job in jobs]
    assert (failed.state, failed.code) == ("failed", "not_loaded")
    assert failed.error == "The weights are damaged; get them again."
    assert (broken.state, broken.code) == ("failed", "internal")
    assert good.state == "done"


class Short(FakeEngine):
    def generate(self, spec):
        yield AudioBlock(0, sound(spec)[:, :-1])


class Gap(FakeEngine):
    def generate(self, spec):
        yield AudioBlock(0, sound(spec)[:, :100])
        yield AudioBlock(200, sound(spec)[:, 200:])


class Silent(FakeEngine):
    def generate(self, spec):
        yield from ()


@pytest.mark.parametrize("engine", [Short(), Gap(), Silent()])
def test_a_take_that_is_not_exactly_as_asked_is_a_failure(
    make: Callable[..., Bench], engine: FakeEngine
) -> None:
    bench = make(engine)
    bench.queue.start()
    assert bench.ended(bench.session.jobs.submit(request())).state == "failed"
    assert list(bench.library.folder.glob("*.wav")) == []


def test_a_take_in_bars_is_exact_to_the_sample(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.queue.start()
    spec = GenerationSpec(prompt="house", bars=3, tempo=123.0, beats_per_bar=4, seed=1)
    job = bench.ended(bench.session.jobs.submit(JobRequest(spec)))
    frames = soundfile.info(str(bench.session.takes.get(job.take_ids[0]).path)).frames
    assert frames == round(3 * 4 * 60 / 123.0 * 44_100)


def test_what_no_model_can_make_is_refused_at_the_door(make: Callable[..., Bench]) -> None:
    bench = make()
    for spec, batch in (
        (GenerationSpec(prompt=" "), 1),
        (GenerationSpec(prompt="x", model="none"), 1),
        (GenerationSpec(prompt="x", seconds_total=600.0), 1),
        (GenerationSpec(prompt="x"), 0),
        (GenerationSpec(prompt="x"), 10_000),
    ):
        with pytest.raises((SpecError, BridgeError)):
            bench.session.jobs.submit(JobRequest(spec, batch=batch))
    assert bench.session.jobs.all() == ()


def test_jobs_of_a_run_that_died_are_interrupted_and_run_again(make: Callable[..., Bench]) -> None:
    engine = Gate()
    died = make(engine)
    died.queue.start()
    running = died.session.jobs.submit(request(batch=3, request_id="r1"))
    waiting = died.session.jobs.submit(request("techno", placement=Placement("reaper"), play=True))
    # One whole take and a part of the second: then the journal says what a kill would leave.
    wait_for(lambda: engine.permits.release() or len(died.session.jobs.get("r1").take_ids) == 1)

    bench = make()
    assert {j.id: j.state for j in bench.session.jobs.all()} == {
        running.id: "interrupted",
        waiting.id: "interrupted",
    }
    with pytest.raises(BridgeError, match="none of yours"):
        bench.session.jobs.cancel("r1")  # After a restart ids are nobody's, and free.
    bench.queue.start()
    first = bench.ended(bench.session.jobs.retry("r1", frozenset({"a new port"})))
    assert [bench.library.get(t).seed for t in first.take_ids] == [8, 9]
    assert first.request_id == "r1"
    for client in (frozenset({"a new port"}), frozenset({"another"})):
        assert bench.session.jobs.get("r1", client).id == first.id
    assert bench.session.jobs.get(running.id).state == "cancelled"
    second = bench.session.jobs.retry(waiting.id)
    assert (second.placement, second.play) == (Placement("reaper"), True)
    assert second.spec == waiting.spec
    assert bench.ended(second).state == "done"
    bench.close()
    assert Journal(bench.folder / "jobs.jsonl").read() == []


def test_a_full_queue_loses_no_interrupted_job(make: Callable[..., Bench]) -> None:
    owed = make(Gate()).session.jobs.submit(request())
    bench = make(Gate(), limit=1)
    bench.session.jobs.submit(request())
    with pytest.raises(BridgeError, match="waiting already"):
        bench.session.jobs.retry(owed.id)
    assert bench.session.jobs.get(owed.id).state == "interrupted"


def test_a_client_that_asks_again_after_a_crash_gets_its_music(make: Callable[..., Bench]) -> None:
    make(Gate()).session.jobs.submit(request(request_id="r1"))
    bench = make()
    bench.queue.start()
    again = bench.session.jobs.submit(request(request_id="r1"))
    assert bench.ended(again).state == "done"
    assert bench.session.jobs.get("r1").id == again.id


def test_closing_leaves_what_is_owed_in_the_journal(make: Callable[..., Bench]) -> None:
    engine = Gate()
    bench = make(engine)
    bench.queue.start()
    jobs = [bench.session.jobs.submit(request()) for _ in range(2)]
    wait_for(engine.began.is_set)
    engine.open()
    bench.queue.stop()
    bench.close()
    owed = {job.id for job in Journal(bench.folder / "jobs.jsonl").read()}
    done = {j.id for j in bench.queue.all() if j.state == "done"}
    assert owed | done == {job.id for job in jobs}
    assert jobs[1].id in owed
    with pytest.raises(BridgeError) as raised:
        bench.queue.submit(request())
    assert raised.value.code == "busy"


def test_finished_jobs_are_not_remembered_for_ever(make: Callable[..., Bench]) -> None:
    bench = make(limit=2)
    for number in range(REMEMBERED + 50):
        bench.session.jobs.cancel(bench.session.jobs.submit(request(request_id=f"r{number}")).id)
    assert len(bench.session.jobs.all()) <= REMEMBERED + 1
    assert bench.session.jobs.get(f"r{REMEMBERED + 49}").state == "cancelled"


class Speakers:
    """Takes down what it is told to play."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def open_stream(self, stream: StreamFormat) -> None:
        self.heard.append(stream)

    def feed_stream(self, job_id: str, block: AudioBlock) -> None:
        self.heard.append(block)

    def close_stream(self, job_id: str, take: Take | None) -> None:
        self.heard.append(take)


def test_a_job_with_play_streams_its_first_take(make: Callable[..., Bench]) -> None:
    speakers = Speakers()
    bench = make(stream=speakers)
    bench.queue.start()
    silent = bench.ended(bench.session.jobs.submit(request()))
    assert silent.state == "done"
    assert speakers.heard == []
    job = bench.ended(bench.session.jobs.submit(request(batch=2, play=True)))
    first, *blocks, last = speakers.heard
    assert first == StreamFormat(job.id, 44_100, 2, 44_100, False)
    np.testing.assert_array_equal(np.concatenate([b.samples for b in blocks], 1), sound(job.spec))
    assert isinstance(last, Take)
    assert last.id == job.take_ids[0]


class HalfWay(FakeEngine):
    def generate(self, spec):
        yield AudioBlock(0, sound(spec)[:, :5000])
        raise SpecError("No more of this.")


def test_a_stream_that_comes_to_nothing_is_ended(make: Callable[..., Bench]) -> None:
    speakers = Speakers()
    bench = make(HalfWay(), stream=speakers)
    bench.queue.start()
    job: Job = bench.ended(bench.session.jobs.submit(request(play=True)))
    assert job.state == "failed"
    assert speakers.heard[-1] is None


def test_options_reach_the_job(make: Callable[..., Bench]) -> None:
    bench = make(Gate())
    options = JobOptions(request_id="r9", batch=2, placement=Placement("folder"), play=True)
    job = bench.session.generate("house", options=options)
    assert (job.request_id, job.total, job.play) == ("r9", 2, True)
    assert job.placement == Placement("folder")
