"""Laws of the outbox: one order for every listener, and it is the order in which things happened."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

from bridge.errors import BridgeError
from bridge.events import Event, Hub, JobChanged, ParameterChanged
from bridge.state import Job, JobRequest
from engine.spec import GenerationSpec
from tests.bridge.parts import Bench, wait_for

ONE, TWO = ParameterChanged("steps", 1), ParameterChanged("steps", 2)


def run_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_an_event_waits_for_the_one_before_it_whoever_publishes() -> None:
    hub = Hub()
    seen: tuple[list[Event], list[Event]] = ([], [])
    within, go_on = threading.Event(), threading.Event()

    def slow(event: Event) -> None:
        if event is ONE:
            within.set()
            go_on.wait(60)
        seen[0].append(event)

    hub.subscribe(slow)
    hub.subscribe(seen[1].append)
    threads = [threading.Thread(target=hub.publish, args=(event,)) for event in (ONE, TWO)]
    threads[0].start()
    assert within.wait(60)
    threads[1].start()
    threads[1].join(60)  # Returns although a listener is busy with the event before.
    go_on.set()
    threads[0].join()
    wait_for(lambda: len(seen[1]) == 2)
    assert seen == ([ONE, TWO], [ONE, TWO])
    hub.close()


def test_two_listeners_hear_of_many_threads_in_one_order_and_the_last_word_is_the_state(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path, limit=1000)
    heard: tuple[list[Event], list[Event]] = ([], [])

    def hesitate(event: Event) -> None:
        heard[0].append(event)
        time.sleep(0)  # Whoever else wants to publish may do so now.

    bench.session.subscribe(hesitate)
    bench.session.subscribe(heard[1].append)
    asked: list[str] = []

    def ask(number: int) -> None:
        dice, jobs = random.Random(number), bench.session.jobs
        for turn in range(40):
            spec = GenerationSpec(prompt=f"{number} {turn}", seconds_total=0.5)
            asked.append(jobs.submit(JobRequest(spec)).id)
            try:
                jobs.move(dice.choice(asked), dice.randrange(1, 9))
                jobs.cancel(dice.choice(asked))
            except BridgeError:
                continue  # It runs or is finished; that is no fault.

    bench.queue.start()
    run_all([threading.Thread(target=ask, args=(number,)) for number in range(4)])
    wait_for(lambda: all(job.finished for job in bench.session.jobs.all()))
    states: dict[str, Job] = {job.id: job for job in bench.session.jobs.all()}
    bench.close()
    assert heard[0] == heard[1]
    for order in heard:
        last = {event.job.id: event.job for event in order if isinstance(event, JobChanged)}
        assert last == states
        assert len(last) == 160


def test_a_listener_may_call_what_publishes_under_its_lock() -> None:
    hub, state = Hub(), threading.Lock()
    heard: list[Event] = []

    def listen(event: Event) -> None:
        heard.append(event)
        with state:
            if event is ONE:
                hub.publish(TWO)

    hub.subscribe(listen)
    with state:
        hub.publish(ONE)
    wait_for(lambda: heard == [ONE, TWO])
    hub.close()


def test_a_listener_that_fails_hurts_no_other() -> None:
    hub, heard = Hub(), []

    def fail(event: Event) -> None:
        raise RuntimeError("listener")

    hub.subscribe(fail)
    hub.subscribe(heard.append)
    hub.publish(ONE)
    hub.publish(TWO)
    hub.close()
    assert heard == [ONE, TWO]


def test_who_has_left_is_not_called_any_more() -> None:
    hub, heard = Hub(), []
    within, go_on = threading.Event(), threading.Event()

    def listen(event: Event) -> None:
        within.set()
        go_on.wait(60)
        heard.append(event)

    leave = hub.subscribe(listen)
    hub.publish(ONE)
    hub.publish(TWO)
    assert within.wait(60)
    threading.Timer(0.05, go_on.set).start()
    leave()
    assert heard == [ONE]
    leave()
    hub.close()
    assert heard == [ONE]


def test_who_is_taken_away_by_another_listener_does_not_even_hear_that_event() -> None:
    hub, heard = Hub(), []
    hub.subscribe(lambda event: leave())
    leave = hub.subscribe(heard.append)
    hub.publish(ONE)
    hub.close()
    assert heard == []


def test_closing_tells_what_is_left_and_then_nothing() -> None:
    hub, heard = Hub(), []
    hub.subscribe(heard.append)
    many: list[Event] = [ParameterChanged("steps", number) for number in range(1000)]
    for event in many:
        hub.publish(event)
    hub.close()
    hub.publish(ONE)
    assert heard == many
