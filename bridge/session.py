"""`Session`: the one façade that panel, OSC and MIDI call. Short calls that never wait; results are events.

Knows nothing of sockets, Qt, torch or files: the queue makes takes, the library keeps them, and whatever sounds is
attached behind the ports of `ports.py`. A monitor: state is changed under one lock, events go out after it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any, Unpack

from bridge import requests
from bridge.errors import BridgeError
from bridge.events import Hub, Listener, ParameterChanged, PresetsChanged
from bridge.jobs.queue import JobQueue
from bridge.performing import Collaborators, Performing
from bridge.ports import ModelControl, Presets, Recording
from bridge.state import Job, JobOptions, JobRequest, ModelInfo, ModelState, Search, Snapshot, Take
from bridge.takes.fitting import Fitting
from bridge.takes.library import Library
from engine.errors import SpecError
from engine.registry import MODELS, model_spec
from engine.spec import GenerationSpec, converted

DEFAULTS: dict[str, Any] = {f.name: f.default for f in fields(GenerationSpec)}
ONCE = JobOptions()


class Session(Performing):
    """What a front end may do; every method may be called from any thread and raises `LongtakeError`."""

    def __init__(self, hub: Hub, queue: JobQueue, library: Library) -> None:
        """Joins queue and library; collaborators come by `attach` and `attach_model`."""
        super().__init__(self._found)
        self._hub = hub
        self._queue = queue
        self._library = library
        self._fitting = Fitting(library, hub.publish)
        self._model: ModelControl | None = None
        self._presets: Presets | None = None
        self._lock = threading.Lock()
        self._set: dict[str, Any] = {}

    def attach(self, **collaborators: Unpack[Collaborators]) -> None:
        """Gives the session its playback, capture, MIDI and transport; jobs with `play` stream to the playback."""
        super().attach(**collaborators)
        if self._playback:
            self._queue.set_stream(self._playback)

    def attach_model(self, model: ModelControl) -> None:
        """Gives the session the engine whose model it loads and unloads."""
        self._model = model

    def attach_presets(self, presets: Presets) -> None:
        """Gives the session its presets."""
        self._presets = presets

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Adds a listener (see `events.py`); the call returned takes it away."""
        return self._hub.subscribe(listener)

    def snapshot(self) -> Snapshot:
        """Everything a front end shows when it opens."""
        return Snapshot(
            self.parameters(),
            self.jobs(),
            self.model(),
            self.playback(),
            self.capture(),
            self.transport(),
            self.audio_devices(),
            self.midi(),
        )

    # --- parameters: the defaults of the next job ---

    def parameters(self) -> dict[str, Any]:
        """All parameters with their present values."""
        with self._lock:
            return DEFAULTS | self._set

    def get(self, name: str) -> Any:
        """One parameter's present value."""
        requests.check_parameter(name)
        with self._lock:
            return self._set.get(name, DEFAULTS[name])

    def set(self, name: str, value: Any) -> None:
        """Sets a parameter of the next job; None gives the choice back to the model.

        Raises:
            BridgeError: `unknown_param`, or `out_of_range` with the range.
        """
        requests.check_parameter(name)
        try:
            value = converted(name, value)
            if name == "model":
                model_spec(value)
        except SpecError as error:
            raise BridgeError("out_of_range", str(error)) from error
        with self._lock:
            self._set[name] = value
        self._hub.publish(ParameterChanged(name, value))

    def reset(self) -> None:
        """Gives every parameter its default back."""
        with self._lock:
            names, self._set = list(self._set), {}
        for name in names:
            self._hub.publish(ParameterChanged(name, DEFAULTS[name]))

    # --- jobs ---

    def submit(self, request: JobRequest) -> Job:
        """Queues a job; the same request id again gives the job it already has.

        Raises:
            BridgeError: `queue_full`, `bad_args`.
            SpecError: if no model could make it.
        """
        return self._queue.submit(request)

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
        """Makes a recording into something else; 0 keeps it, 1 follows the prompt alone."""
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
        """Goes on after the end of a recording for so many seconds."""
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
        """Makes the given spans (seconds) of a recording anew and keeps the rest."""
        prompt = prompt or self._prompt_of(path)
        spec = requests.inpainted(self._spec(prompt, overrides), Path(path), spans)
        return self._submit("inpaint", spec, options)

    def vary(self, take_id: str, amount: float = 0.3, *, options: JobOptions = ONCE) -> Job:
        """Makes something near a take; `take_id` may also be the id of the job that made it."""
        return self._submit("vary", requests.varied(self._found(take_id), amount), options)

    def cancel(self, which: str) -> tuple[str, ...]:
        """Cancels a job by its id or request id, or all with '*'; gives the ids.

        Raises:
            BridgeError: `bad_args` if there is no such job.
        """
        return self._queue.cancel(which)

    def move(self, job_id: str, position: int) -> None:
        """Moves a queued job to a place in the queue, from 1."""
        self._queue.move(job_id, position)

    def retry(self, job_id: str) -> Job:
        """Runs a finished, failed or interrupted job again, under a new id."""
        return self._queue.retry(job_id)

    def jobs(self) -> tuple[Job, ...]:
        """All jobs known: running, queued in order, then finished ones, newest first."""
        return self._queue.jobs()

    def job(self, which: str) -> Job:
        """A job by its id or request id."""
        return self._queue.job(which)

    def panic(self) -> None:
        """Stops all sound and cancels every job; never raises."""
        if self._playback:
            self._playback.stop()
        if self._capture and self._capture.state().state != "idle":
            self._capture.stop()
        self._queue.cancel("*")

    # --- library ---

    def search(self, search: Search = Search()) -> list[Take]:  # noqa: B008 (frozen)
        """Takes that match, newest first."""
        return self._library.search(search)

    def take(self, take_id: str) -> Take:
        """A take by its id."""
        return self._library.take(take_id)

    def rate(self, take_id: str, rating: int) -> None:
        """Gives a take 0 to 5 stars."""
        self._library.change(take_id, rating=rating)

    def favourite(self, take_id: str, on: bool = True) -> None:
        """Marks a take as a favourite."""
        self._library.change(take_id, favourite=on)

    def rename(self, take_id: str, name: str) -> None:
        """Gives a take another title; its file keeps its name."""
        self._library.change(take_id, name=name)

    def fit(self, take_id: str, tempo: float | None = None) -> None:
        """Stretches a take to the exact tempo asked for, or another; a new take follows as an event."""
        self._fitting.fit(self._found(take_id), tempo)

    def delete(self, take_id: str) -> None:
        """Moves a take to the system's bin."""
        self._library.delete(take_id)

    def add_recording(self, recording: Recording) -> Take:
        """Writes a capture into the library; blocks for the writing, so call it from the recorder's own thread."""
        return self._library.add_recording(recording)

    # --- presets and models ---

    def presets(self) -> list[str]:
        """Names of all presets."""
        return self._presets.names() if self._presets else []

    def load_preset(self, name: str) -> None:
        """Sets the parameters that a preset names."""
        for key, value in self._store().load(name).items():
            self.set(key, value)

    def save_preset(self, name: str) -> None:
        """Saves the parameters that were set under a name."""
        with self._lock:
            values = dict(self._set)
        self._store().save(name, values)
        self._hub.publish(PresetsChanged())

    def delete_preset(self, name: str) -> None:
        """Removes a preset of the user."""
        self._store().delete(name)
        self._hub.publish(PresetsChanged())

    def rename_preset(self, name: str, new_name: str) -> None:
        """Gives a preset of the user another name."""
        self._store().rename(name, new_name)
        self._hub.publish(PresetsChanged())

    def models(self) -> list[ModelInfo]:
        """The registered models."""
        return [
            ModelInfo(m.name, m.title, m.licence, m.weights, m.max_seconds, m.sample_rate)
            for m in MODELS.values()
        ]

    def model(self) -> ModelState:
        """Whether the model is loading, ready or gone."""
        return self._model.state() if self._model else ModelState(detail="There is no engine here.")

    def load_model(self, name: str) -> None:
        """Loads a model in the background and makes it the one of the next job."""
        self.set("model", name)
        if self._model is None:
            raise BridgeError("not_loaded", "There is no engine here that could load a model.")
        self._model.load(name)

    def unload_model(self) -> None:
        """Frees the model's memory."""
        if self._model:
            self._model.unload()

    def close(self) -> None:
        """Ends everything; running and queued jobs are listed as interrupted next time."""
        for part in (self._midi, self._capture, self._playback):
            if part:
                part.close()
        # The queue is stopped first, so that a take the engine's end cuts short counts as interrupted, not failed.
        self._queue.stop()
        if self._model:
            self._model.close()
        self._queue.close()
        self._library.close()

    def _found(self, take_id: str) -> Take:
        job = self._queue.find(take_id)
        if job is None:
            return self._library.take(take_id)
        if not job.take_ids:
            raise BridgeError("bad_args", f"Job {job.id} has made no take yet.")
        return self._library.take(job.take_ids[-1])

    def _prompt_of(self, path: Path | str) -> str:
        """What goes on is the take's own music, when the file is a take and no other prompt is given."""
        take = self._library.at(Path(path))
        return take.prompt if take else ""

    def _spec(self, prompt: str | None, overrides: dict[str, Any]) -> GenerationSpec:
        with self._lock:
            values = self._set | {
                name: value for name, value in overrides.items() if value is not None
            }
        if prompt:
            values["prompt"] = prompt
        transport = self.transport()
        quarters = requests.quarters_in_bar(transport)
        if quarters and "beats_per_bar" not in values:
            values["beats_per_bar"] = quarters
        if overrides.get("seconds_total") is not None:
            values["bars"] = overrides.get("bars")
        return requests.in_time(GenerationSpec.from_dict(values), transport)

    def _submit(self, kind: Any, spec: GenerationSpec, options: JobOptions) -> Job:
        return self.submit(
            JobRequest(spec, options.request_id, options.batch, options.target, options.play, kind)
        )

    def _store(self) -> Presets:
        if self._presets is None:
            raise BridgeError("io", "There is no folder for presets here.")
        return self._presets
