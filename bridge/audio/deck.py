"""The deck: one thing loaded, the voice that plays it, its loop. What the player does to it, under the feeder's lock.

Knows voices and the feeder, nothing of events, devices or sessions.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.audio.feeder import Feeder
from bridge.audio.sources import GrowingSource, Source
from bridge.audio.voices import Voice
from bridge.ports import WHOLE, Cue
from bridge.state import Take


@dataclass(slots=True)
class Loaded:
    """A source and whose it is; `voice` while it sounds, `place` (frames) where it goes on otherwise.

    One that `loops`, being made so, repeats by itself.
    """

    source: Source
    take: Take | None = None
    job_id: str | None = None
    voice: Voice | None = None
    place: int = 0
    loops: bool = False

    @property
    def length(self) -> float:
        """Seconds there are so far."""
        return self.source.frames / self.source.sample_rate


class Deck:
    """Loads, starts, hushes; every caller holds the feeder's lock.

    Attributes:
        now: what is loaded.
        loop: whether it repeats: by itself, or since that was asked for.
        span: between which seconds, None for the whole.
    """

    def __init__(self, feeder: Feeder) -> None:
        """An empty deck."""
        self._feeder = feeder
        self.now: Loaded | None = None
        self.loop = self._asked = False
        self.span: tuple[float, float] | None = None

    @property
    def sounding(self) -> Voice | None:
        """The voice of what is loaded, while it plays."""
        return self.now.voice if self.now else None

    def load(self, loaded: Loaded, cue: Cue = WHOLE, delay: int = 0) -> None:
        """Plays something from a place of it, in so many frames of the device; what played till then fades out."""
        self.hush(after=delay)
        if self.now:
            self._retire(self.now.source)
        self.now = loaded
        self._asked = self._asked or cue.loop
        self.loop, self.span = self._asked or loaded.loops, cue.span
        self.sound(round(cue.start * loaded.source.sample_rate), delay)

    def sound(self, frame: int, delay: int = 0) -> None:
        """Plays what is loaded from a frame; a voice that sounds already fades into it."""
        now = self.now
        if now is None:
            return
        if now.voice:
            now.voice.end(delay)
        voice = Voice(now.source, self._feeder.rate or 48_000, start=frame, delay=delay)
        now.voice, now.place = voice, frame
        self._feeder.voices.append(voice)
        self._repeat(voice)
        self._feeder.wake()

    def hush(self, *, keep_place: bool = False, after: int = 0) -> None:
        """Fades out, and goes to the start or keeps the place."""
        now = self.now
        if now is None:
            return
        if now.voice:
            behind = round(now.voice.ahead() * now.source.sample_rate)
            now.place = max(0, now.voice.position - behind)
            now.voice.end(after)
            now.voice = None
        if not keep_place:
            now.place = 0

    def unload(self) -> None:
        """Fades out and holds nothing."""
        self.hush()
        if self.now:
            self._retire(self.now.source)
        self.now = None

    def seek(self, frame: int) -> None:
        """Goes to a frame, playing or not."""
        if self.sounding:
            self.sound(frame)
        elif self.now:
            self.now.place = frame

    def set_loop(self, on: bool, span: tuple[float, float] | None) -> None:
        """Repeats the whole or a span in seconds; a voice beyond the span goes to its start."""
        self.loop = self._asked = on
        self.span = span
        voice = self.sounding
        if voice:
            self._repeat(voice)
            if on and voice.span and voice.position > voice.span[1]:
                self.sound(voice.span[0])

    def change_rate(self) -> None:
        """The device has another rate: what sounds goes on from its place at the new one."""
        voice = self.sounding
        self._feeder.voices.clear()
        if voice and self.now:
            self.now.voice = None
            self.sound(voice.position)

    def stream(self, job_id: str) -> GrowingSource | None:
        """The source of a job that is loaded and still being decoded."""
        source = self.now.source if self.now else None
        return source if isinstance(source, GrowingSource) and source.job_id == job_id else None

    def playhead(self) -> float | None:
        """Seconds into what the device plays now, or None while nothing sounds."""
        voice = self.sounding
        if voice is None or self.now is None:
            return None
        place = voice.position / voice.source.sample_rate - voice.ahead() - self._feeder.waiting()
        if place < 0 and voice.loop:
            place += self.now.length
        return max(0.0, place)

    def _repeat(self, voice: Voice) -> None:
        rate = voice.source.sample_rate
        voice.loop = self.loop
        voice.span = (round(self.span[0] * rate), round(self.span[1] * rate)) if self.span else None

    def _retire(self, source: Source) -> None:
        """Closes a source, unless a voice that fades out still reads it; that one closes with its last reference."""
        if not any(voice.source is source for voice in self._feeder.voices):
            source.close()
