"""The player: what is heard, where it is, whether it loops, and when the next take begins.

Implements `bridge.ports.Playback`. Knows takes and jobs, voices and the feeder; devices only through the supervisor.
Calls return at once; changes are published under the lock, in the order in which they happen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from bridge.audio.deck import Deck, Loaded
from bridge.audio.feeder import AHEAD, AHEAD_LOW, Feeder
from bridge.audio.launch import Launches
from bridge.audio.process import Told, Wish
from bridge.audio.sources import FileSource, GrowingSource, Source
from bridge.audio.supervisor import AudioSupervisor
from bridge.audio.voices import Voice
from bridge.errors import BridgeError
from bridge.events import Notice, PlaybackChanged, Publish, SettingChosen
from bridge.ports import WHOLE, Cue, StreamFormat
from bridge.state import Devices, Levels, PlaybackState, Quantize, Take, TransportState
from engine.updates import AudioBlock

GAIN = (-60.0, 12.0)
SHORT = 0.1
"""Seconds that a file may have less than its take; what lacks more was cut."""


class Player:
    """The output, seen from the session; `heard_at` is its feeder's."""

    def __init__(
        self, audio: AudioSupervisor, publish: Publish, transport: Callable[..., TransportState]
    ) -> None:
        """Feeds the supervisor's ring; `transport` tells where the DAW is now, or at a time (`Transport.state`)."""
        self._audio = audio
        self._publish = publish
        self._feeder = Feeder(audio.output, self._turn)
        self.heard_at = self._feeder.heard_at
        self._deck = Deck(self._feeder)
        self._launches = Launches(self._feeder, self._deck, transport)
        self._state = PlaybackState()
        self._devices = Devices()

    def start(self, wish: Wish) -> None:
        """Opens the output and begins to feed it."""
        self._feeder.ahead = AHEAD_LOW if wish.latency == "low" else AHEAD
        self._audio.want("output", wish)
        self._feeder.start()

    # --- Playback ---

    def state(self) -> PlaybackState:
        """What is heard now."""
        return self._state

    def play(self, take: Take | None = None, cue: Cue = WHOLE) -> None:
        """Plays a take now; None goes on after a pause or repeats the last one. One made as a loop repeats by itself.

        Raises:
            BridgeError: `no_device`, `bad_path`, `not_audio`; `bad_args` when there is nothing to go on with.
        """
        self._need_device()
        if take is None:
            with self._feeder.lock:
                now = self._deck.now
                if now is None:
                    raise BridgeError("bad_args", "Nothing was played yet; name a take to play.")
                if now.voice is None:
                    self._deck.sound(now.place)
                    self._mark("playing")
        else:
            source = self._opened(take)
            with self._feeder.lock:
                self._launches.drop()
                loaded = Loaded(source, take, take.job_id or None, loops=take.loop)
                self._deck.load(loaded, cue)
                self._mark("playing")
        self._tell()

    def launch(self, take: Take, quantize: Quantize | None = None, cue: Cue = WHOLE) -> None:
        """Plays a take at the next boundary of a grid (None = the transport's own); at once while there is none.

        Raises:
            BridgeError: as `play`.
        """
        with self._feeder.lock:
            grid = self._launches.grid(quantize)
        if grid is None:
            return self.play(take, cue)
        self._need_device()
        source = self._opened(take)
        with self._feeder.lock:
            self._launches.wait(source, take, grid, cue)
        self._feeder.wake()
        self._tell()

    def cancel_launch(self) -> None:
        """What waits for its boundary begins no more."""
        with self._feeder.lock:
            self._launches.drop()
        self._tell()

    def launches_in(self) -> float | None:
        """Seconds until what waits begins."""
        with self._feeder.lock:
            return self._launches.seconds()

    def pause(self) -> None:
        """Fades out and keeps the place."""
        with self._feeder.lock:
            self._deck.hush(keep_place=True)
            self._mark("paused" if self._deck.now else "stopped")
        self._tell()

    def stop(self) -> None:
        """Fades out and goes to the start; a launch that waits is dropped."""
        with self._feeder.lock:
            self._deck.hush()
            self._launches.drop()  # Its file is closed with it.
            self._mark("stopped")
        self._tell()

    def seek(self, seconds: float) -> None:
        """Goes to a place in what is loaded.

        Raises:
            BridgeError: `bad_args` when nothing is loaded, `out_of_range` beyond its end.
        """
        with self._feeder.lock:
            now = self._deck.now
            if now is None:
                raise BridgeError("bad_args", "Nothing is loaded; play a take first.")
            frame = round(seconds * now.source.sample_rate)
            if not 0 <= frame <= now.source.frames:
                raise BridgeError(
                    "out_of_range", f"The take has {now.length:.2f} s; {seconds:g} s lies outside."
                )
            self._deck.seek(frame)
        self._tell()

    def set_loop(self, on: bool, span: tuple[float, float] | None = None) -> None:
        """Repeats the take or a span of it, in seconds.

        Raises:
            BridgeError: `out_of_range` when the span is empty.
        """
        if span and not 0 <= span[0] < span[1]:
            raise BridgeError(
                "out_of_range", f"A loop starts before it ends; it is {span[0]:g}-{span[1]:g} s."
            )
        with self._feeder.lock:
            self._deck.set_loop(on, span)
        self._tell()

    def set_gain(self, gain_db: float) -> None:
        """Output gain in dB.

        Raises:
            BridgeError: `out_of_range`.
        """
        if not GAIN[0] <= gain_db <= GAIN[1]:
            raise BridgeError("out_of_range", f"gain is from -60 to 12 dB; it is {gain_db:g}.")
        self._feeder.set_gain(10.0 ** (gain_db / 20.0))
        with self._feeder.lock:
            self._state = replace(self._state, gain_db=gain_db)
        self._tell()

    def set_output(self, device: str, sample_rate: int | None = None) -> None:
        """Uses another device; '' is the system's default.

        Raises:
            BridgeError: `no_device` when no device has that id, naming those there are.
        """
        known = [d for d in self._devices.audio if d.outputs]
        if device and known and device not in [name for d in known for name in (d.id, d.name)]:
            names = ", ".join(d.id for d in known)
            raise BridgeError("no_device", f"There is no output {device!r}; there are: {names}.")
        wish = replace(self._audio.wish("output"), on=True, device=device, sample_rate=sample_rate)
        self._audio.want("output", wish)
        self._publish(SettingChosen("audio", "output", device))
        if sample_rate is not None:
            self._publish(SettingChosen("audio", "sample_rate", sample_rate))

    def devices(self) -> Devices:
        """The devices as last seen."""
        return self._devices

    def levels(self) -> Levels:
        """Meters of the output."""
        underruns = self._feeder.underruns()
        if not self._feeder.rate:
            return Levels(underruns=underruns)  # What sounded last sounds no more.
        meter = self._feeder.meter()
        return Levels(meter.peak, meter.rms, underruns=underruns)

    def playhead(self) -> float | None:
        """Seconds into what is heard or where a pause keeps its place, or None when neither is."""
        with self._feeder.lock:
            now = self._deck.now
            if now and self._state.state == "paused":
                return now.place / now.source.sample_rate
            return self._deck.playhead()

    def let_go(self, take: Take) -> None:
        """Ends what plays a take that is to be binned: Windows bins no open file."""
        with self._feeder.lock:
            if self._launches.waiting and self._launches.waiting.take.id == take.id:
                self._launches.drop()
            if self._state.take_id == take.id:
                self._deck.unload()
                self._mark("stopped")
        self._tell()

    def close(self) -> None:
        """Ends feeder and audio process."""
        self._feeder.close()
        self._audio.close()

    # --- Stream ---

    def open_stream(self, stream: StreamFormat) -> None:
        """A job's take begins; it is heard from its first block, or a sentence says why not."""
        if not self._feeder.rate and self._state.problem:
            words = f"The take is made, but not heard: {self._state.problem}"
            self._publish(Notice("warning", "no_device", words))
            return
        with self._feeder.lock:
            loaded = Loaded(GrowingSource(stream), job_id=stream.job_id, loops=stream.loop)
            self._deck.load(loaded, Cue(stream.start / stream.sample_rate))
            self._mark("waiting")
        self._tell()

    def feed_stream(self, job_id: str, block: AudioBlock) -> None:
        """The next block of it."""
        with self._feeder.lock:
            source = self._deck.stream(job_id)
        if source:
            source.append(block)
            self._feeder.wake()

    def close_stream(self, job_id: str, take: Take | None) -> None:
        """It is whole and is `take` from now on, or it came to nothing and fades out."""
        with self._feeder.lock:
            source, now = self._deck.stream(job_id), self._deck.now
            if source is None or now is None:
                return
            source.finish()
            if take:
                now.take = take
            else:
                self._deck.unload()
                self._mark("stopped")
        self._tell()

    # --- the metronome and the devices ---

    def add_click(self, source: Source) -> int:
        """Plays the metronome; gives the position of its first frame in the output ring.

        Raises:
            BridgeError: `no_device`.
        """
        self._need_device()
        with self._feeder.lock:
            self._feeder.voices.append(Voice(source, self._feeder.rate))
            position = self._audio.output.written
        self._feeder.wake()
        return position

    @property
    def rate(self) -> int:
        """Of the output device in Hz, 0 while there is none."""
        return self._feeder.rate

    def take_in(self, told: Told, devices: Devices) -> None:
        """What the audio process tells: a device was opened, changed, or is gone."""
        opened = told.output
        rate = opened.sample_rate if opened else 0
        with self._feeder.lock:
            before = self._feeder.rate or self._state.sample_rate
            self._devices = devices
            self._feeder.set_rate(rate)
            if rate and rate != before:
                self._deck.change_rate()
            self._state = replace(
                self._state,
                device=opened.device.name if opened else "",
                sample_rate=rate,
                problem="" if opened else told.problem,
            )
        self._feeder.wake()
        self._tell()

    def _opened(self, take: Take) -> FileSource:
        source = FileSource(take.path)
        there = source.frames / source.sample_rate
        if there < take.seconds - SHORT:
            said = f"{take.path.name} is cut short: it has {there:.1f} of its {take.seconds:.1f} s."
            self._publish(Notice("warning", "not_audio", said))
        return source

    # --- under the lock ---

    def _mark(self, state: Literal["stopped", "playing", "paused", "waiting"]) -> None:
        self._state = replace(self._state, state=state)

    def _need_device(self) -> None:
        if not self._feeder.rate:
            problem = self._state.problem or "The audio output is not open yet."
            raise BridgeError("no_device", problem)

    # --- in the feeder's thread ---

    def _turn(self) -> None:
        with self._feeder.lock:
            before, waited = self._state, self._launches.waiting
            self._launches.begin()
            now, voice = self._deck.now, self._deck.sounding
            if now and voice and voice.done and not voice.ending:
                now.voice, now.place = None, 0
                self._mark("stopped")
            elif now and voice:
                to_come = not now.source.whole and now.source.frames <= now.place
                silent = voice.dry or to_come or not self._feeder.rate
                self._mark("waiting" if silent else "playing")
            changed = self._state != before or self._launches.waiting is not waited
            if now and isinstance(now.source, FileSource) and now.source.problem:
                self._publish(Notice("warning", "not_audio", now.source.problem))
                now.source.problem = ""
        if changed:
            self._tell()

    def _tell(self) -> None:
        with self._feeder.lock:
            now = self._deck.now
            self._state = state = replace(
                self._state,
                take_id=now.take.id if now and now.take else None,
                job_id=now.job_id if now else None,
                length=now.length if now else 0.0,
                loop=self._deck.loop,
                loop_range=self._deck.span,
                next_id=self._launches.waiting.take.id if self._launches.waiting else None,
            )
            self._publish(PlaybackChanged(state))
