"""The records of state: what a job, a take, the transport, a device is at one moment, as frozen dataclasses.

Knows nothing of torch, Qt, sockets or devices, and of no behaviour: `events.py` carries these records to listeners.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypedDict

from bridge.delivery_state import Placement
from bridge.errors import Code
from engine.spec import GenerationSpec

JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
JobStage = Literal["queued", "loading", "compiling", "encode", "diffuse", "decode", "write"]
JobKind = Literal["generate", "transform", "continue", "inpaint", "vary"]
TakeKind = Literal["generate", "transform", "continue", "inpaint", "vary", "capture", "live"]
ModelPhase = Literal["unloaded", "loading", "ready", "failed"]
Quantize = Literal["none", "beat", "bar", "2bar", "4bar"]
SyncSource = Literal["manual", "osc", "daw", "midi", "link"]

QUANTIZES: tuple[Quantize, ...] = ("none", "beat", "bar", "2bar", "4bar")
SYNC_SOURCES: tuple[SyncSource, ...] = ("manual", "osc", "daw", "midi", "link")
NEAR = 0.02
"""How far, as a share, a tempo that was found may lie from the one asked for to be the same."""
FINISHED: tuple[JobState, ...] = ("done", "failed", "cancelled", "interrupted")


@dataclass(frozen=True, slots=True)
class JobOptions:
    """How a job is run, apart from its sound; fields as in `JobRequest`."""

    request_id: str = ""
    batch: int = 1
    placement: Placement | None = None
    play: bool = False
    client: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A request for one or more takes.

    Attributes:
        spec: what to make; its None values are filled from the model when the job is queued.
        request_id: the client's own name for it, which stands for the job while that waits or runs: the same request
            under the same name gives it again.
        batch: how many takes, with seeds seed, seed + 1, ...
        placement: where the finished takes are delivered; None means the library alone.
        play: whether the take is heard while it is being decoded.
        kind: what the musician asked for, for lists and file names.
        client: who asks, by any of these addresses; none is the panel or MIDI.
    """

    spec: GenerationSpec
    request_id: str = ""
    batch: int = 1
    placement: Placement | None = None
    play: bool = False
    kind: JobKind = "generate"
    client: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Job:
    """One place in the queue and what became of it.

    Attributes:
        id: never used twice, as `j3fa90c12`.
        progress: 0..1 over the whole batch; never falls.
        eta_s: seconds left, or None while nothing is known.
        lead_sheet: one line about what the take plays that is being made or was made last; empty while not known.
        position: 0 when running or finished, else place in the queue from 1.
        spec: resolved: what the first take of the batch is made from.
        index: which take of the batch is being made or was made last, from 1.
        error: one sentence when failed, cancelled or interrupted.
        code: the error's code, or empty.
        created: seconds since the epoch.
    """

    id: str
    request_id: str
    kind: JobKind
    state: JobState
    spec: GenerationSpec
    stage: JobStage = "queued"
    progress: float = 0.0
    eta_s: float | None = None
    lead_sheet: str = ""
    position: int = 0
    error: str = ""
    code: Code | Literal[""] = ""
    take_ids: tuple[str, ...] = ()
    index: int = 1
    total: int = 1
    placement: Placement | None = None
    play: bool = False
    created: float = 0.0

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINISHED


@dataclass(frozen=True, slots=True)
class Take:
    """One audio file of the library with what its sidecar says.

    Attributes:
        id: the file's name without suffix; unique in the library.
        tempo_asked: BPM of the spec or the lead sheet, or None.
        tempo_measured: BPM found in the audio, or None when not (yet) measured or not found.
        key: the key asked for, else the one measured, as 'A minor'; empty if neither.
        key_measured: the key found in the audio, or empty.
        rating: 0 (none) to 5.
        created: seconds since the epoch.
        spec: all values of its `GenerationSpec` (`GenerationSpec.from_dict` takes them); empty for what was recorded.
        live: all values of the `LiveSettings` with which a recording of the live stream began; else empty.
        lead_sheet: one line about what it plays and where that comes from; the score itself is in the sidecar.
    """

    id: str
    path: Path
    name: str
    kind: TakeKind
    seconds: float
    sample_rate: int
    channels: int
    created: float
    job_id: str = ""
    tempo_asked: float | None = None
    tempo_measured: float | None = None
    key: str = ""
    key_measured: str = ""
    seed: int | None = None
    model: str = ""
    prompt: str = ""
    rating: int = 0
    favourite: bool = False
    loop: bool = False
    spec: dict[str, Any] = field(default_factory=dict[str, Any])
    live: dict[str, Any] = field(default_factory=dict[str, Any])
    lead_sheet: str = ""

    @property
    def tempo(self) -> float | None:
        """BPM by which its bars are counted: the one asked, made finer by a reading near it; a far one misheard it."""
        asked, found = self.tempo_asked, self.tempo_measured
        return found if asked is None or (found and abs(found - asked) < NEAR * asked) else asked

    @property
    def beats_per_bar(self) -> int:
        """Quarter notes in its bars; 4 where its settings say nothing."""
        beats = self.spec.get("beats_per_bar")
        return beats if isinstance(beats, int) and beats > 0 else 4


