"""What a DAW asks for through its companion, carried out by the session, and what it is told in return.

A front end like OSC and MIDI. Messages come from the carriers' threads, events from the hub's; both are worked off on
one thread here, since to read what was selected may take a while. Knows nothing of files or sockets.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.delivery.messages import MOST_PARTS, PROTOCOL, Message
from bridge.delivery.standing import changed
from bridge.delivery.targets import TARGETS
from bridge.delivery_state import AT, BELOW, FORMS, NEW, Part, Placement, Selection
from bridge.errors import BridgeError, code_of
from bridge.events import Event, JobChanged, Notice, PanelAsked, Publish
from bridge.session import Session
from bridge.state import Job, JobOptions, TransportState
from engine import __version__
from engine.errors import LongtakeError, choices
from engine.spec import WHOLE

PROGRESS_EVERY = 0.2
STRENGTH = 0.7
"""How far a selection is transformed where the DAW does not say."""
_log = logging.getLogger(__name__)


class Asks:
    """Hears DAWs from `start` to `close`."""

    def __init__(self, session: Session, publish: Publish) -> None:
        """Acts on the session; `publish` tells what went wrong."""
        self._session = session
        self._publish = publish
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._jobs: dict[str, tuple[str, str]] = {}
        self._told: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="asks", daemon=True)
        self._leave: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begins to hear."""
        self._leave = self._session.subscribe(self._hear_event)
        self._thread.start()
        self._session.daws.start(self.hear)

    def close(self) -> None:
        """Ends; what is being done is finished."""
        self._leave()
        self._work.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=10.0)

    def hear(self, daw: str, message: Message) -> None:
        """Takes a message of a DAW, from any thread."""
        if message["kind"] == "state":
            self._moved(message)
        else:
            self._work.put(lambda: self._act(daw, message))

    def _moved(self, message: Message) -> None:
        try:
            self._session.transport.change("daw", changed(message))
        except LongtakeError as error:  # A tempo or a metre that no take can have.
            _log.debug("The DAW's state was left out: %s", error)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except Exception:
                _log.exception("What a DAW is told met an error")

    def _act(self, daw: str, message: Message) -> None:
        kind, req = message["kind"], str(message.get("req", ""))
        try:
            if kind == "hello":
                welcome: Message = {"protocol": PROTOCOL, "version": __version__}
                self._session.daws.tell(daw, {"kind": "welcome"} | welcome)
            elif kind == "selection":
                self._session.daws.hand(selection(daw, message))
            elif kind == "cancel":
                self._session.jobs.cancel(req, _client(daw))
            elif kind == "ask" and message.get("act") == "open":
                self._publish(PanelAsked())
            elif kind == "ask":
                job = self._ask(daw, message, req)
                self._jobs[job.id] = daw, req
                self._session.daws.tell(daw, {"kind": "ack", "req": req, "job": job.id})
                self._tell(self._session.jobs.get(job.id))
        except LongtakeError as error:
            self._refuse(daw, req, code_of(error), str(error))
        except Exception as error:
            _log.exception("What %s asked for met an error", daw)
            self._refuse(daw, req, "internal", f"An error within Longtake: {error!r}.")

    def _refuse(self, daw: str, req: str, code: str, text: str) -> None:
        self._session.daws.tell(daw, {"kind": "error", "req": req, "code": code, "text": text})
        self._publish(Notice("warning", "", f"{TARGETS[daw].title}: {text}"))

    def _ask(self, daw: str, message: Message, req: str) -> Job:
        acts: dict[str, Callable[[str, Message, JobOptions], Job]] = {
            "generate": self._generate,
            "transform": self._transform,
            "continue": self._continue,
            "fill": self._fill,
        }
        act = str(message.get("act"))
        if act not in acts:
            raise BridgeError("bad_args", f"A DAW asks for {choices(acts)}; it was {act!r}.")
        where = placed(daw, message, self._now(daw).tempo)
        options = JobOptions(request_id=req, placement=where, client=_client(daw))
        return acts[act](daw, message, options)

    def _generate(self, daw: str, message: Message, options: JobOptions) -> Job:
        return self._session.generate(
            _prompt(message), options=options, **self._length(daw, message)
        )

    def _transform(self, daw: str, message: Message, options: JobOptions) -> Job:
        path = self._source(daw, message)
        strength = float(message.get("strength", STRENGTH))
        return self._session.transform(
            path, _prompt(message), strength, options=options, init_span=WHOLE
        )

    def _continue(self, daw: str, message: Message, options: JobOptions) -> Job:
        path, seconds = self._source(daw, message), float(message.get("seconds", 0.0))
        if not seconds:
            seconds = float(self._length(daw, message).get("seconds_total", 0.0))
        if not seconds > 0:
            raise BridgeError("bad_args", "Continuing needs a length in seconds.")
        return self._session.continue_(
            path, seconds, _prompt(message), options=options, init_span=WHOLE
        )

    def _fill(self, daw: str, message: Message, options: JobOptions) -> Job:
        if "gap_start" not in message or "gap_end" not in message:
            raise BridgeError("bad_args", "There is no gap between what is selected.")
        gap = float(message["gap_start"]), float(message["gap_end"])
        path = self._source(daw, message)
        return self._session.inpaint(
            path, [gap], _prompt(message), options=options, init_span=WHOLE
        )

    def _source(self, daw: str, message: Message) -> Path:
        """What is selected as one recording, all of which counts, whatever part of another one is set."""
        path = self._session.daws.hand(selection(daw, message)).path
        assert path is not None, "what was handed over has been written"
        return path

    def _now(self, daw: str) -> TransportState:
        """Where a DAW stands by its own word: the transport may follow another."""
        stands = self._session.daws.stands(daw)
        if stands and min(stands.tempo, *stands.signature) > 0:
            return stands
        return self._session.transport.state()

    def _length(self, daw: str, message: Message) -> dict[str, Any]:
        """The length that is selected: whole bars where it is so many, else seconds."""
        quarters = float(message.get("length", 0.0))
        if quarters <= 0:
            return {}
        now = self._now(daw)
        beats, unit = now.signature
        in_bar = beats * 4.0 / unit
        bars = quarters / in_bar
        if abs(bars - round(bars)) < 1e-3 and in_bar == int(in_bar):
            bar = {"bars": round(bars), "beats_per_bar": int(in_bar)}
            return {**bar, "tempo": now.tempo}
        return {"seconds_total": quarters * 60.0 / now.tempo, "tempo": now.tempo}

    # --- what the DAW is told ---

    def _hear_event(self, event: Event) -> None:
        if isinstance(event, JobChanged) and event.job.id in self._jobs:
            self._work.put(lambda: self._tell(event.job))

    def _tell(self, job: Job) -> None:
        daw, req = self._jobs.get(job.id, ("", ""))
        if not daw:
            return
        now = time.monotonic()
        if job.finished:
            self._end(job, daw, req)
        elif now - self._told.get(job.id, 0.0) >= PROGRESS_EVERY:
            self._told[job.id] = now
            eta = -1.0 if job.eta_s is None else job.eta_s
            told: Message = {"fraction": job.progress, "stage": job.stage, "eta": eta}
            self._session.daws.tell(daw, {"kind": "progress", "req": req} | told)

    def _end(self, job: Job, daw: str, req: str) -> None:
        self._jobs.pop(job.id, None)
        self._told.pop(job.id, None)
        if job.state == "done":
            path = str(self._session.find(job.id).path)
            self._session.daws.tell(daw, {"kind": "done", "req": req, "path": path})
        else:
            told: Message = {"code": job.code or job.state, "text": job.error}
            self._session.daws.tell(daw, {"kind": "error", "req": req} | told)


