"""`Session`: all that panel, OSC and MIDI may do. Its parts are attributes, each with a file of its own.

    parameters   of the next job                          parameters.py
    jobs         what was asked for and its state         jobs/queue.py
    takes        the library                              takes/library.py
    daws         where takes are delivered to             delivery/daws.py
    playback, capture, live, midi                         ports.py says what they do; absent.py stands in for them
    transport    tempo, metre, key, position              transport.py
    models       the registry and the engine's model      models.py
    presets      named settings                           presets.py

What needs several of them is a method of the session itself. Knows nothing of sockets, Qt, torch or devices. Any
thread may call. No call waits for the engine, a device or a file being written (presets and MIDI files excepted): at
most it looks into the index or reads a MIDI file or the header of a sound file. What becomes of it is told as events
(`events.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from bridge import requests
from bridge.absent import AbsentCapture, AbsentLive, AbsentMidi, AbsentPlayback
from bridge.closing import close_all
from bridge.delivery.daws import Daws
from bridge.delivery_state import Delivery, Placement
from bridge.errors import BridgeError
from bridge.events import Hub, Listener, Notice
from bridge.jobs.queue import JobQueue
from bridge.jobs.wishes import NOBODY, Client
from bridge.models import Models
from bridge.parameters import Parameters
from bridge.ports import Capture, Live, MidiControl, Playback
from bridge.presets import Presets
from bridge.state import Job, JobKind, JobOptions, JobRequest, Levels, Take
from bridge.takes.fitting import Fitting
from bridge.takes.library import Library
from bridge.takes.scores import Scores
from bridge.transport import Transport
from engine.composing.reading import metre_in
from engine.errors import LongtakeError
from engine.precedence import agreed
from engine.spec import GenerationSpec

ONCE = JobOptions()
_log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class Session:
    """The parts, and the calls that need several of them; any call may raise `LongtakeError`."""

    hub: Hub
    parameters: Parameters
    jobs: JobQueue
    takes: Library
    transport: Transport
    models: Models
    presets: Presets
    daws: Daws
    playback: Playback = field(default_factory=AbsentPlayback)
    capture: Capture = field(default_factory=AbsentCapture)
    live: Live = field(default_factory=AbsentLive)
    midi: MidiControl = field(default_factory=AbsentMidi)

    def __post_init__(self) -> None:
        """Prepares the stretching of takes and the reading of scores; the models hear how loading goes."""
        self._fitting = Fitting(self.takes, self.hub.publish)
        self._scores = Scores(self.hub.publish)
        self.hub.subscribe(self.models.hear)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Adds a listener (see `events.py`); the call returned removes it."""
        return self.hub.subscribe(listener)

    def levels(self) -> Levels:
        """Meters of output and input, to be polled."""
        heard, recorded = self.playback.levels(), self.capture.levels()
        return Levels(
            heard.out_peak, heard.out_rms, recorded.in_peak, recorded.in_rms, heard.underruns
        )

    def find(self, which: str, client: Client = NOBODY) -> Take:
        """A take by its id, or the last one of the job with that id or request id (see `JobQueue.find`).

        Raises:
            BridgeError: `bad_args` if there is no such take, or the job has made none yet.
        """
        job = self.jobs.find(which, client)
        if job is None:
            return self.takes.get(which)
        if not job.take_ids:
            raise BridgeError("bad_args", f"Job {job.id} has made no take yet.")
        return self.takes.get(job.take_ids[-1])

    # --- asking for takes: each gives the job that makes them, or raises `queue_full` or a `SpecError` ---

    def generate(
        self, prompt: str | None = None, *, options: JobOptions = ONCE, **overrides: Any
    ) -> Job:
        """Makes a take from the prompt, the parameters, and what overrides them."""
        return self._submit("generate", self._spec(prompt, overrides), options)

    def transform(
        self,
        path: Path | str,
        prompt: str | None,
        strength: float,
        *,
        options: JobOptions = ONCE,
        **overrides: Any,
    ) -> Job:
        """Turns a recording into something else; strength 0 keeps it, 1 follows the prompt alone."""
        spec = self._spec(prompt, overrides)
        asked = {"seconds_total", "bars"} & {
            name for name, value in overrides.items() if value is not None
        }
        spec = requests.transformed(spec, Path(path), strength, keep_length=not asked)
        return self._submit("transform", spec, options)

    def continue_(
        self,
        path: Path | str,
        seconds: float,
        prompt: str | None = None,
        *,
        options: JobOptions = ONCE,
        **overrides: Any,
    ) -> Job:
        """Continues a recording for so many seconds beyond its end."""
        prompt = prompt or self._prompt_of(path)
        spec = requests.continued(self._spec(prompt, overrides), Path(path), seconds)
        return self._submit("continue", spec, options)

    def inpaint(
        self,
        path: Path | str,
        spans: Iterable[requests.Span],
        prompt: str | None = None,
        *,
        options: JobOptions = ONCE,
        **overrides: Any,
    ) -> Job:
        """Regenerates the given spans (seconds) of a recording and keeps the rest."""
        prompt = prompt or self._prompt_of(path)
        spec = requests.inpainted(self._spec(prompt, overrides), Path(path), spans)
        return self._submit("inpaint", spec, options)

    def vary(self, which: str, amount: float = 0.3, *, options: JobOptions = ONCE) -> Job:
        """Makes something near a take, named as in `find`."""
        take = self.find(which)
        spec = requests.varied(take, amount)
        self._say_unknown(take)
        return self._submit("vary", spec, options)

    def remake(
        self, which: str, spans: Iterable[requests.Span], *, options: JobOptions = ONCE
    ) -> Job:
        """Makes spans (seconds) of a take anew, by the take's own settings but another seed, and keeps the rest.

        The take is named as in `find`. One that was recorded has no settings; the parameters stand in for them.
        """
        take = self.find(which)
        if not take.spec:
            return self.inpaint(take.path, spans, options=options)
        self._say_unknown(take)
        return self._submit("inpaint", requests.remade(take, spans), options)

    def fit(self, which: str, tempo: float | None = None) -> None:
        """Stretches a take to the exact tempo asked for, or another; a new take follows as an event."""
        self._fitting.fit(self.find(which), tempo)

    # --- what takes play ---

    def ask_score(self, which: str) -> None:
        """Asks for the score of a take, named as in `find`; `ScoreRead` follows."""
        self._scores.ask(self.find(which))

    def export_notes(self, which: str, path: Path | None = None) -> Path:
        """Writes the notes of a take as a MIDI file, beside the take if no path is given; where it stands now."""
        return self._scores.write(self.find(which), path)

    # --- DAWs ---

    def placement(
        self, target: str = "", place: str = "", track: str = "", form: str = ""
    ) -> Placement:
        """Where a take is to lie, settled now; see `Daws.placement`."""
        return self.daws.placement(target, place, track, form, self.transport.state())

    def send(
        self, which: str, target: str = "", place: str = "", track: str = "", form: str = ""
    ) -> Delivery:
        """Delivers a take, named as in `find`."""
        placement = self.placement(target, place, track, form)
        return self.daws.deliveries.send(self.find(which), placement)

    # --- everything at once ---

    def panic(self) -> None:
        """Stops all sound and cancels every job; never raises."""
        for end in (
            self.live.stop,
            self.playback.stop,
            self._stop_recording,
            lambda: self.jobs.cancel("*"),
        ):
            try:
                end()
            except LongtakeError:
                continue  # There is nothing to end.
            except Exception:
                _log.exception("Panic met an error and goes on")

    def _stop_recording(self) -> None:
        if self.capture.state().state != "idle":
            self.capture.stop()

    def close(self) -> None:
        """Ends every part, whatever one of them raises; unfinished jobs are listed as interrupted next time."""
        close_all(
            (
                self.midi.close,
                self.live.close,
                self.capture.close,
                self.playback.close,
                # Before the engine, so that a take its end cuts short counts as interrupted, not failed.
                self.jobs.stop,
                self.models.close,
                self.jobs.close,
                self._fitting.close,
                self._scores.close,
                self.daws.close,
                self.takes.close,
                self.hub.close,
            )
        )

    def _say_unknown(self, take: Take) -> None:
        """Says which settings of a take, made by a newer version, are left out."""
        _, unknown = requests.understood(take.spec)
        if unknown:
            names = ", ".join(unknown)
            words = f"{take.name} has settings that this version cannot use: {names}. They are left out."
            self.hub.publish(Notice("warning", "", words))

    def _prompt_of(self, path: Path | str) -> str:
        """The prompt of the take this file is, or empty: a take continues in its own words."""
        take = self.takes.at(Path(path))
        return take.prompt if take else ""

    def _spec(self, prompt: str | None, overrides: dict[str, Any]) -> GenerationSpec:
        values = self.parameters.chosen() | {
            name: value for name, value in overrides.items() if value is not None
        }
        values = agreed(values, overrides)
        if prompt:
            values["prompt"] = prompt
        transport = self.transport.state()
        quarters = requests.quarters_in_bar(transport)
        named = metre_in(values.get("prompt", ""))
        if quarters and not named and "beats_per_bar" not in values:
            values["beats_per_bar"] = quarters
        if overrides.get("seconds_total") is not None:
            values["bars"] = overrides.get("bars")
        return requests.in_time(GenerationSpec.from_dict(values), transport)

    def _submit(self, kind: JobKind, spec: GenerationSpec, options: JobOptions) -> Job:
        how = {field.name: getattr(options, field.name) for field in fields(options)}
        return self.jobs.submit(JobRequest(spec, kind=kind, **how))
