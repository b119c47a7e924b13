"""The live engine process: what comes in through shared memory is pushed into a stream, what that gives goes back.

Knows no devices, and torch only through the factory. Killed at any moment it costs nothing but music: the pump plays
the input until the next one is there. When the bridge dies the pipe closes, and this process ends.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections import deque
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from bridge.audio.live.memory import DELAY, LEAD, NEEDS, RATE, LiveFiles, LiveMemory
from bridge.engine_process.spawned import begin, build
from bridge.engine_process.wire import Message, Wire
from bridge.errors import BridgeError
from bridge.shared_file import SharedFile
from engine.errors import LongtakeError, sentence
from engine.live_settings import LiveSettings, LiveStream, Metre, Pace, Samples, StreamsLive

NICE = -10
"""Niceness where that may be chosen, else that of the bridge: live is in time, takes (at 10) are not."""
TURN = 0.004
"""Seconds between two looks for input."""
TELL_EVERY = 0.5
RECENT = 64
"""Hops whose times are told."""
PIECES = 4
"""Parts of a hop that are pushed one by one, so that what is finished is written before the next hop is made."""
SHARE = 0.95
_log = logging.getLogger("live engine")


class LiveServer:
    """Runs one stream at a time, as the bridge wants it."""

    def __init__(self, wire: Wire, memory: LiveMemory) -> None:
        """Starts to listen at once, so that the bridge's end is noticed even while torch is being imported."""
        self._wire = wire
        self._number = 1
        """Of the stream that it speaks of."""
        self._memory = memory
        self._asked: deque[Message] = deque()
        self._news = threading.Condition()
        self._backlog: Samples = np.zeros((2, 0), np.float32)
        self._stream: LiveStream | None = None
        self._pace: Pace | None = None
        self._origin = 0
        self._times: deque[float] = deque(maxlen=RECENT)
        self._told = 0.0
        threading.Thread(target=self._listen, name="bridge", daemon=True).start()

    def serve(self, factory: str) -> None:
        """Builds what begins streams and works until the process ends."""
        try:
            engine: StreamsLive = build(factory)
        except Exception as error:
            _log.exception("The live engine could not be built")
            engine = _Broken(f"The live engine could not be built: {sentence(error)}")
        while True:
            self._obey(engine)
            if self._stream and not self._advance(self._stream):
                self._tell(self._stream)
                time.sleep(TURN)

    def _listen(self) -> None:
        while (message := self._wire.receive()) is not None:
            with self._news:
                self._asked.append(message)
                self._news.notify()
        os._exit(0)

    def _obey(self, engine: StreamsLive) -> None:
        """Does what was asked since; waits for that while there is no stream."""
        while self._stream is None or self._asked:
            with self._news:
                while not self._asked:
                    self._news.wait()
                message = self._asked.popleft()
            asked = message["do"]
            if asked == "begin":
                self._number = message["stream"]
                self._begin(engine, _settings(message), _metre(message))
            elif asked == "stop":
                self._stream = None
            elif self._stream and asked == "set":
                self._stream.change(_settings(message))
            elif self._stream and asked == "metre":
                self._stream.keep_time(self._counted(_metre(message)))

    def _begin(self, engine: StreamsLive, settings: LiveSettings, metre: Metre | None) -> None:
        self._stream = self._pace = None
        try:
            steps = engine.begin(settings, metre)
            while True:
                try:
                    step = next(steps)
                except StopIteration as ended:
                    stream: LiveStream = ended.value
                    break
                self._say("step", stage=step.stage, index=step.index, total=step.total)
                if self._replaced():
                    steps.close()
                    return
        except Exception as error:
            if not isinstance(error, LongtakeError):
                _log.exception("The stream could not begin")
            self._fail(sentence(error))
            return
        heard = self._memory.heard
        heard.clear()  # What came in meanwhile was heard dry.
        self._origin = heard.taken
        self._memory.made.begin(self._origin)
        stream.keep_time(self._counted(metre))
        self._backlog = self._backlog[:, :0]
        self._times.clear()
        self._stream = stream
        self._tell(stream, now=True)

    def _counted(self, metre: Metre | None) -> Metre | None:
        """The same beat by the stream's own samples, of which the first is 0."""
        return metre and replace(metre, at=metre.at - self._origin)

    def _replaced(self) -> bool:
        """Whether what was asked meanwhile ends this stream before it began."""
        with self._news:
            return any(message["do"] in ("begin", "stop") for message in self._asked)

    def _advance(self, stream: LiveStream) -> bool:
        """Pushes the next piece of what waits, or in a hurry all of it; whether there was anything."""
        frames, lost = self._memory.heard.take()
        if lost:
            frames = np.concatenate([frames, np.zeros((lost, 2), np.float32)])
        if len(frames):
            self._backlog = np.concatenate([self._backlog, frames.T], axis=1)
        waiting = self._backlog.shape[1]
        if not waiting:
            return False
        hop = round(stream.pace.seconds * RATE)
        hurry = self._hurry(waiting, hop)
        count = waiting if hurry else min(waiting, max(hop // PIECES, 1))
        piece, self._backlog = self._backlog[:, :count], self._backlog[:, count:]
        self._push(stream, np.ascontiguousarray(piece), hurry=hurry)
        return True

    def _hurry(self, waiting: int, hop: int) -> bool:
        """Whether so much waits that the next hop would come too late whatever is done."""
        numbers = self._memory.board.numbers
        path = max(numbers[LEAD], numbers[NEEDS])
        due = self._memory.made.span[1] + hop + (numbers[DELAY] - path) * RATE
        return waiting > 2 * hop and due < self._memory.heard.arrived

    def _push(self, stream: LiveStream, samples: Samples, *, hurry: bool) -> None:
        began = time.perf_counter()
        made = stream.push(samples, hurry=hurry)
        if made.shape[1]:
            self._times.append(time.perf_counter() - began)
            self._memory.made.write(np.ascontiguousarray(made.T, np.float32))
        self._tell(stream)

    def _tell(self, stream: LiveStream, *, now: bool = False) -> None:
        """Tells its pace when that is another one, and how it gets on now and then."""
        pace = stream.pace
        if pace != self._pace:
            self._pace = pace
            self._say("pace", **asdict(pace))
        if now or time.monotonic() - self._told >= TELL_EVERY:
            self._told = time.monotonic()
            compute = float(np.quantile(self._times, SHARE)) if self._times else pace.compute
            self._say("hops", compute=compute, made=self._memory.made.span[1])

    def _fail(self, text: str) -> None:
        self._say("failed", text=text)

    def _say(self, what: str, **message: Any) -> None:
        self._wire.send(say=what, stream=self._number, **message)


class _Broken:
    """Stands for what could not be built."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    def begin(self, settings: LiveSettings, metre: Metre | None = None) -> Any:
        raise BridgeError("not_loaded", self._sentence)


def _settings(message: Message) -> LiveSettings:
    return LiveSettings(**message["settings"])


def _metre(message: Message) -> Metre | None:
    metre: dict[str, Any] | None = message["metre"]
    return None if metre is None else Metre(**metre)


def main(argv: list[str]) -> int:
    """`child FACTORY MEMORY... PARENT_PID`, with the bridge at both pipes."""
    factory, *places, parent = argv
    wire = begin(int(parent), NICE)
    LiveServer(wire, LiveMemory(LiveFiles(*map(SharedFile, places)))).serve(factory)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