def selection(daw: str, message: Message) -> Selection:
    """What a message says is selected.

    Raises:
        BridgeError: `bad_args` if it names no audio.
    """
    count = int(message.get("parts", 0))
    if not 0 < count <= MOST_PARTS:
        raise BridgeError("bad_args", "Nothing that has audio is selected.")
    try:
        parts = tuple(
            Part(
                Path(str(message[f"path.{number}"])),
                float(message.get(f"start.{number}", 0.0)),
                float(message[f"seconds.{number}"]),
                float(message.get(f"rate.{number}", 1.0)),
                float(message.get(f"at.{number}", 0.0)),
            )
            for number in range(1, count + 1)
        )
    except KeyError as error:
        raise BridgeError("bad_args", f"The selection lacks {error.args[0]}.") from error
    return Selection(
        parts,
        daw,
        float(message["beat"]) if "beat" in message else None,
        str(message.get("beside", "") or message.get("track", "")),
        str(message.get("item", "")),
        str(message.get("name", "")),
    )


def placed(daw: str, message: Message, tempo: float = 0.0) -> Placement:
    """Where the result goes of what a DAW asks: as it says, else where its selection begins, on a track below that.

    A track that is named alone, with audio that is selected, is the one on which that lies.

    Args:
        daw: the target.
        message: the `ask`.
        tempo: BPM of the DAW; 0 if unknown.
    """
    at, form = str(message.get("at", "")), str(message.get("form", ""))
    if at not in AT:
        at = "beat" if "beat" in message or "position" in message else "playhead"
    track, beside = str(message.get("track", "")), str(message.get("beside", ""))
    if message.get("parts") and track not in (NEW, BELOW) and not beside:
        track, beside = BELOW, track
    return Placement(
        daw,
        at=at,
        position=float(message.get("position", message.get("beat", 0.0))),
        length=float(message.get("length", 0.0)),
        track=track,
        beside=beside,
        item=str(message.get("item", "")),
        form=form if form in FORMS else "item",
        tempo=tempo,
        words="asked in the DAW",
    )


def _prompt(message: Message) -> str | None:
    return str(message.get("prompt", "")).strip() or None


def _client(daw: str) -> frozenset[str]:
    return frozenset({f"daw:{daw}"})