class TakeChange(TypedDict, total=False):
    """What may be changed of a finished take."""

    name: str
    rating: int
    favourite: bool


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for in the library; None or empty means any. The newest come first.

    Attributes:
        text: words, each of which must begin a word of name, prompt, key or model.
        tempo: BPM, one or from-to; the measured tempo counts, else the one asked; one means +-1 BPM.
        rating: at least so many stars.
        since: seconds since the epoch.
    """

    text: str = ""
    tempo: float | tuple[float, float] | None = None
    rating: int | None = None
    favourite: bool | None = None
    kind: TakeKind | None = None
    since: float | None = None
    until: float | None = None
    limit: int = 200
    offset: int = 0


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A registered model, for a list."""

    name: str
    title: str
    licence: str
    weights: str
    max_seconds: float
    sample_rate: int


@dataclass(frozen=True, slots=True)
class ModelState:
    """The engine's model: `detail` is for people, as 'ready on CPU, 2 threads, 0.4 GB'; `fraction` 0..1 of loading."""

    name: str = ""
    phase: ModelPhase = "unloaded"
    detail: str = ""
    fraction: float = 0.0


@dataclass(frozen=True, slots=True)
class TransportState:
    """Where the DAW is.

    Attributes:
        tempo: BPM; 120 until somebody says another (`tempo_known`).
        signature: beats in a bar and the note value of a beat.
        key: as 'A minor', or empty.
        beat: position in quarter notes at the time of the event.
        selection: start and end in quarter notes, or None.
        source: whose tempo and position count.
        quantize: when launches and live changes take effect.
    """

    tempo: float = 120.0
    tempo_known: bool = False
    signature: tuple[int, int] = (4, 4)
    key: str = ""
    playing: bool = False
    beat: float = 0.0
    selection: tuple[float, float] | None = None
    source: SyncSource = "manual"
    quantize: Quantize = "none"


class TransportChange(TypedDict, total=False):
    """What a DAW, a clock or the musician may say about the transport; fields as in `TransportState`."""

    tempo: float
    signature: tuple[int, int]
    key: str
    playing: bool
    beat: float
    selection: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class PlaybackState:
    """The output: what is heard and on which device.

    Attributes:
        take_id: the take being played, or None.
        job_id: the job being heard while it is decoded, or None.
        length: seconds known so far, 0 when nothing is loaded.
        loop: whether it repeats, and `loop_range` in seconds (None = the whole take).
        next_id: the take that waits for its boundary to begin, or None.
        gain_db: output gain.
        device: readable name, empty when there is none; `problem` then says why.
    """

    state: Literal["stopped", "playing", "paused", "waiting"] = "stopped"
    take_id: str | None = None
    job_id: str | None = None
    length: float = 0.0
    loop: bool = False
    loop_range: tuple[float, float] | None = None
    next_id: str | None = None
    gain_db: float = 0.0
    device: str = ""
    sample_rate: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class CaptureState:
    """The recorder: counting in, recording `seconds` so far, or idle; `take_id` is the last finished capture.

    It measures while it plays clicks to hear what lies between output and input.
    """

    state: Literal["idle", "count_in", "recording", "saving", "measuring"] = "idle"
    seconds: float = 0.0
    device: str = ""
    take_id: str | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class AudioDevice:
    """One device of the audio system: `id` is what `set_output` and `set_input` take."""

    id: str
    name: str
    host_api: str
    inputs: int
    outputs: int
    sample_rate: int
    default_input: bool = False
    default_output: bool = False


@dataclass(frozen=True, slots=True)
class Devices:
    """All audio devices there are; `problem` says why there are none.

    Attributes:
        latency: of the output in seconds, as it says.
        correction: seconds that were measured from the output to the input beyond what both say; None if nobody did.
    """

    audio: tuple[AudioDevice, ...] = ()
    output: str = ""
    input: str = ""
    problem: str = ""
    latency: float = 0.0
    correction: float | None = None


@dataclass(frozen=True, slots=True)
class MidiBinding:
    """A learned control: `message` as 'cc 21 ch 1', 'note 60 ch 1', 'program 3 ch 1'; target a parameter or action."""

    target: str
    message: str


@dataclass(frozen=True, slots=True)
class MidiState:
    """The MIDI input: its ports, the one in use, what is being learned, what is bound, whether a clock runs."""

    ports: tuple[str, ...] = ()
    input: str = ""
    learning: str = ""
    bindings: tuple[MidiBinding, ...] = ()
    clock: bool = False
    last: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Levels:
    """Meters, polled: one value in [0, 1+] per channel; `underruns` counts since the start."""

    out_peak: tuple[float, ...] = ()
    out_rms: tuple[float, ...] = ()
    in_peak: tuple[float, ...] = ()
    in_rms: tuple[float, ...] = ()
    underruns: int = 0
