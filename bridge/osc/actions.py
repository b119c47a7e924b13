"""What each OSC command does: one method for each name in the table, calling the session and yielding answers.

Knows nothing of packets or sockets. Arguments arrive checked; errors are raised here and answered by the dispatcher.
"""

# ruff: noqa: D102 (each command has its sentence in the table)
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bridge import requests
from bridge.delivery_state import Selection
from bridge.errors import BridgeError
from bridge.osc.access import Access
from bridge.osc.arguments import usage
from bridge.osc.clients import Client, Clients, Plain
from bridge.osc.command import Command
from bridge.osc.docs import types
from bridge.osc.schema import COMMANDS, OPTIONS, PLACES, PROTOCOL, TOPICS
from bridge.osc.values import VALUES, file_values, model_values, sent_values
from bridge.session import Session
from bridge.state import Job, JobOptions, Take
from engine.spec import PARAMETERS

MAX_REQUESTS = 4096
QUEUE_IDS = 64

Answer = tuple[str, tuple[Plain, ...]]
"""An address below /longtake/ and its arguments."""


@dataclass(frozen=True, slots=True)
class Request:
    """One command of one client, its arguments read and checked."""

    client: Client
    command: Command
    values: list[Any]
    pairs: dict[str, Any]


class Actions:
    """The commands; `run` finds the method by the command's name."""

    def __init__(self, session: Session, clients: Clients, access: Access) -> None:
        """Acts on the session for clients, within the rules of `access`."""
        self._session = session
        self._clients = clients
        self._access = access
        self._asked: OrderedDict[str, tuple[Client, Answer]] = OrderedDict()
        self.capturing: Client | None = None
        self.handing: Client | None = None

    def run(self, request: Request) -> Iterator[Answer]:
        """Runs a command and yields its answers; files it names lie where they may."""
        request = self._permitted(request)
        if request.command.role == "value":
            VALUES[request.command.name].write(self._session, request.command, request.values)
            return
        done: Iterable[Answer] | None = getattr(self, request.command.name)(request)
        yield from done or ()

    def _permitted(self, request: Request) -> Request:
        """The request with the real paths of its files.

        Raises:
            LongtakeError: see `AllowedFiles.permitted`.
        """
        real, known = self._access.files.permitted, request.command.arguments
        values = [real(one.what, value) for one, value in zip(known, request.values, strict=False)]
        pairs = {name: real(PARAMETERS.get(name), value) for name, value in request.pairs.items()}
        return replace(request, values=values + request.values[len(known) :], pairs=pairs)

    def value(self, command: Command) -> tuple[Plain, ...]:
        """What a value command is set to."""
        return VALUES[command.name].read(self._session, command)

    def asker(self, job_id: str) -> Client | None:
        """Who asked for a job over OSC, most recently."""
        return self._asked[job_id][0] if job_id in self._asked else None

    # --- connection ---

    def ping(self, request: Request) -> Iterator[Answer]:
        yield "pong", (_version(), PROTOCOL)

    def info(self, request: Request) -> Iterator[Answer]:
        model = self._session.models.state()
        known = {m.name: m for m in self._session.models.all()}
        chosen = known.get(model.name) or known[self._session.parameters.get("model")]
        state = "busy" if any(not job.finished for job in self._session.jobs.all()) else "idle"
        device = self._session.playback.state().device
        yield "info", (chosen.name, device, chosen.sample_rate, chosen.max_seconds, state)

    def token(self, request: Request) -> Iterator[Answer]:
        right = self._access.show(request.client.host, request.values[0])
        if not right:
            raise BridgeError("bad_args", "That is not the token of this bridge.")
        yield "token", (1,)

    def subscribe(self, request: Request) -> Iterator[Answer]:
        yield "subscribed", (self._clients.subscribe(request.client, request.values or TOPICS),)

    def unsubscribe(self, request: Request) -> Iterator[Answer]:
        yield "subscribed", (self._clients.subscribe(request.client, ()),)

    def reply_to(self, request: Request) -> Iterator[Answer]:
        host, port = request.values
        self._clients.name(request.client, host, port)
        yield "reply_to", (host, port)

    def help(self, request: Request) -> Iterator[Answer]:
        (wanted,) = request.values
        if wanted and wanted not in COMMANDS:
            raise BridgeError("unknown_address", f"There is no address {wanted[:80]!r}.")
        for command in [COMMANDS[wanted]] if wanted else COMMANDS.values():
            yield "help", (command.address, types(command), f"{usage(command)}: {command.help}")

    # --- making takes ---

    def generate(self, request: Request) -> Iterator[Answer]:
        _, prompt = request.values
        return self._make(request, self._session.generate, prompt=prompt)

    def transform(self, request: Request) -> Iterator[Answer]:
        _, path, prompt, strength = request.values
        request.pairs.pop("init_noise_level", None)
        return self._make(request, self._session.transform, path, prompt=prompt, strength=strength)

    def continue_(self, request: Request) -> Iterator[Answer]:
        _, path, seconds = request.values
        return self._make(request, self._session.continue_, path, seconds, prompt=None)

    def inpaint(self, request: Request) -> Iterator[Answer]:
        _, path, start, end, prompt = request.values
        return self._make(request, self._session.inpaint, path, [(start, end)], prompt=prompt)

    def vary(self, request: Request) -> Iterator[Answer]:
        _, which, amount = request.values
        more = {} if amount is None else {"amount": amount}
        return self._make(request, self._session.vary, self._take(request, which).id, **more)

    def remake(self, request: Request) -> Iterator[Answer]:
        _, which, start, end = request.values
        take = self._take(request, which)
        return self._make(request, self._session.remake, take.id, [(start, end)])

    def fit(self, request: Request) -> None:
        which, tempo = request.values
        self._session.fit(self._take(request, which).id, tempo)

    def notes(self, request: Request) -> Iterator[Answer]:
        (which,) = request.values
        yield "notes", (which, str(self._session.export_notes(self._take(request, which).id)))

    def job_retry(self, request: Request) -> Iterator[Answer]:
        (which,) = request.values
        job = self._session.jobs.retry(which, self._clients.addresses(request.client))
        return self._acknowledged(request, job)

    def _make(self, request: Request, ask: Any, *essentials: Any, **named: Any) -> Iterator[Answer]:
        """Starts a job; what an argument says counts before the same among the settings."""
        pairs = request.pairs | {name: value for name, value in named.items() if value}
        placed = {name: pairs.pop(name) for name in PLACES if name in pairs}
        how = {name: pairs.pop(name) for name in OPTIONS if name in pairs}
        if placed:
            how["placement"] = self._session.placement(**placed)
        client = self._clients.addresses(request.client)
        options = JobOptions(request_id=request.values[0], client=client, **how)
        job: Job = ask(*essentials, options=options, **(named | pairs))
        return self._acknowledged(request, job)

    def _acknowledged(self, request: Request, job: Job) -> Iterator[Answer]:
        """The answer to a request: for the same one again, the first one's."""
        first: Answer = ("ack", (job.request_id, job.id, job.position))
        _, answer = self._asked.get(job.id, (None, first))
        self._asked[job.id] = (request.client, answer)
        while len(self._asked) > MAX_REQUESTS:
            self._asked.popitem(last=False)
        yield answer

    def _take(self, request: Request, which: str) -> Take:
        """A take by its id, or by the id of a job or of a request, the client's own before others'."""
        return self._session.find(which, self._clients.addresses(request.client))

    # --- jobs ---

    def job_get(self, request: Request) -> Iterator[Answer]:
        job = self._session.jobs.get(request.values[0], self._clients.addresses(request.client))
        path = ""
        with suppress(BridgeError):  # It has made no take yet, or that was deleted.
            path = str(self._session.find(job.id).path)
        yield "job", (job.id, job.state, float(job.progress), path, job.error)

    def cancel(self, request: Request) -> Iterator[Answer]:
        client = self._clients.addresses(request.client)
        for job_id in self._session.jobs.cancel(request.values[0], client):
            yield "cancelled", (job_id,)

    def queue(self, request: Request) -> Iterator[Answer]:
        ids = [job.id for job in self._session.jobs.all() if not job.finished]
        yield "queue", (len(ids), *ids[:QUEUE_IDS])

    def queue_clear(self, request: Request) -> Iterator[Answer]:
        for job in self._session.jobs.all():
            if job.state == "queued":
                self._session.jobs.cancel(job.id)
        return self.queue(request)

    # --- DAWs ---

    def send(self, request: Request) -> Iterator[Answer]:
        which, *placed = (value or "" for value in request.values)
        take = self._take(request, which)
        yield "sent", sent_values(self._session.send(take.id, *placed))

    def send_again(self, request: Request) -> Iterator[Answer]:
        yield "sent", sent_values(self._session.daws.deliveries.again(request.values[0]))

    def send_drop(self, request: Request) -> Iterator[Answer]:
        deliveries = self._session.daws.deliveries
        deliveries.drop(request.values[0])
        yield "sent", sent_values(deliveries.get(request.values[0]))

    def send_list(self, request: Request) -> Iterator[Answer]:
        for delivery in self._session.daws.deliveries.all()[:QUEUE_IDS]:
            yield "sent", sent_values(delivery)

    def daw_list(self, request: Request) -> Iterator[Answer]:
        for companion in self._session.daws.deliveries.companions():
            yield "daw", (companion.target, companion.state, companion.detail)

    def daw_selection(self, request: Request) -> None:
        path, start, end, track, beat = request.values
        part = requests.part_of(Path(path), start or 0.0, end)
        self.handing = request.client
        self._session.daws.hand_soon(Selection((part,), beat=beat, track=track or ""))

    # --- playback and capture ---

    def play(self, request: Request) -> None:
        (which,) = request.values
        if which:
            self._session.playback.launch(self._take(request, which))
        else:
            self._session.playback.play()

    def stop(self, request: Request) -> None:
        self._session.playback.stop()

    def seek(self, request: Request) -> None:
        self._session.playback.seek(request.values[0])

    def capture_start(self, request: Request) -> None:
        source, bars, metronome = request.values
        self._session.capture.start(source or None, bars or 0, bool(metronome))
        self.capturing = request.client

    def capture_stop(self, request: Request) -> None:
        self._session.capture.stop()
        self.capturing = request.client

    def live_start(self, request: Request) -> None:
        self._session.live.start(request.values[0])

    def live_stop(self, request: Request) -> None:
        self._session.live.stop()

    def output_list(self, request: Request) -> Iterator[Answer]:
        devices = [device for device in self._session.playback.devices().audio if device.outputs]
        for index, device in enumerate(devices):
            yield (
                "output/list",
                (index, len(devices), device.id, device.name, device.host_api, device.sample_rate),
            )

    def panic(self, request: Request) -> None:
        self._session.panic()

    # --- presets and models ---

    def preset_list(self, request: Request) -> Iterator[Answer]:
        names = self._session.presets.names()
        for index, name in enumerate(names):
            yield "preset/list", (index, len(names), name)

    def preset_load(self, request: Request) -> None:
        self._session.presets.load(request.values[0], self._access.files.permitted)

    def preset_save(self, request: Request) -> None:
        self._session.presets.save(request.values[0])

    def model_list(self, request: Request) -> Iterator[Answer]:
        models = self._session.models.all()
        for index, model in enumerate(models):
            yield (
                "model/list",
                (index, len(models), model.name, model.title, float(model.max_seconds)),
            )

    def model_load(self, request: Request) -> Iterator[Answer]:
        self._session.models.load(request.values[0])
        return self._model()

    def model_unload(self, request: Request) -> Iterator[Answer]:
        self._session.models.unload()
        return self._model()

    def model_files(self, request: Request) -> Iterator[Answer]:
        for model in self._session.models.files.all():
            yield "model/files", file_values(model)

    def model_download(self, request: Request) -> Iterator[Answer]:
        self._session.models.files.download(request.values[0])
        return self._files(request.values[0])

    def model_pause(self, request: Request) -> Iterator[Answer]:
        self._session.models.files.pause(request.values[0])
        return self._files(request.values[0])

    def _files(self, name: str) -> Iterator[Answer]:
        yield "model/files", file_values(self._session.models.files.get(name))

    def _model(self) -> Iterator[Answer]:
        yield "model/state", model_values(self._session.models.state())


def _version() -> str:
    try:
        return version("longtake")
    except PackageNotFoundError:
        return "0"
