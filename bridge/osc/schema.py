"""The table of OSC commands: the one place that spells an address.

Dispatch, `/longtake/help`, `docs/osc.md` and the OSCQuery tree are made from `COMMANDS`; the parameters of the next job
join it from `engine.spec.PARAMETERS`, the settings of live from `engine.live_settings.LIVE`. Knows nothing of sockets
and calls no session.
"""

from __future__ import annotations

from bridge.delivery.placements import PLACES as PLACED
from bridge.delivery.targets import TARGETS
from bridge.delivery_state import FORMS
from bridge.osc.command import (
    Argument,
    Command,
    call,
    maybe,
    number,
    path,
    switch,
    value,
    whole,
    word,
)
from bridge.osc.pattern import is_pattern, matches, simplified
from bridge.state import QUANTIZES, SYNC_SOURCES
from engine.errors import choices
from engine.live_settings import LIVE
from engine.spec import PARAMETERS, Parameter

PROTOCOL = 1
TOPICS = (
    *("jobs", "params", "transport", "playback", "capture", "live"),
    *("daw", "model", "status", "errors"),
)

PAIR_NAMES = {
    "duration": "seconds_total",
    "bpm": "tempo",
    "negative": "negative_prompt",
    "cfg": "cfg_scale",
    "strength": "init_noise_level",
}
"""Short names of parameters that may follow as `key value`, besides every parameter's own name."""
PLACES = {
    "target": Parameter("text", "where the finished take is delivered", choices=tuple(TARGETS)),
    "place": Parameter("text", f"where it lies there: {choices(PLACED)}", most=80),
    "track": Parameter("text", "on which track: new, below, a name, or a number from 1", most=256),
    "form": Parameter("text", "as what it lies there", choices=FORMS),
}
OPTIONS = {
    "batch": Parameter("int", "how many takes, with the seeds after the first", "", 1, 64),
    **PLACES,
    "play": Parameter("bool", "whether it is heard while it is decoded"),
}
"""What else may follow as a pair: how the job is run and where its takes go, not how they sound."""


def _parameter(name: str, what: Parameter) -> Command:
    help = f"default of the next job: {what.help}"
    return value(f"param/{name}", help, Argument(name, what, open=True), name="param")


def _live(name: str, what: Parameter) -> Command:
    return value(f"live/{name}", what.help, Argument(name, what, open=True), name="live")


REQ = Argument("req", Parameter("text", "the client's own name for the request", most=256))
_PROMPT = Argument(
    "prompt",
    Parameter("text", "what the music is; empty takes the default of the next job"),
    open=True,
)
_ACK = "ack req job queue_pos"
_ID = word("id", "a take, a job or a request")
PLAYED = maybe(_ID)
_DELIVERY = word("delivery", "its id")
SENT = "sent delivery id target state text"
DAW = "daw target state detail"
SELECTION = "daw/selected path seconds track beat"
_SECONDS = number("seconds", "length of the new part", 0.5, 600, "s")
_STRENGTH = number("strength", "0 keeps the recording, 1 follows the prompt alone", 0, 1)
LIVE_STATE = "live/state phase latency_ms hop_ms load late dry"
MODEL_STATE = "model/state state name detail fraction"
MODEL_FILES = "model/files name state fraction mb problem"
_SPAN = (
    number("start", "where the new part begins", 0, 600, "s"),
    number("end", "where it ends", 0, 600, "s"),
)

CALLS = (
    call("ping", "whether somebody is there", answer="pong version proto"),
    call("info", "what is running", answer="info model device sample_rate max_seconds state"),
    call(
        "token",
        "lets this host in when the bridge listens beyond this machine",
        word("token", "the shared token of the settings"),
        answer="token ok",
    ),
    call(
        "subscribe",
        "events, for as long as the port on this machine is open, or for ttl seconds unless renewed",
        Argument(
            "topics", Parameter("text", "which; all when none is named", choices=TOPICS), True, True
        ),
        answer="subscribed ttl",
    ),
    call("unsubscribe", "no more events", answer="subscribed ttl"),
    call(
        "reply_to",
        "where this client's answers and events go",
        word("host", "an address of the client's own machine"),
        whole("port", "its port; 0 goes back to the port it sends from", 0, 65535),
        answer="reply_to host port",
    ),
    call(
        "help",
        "one line for each address",
        maybe(word("address", "only this one")),
        answer="help address types text",
    ),
    call("generate", "makes a take", REQ, _PROMPT, answer=_ACK, pairs="settings"),
    call(
        "transform",
        "makes a recording into something else",
        REQ,
        path("path", "the recording"),
        _PROMPT,
        _STRENGTH,
        answer=_ACK,
        pairs="settings",
    ),
    call(
        "continue",
        "goes on after the end of a recording",
        REQ,
        path("path", "the recording"),
        _SECONDS,
        answer=_ACK,
        pairs="settings",
    ),
    call(
        "inpaint",
        "makes a part of a recording anew",
        REQ,
        path("path", "the recording"),
        *_SPAN,
        maybe(_PROMPT),
        answer=_ACK,
        pairs="settings",
    ),
    call(
        "vary",
        "makes something near a take",
        REQ,
        word("job_id", "the job or take to start from"),
        maybe(number("amount", "0 is the same take, 1 another one", 0, 1)),
        answer=_ACK,
        pairs="options",
    ),
    call(
        "remake",
        "makes a part of a take anew by its own settings",
        REQ,
        _ID,
        *_SPAN,
        answer=_ACK,
        pairs="options",
    ),
    call(
        "fit",
        "stretches a take to the exact tempo it was asked to have, or another; a new take follows",
        word("id", "the take, or the job that made it"),
        maybe(number("tempo", "tempo to reach", 30, 300, "BPM")),
    ),
    call("notes", "writes a take's notes as a MIDI file beside it", _ID, answer="notes id path"),
    call("job/retry", "runs again what failed or was interrupted", _ID, answer=_ACK),
    call("job/get", "how a job stands", _ID, answer="job id state progress path error"),
    call(
        "cancel",
        "ends a job",
        word("id", "a job, a request of the client's own, or * for all"),
        answer="cancelled id",
    ),
    call("queue", "the jobs that wait or run", answer="queue n ids..."),
    call("queue/clear", "cancels the jobs that wait", answer="queue n ids..."),
    call("play", "plays a take at the next step of quantize; without id goes on", PLAYED),
    call("stop", "fades out and goes to the start"),
    call("seek", "goes to a place in the take", number("seconds", "where", 0, 36_000, "s")),
    call(
        "send",
        "delivers a take to a DAW; without target, to the one whose companion is there",
        _ID,
        maybe(Argument("target", PLACES["target"])),
        maybe(Argument("place", PLACES["place"])),
        maybe(Argument("track", PLACES["track"])),
        maybe(Argument("form", PLACES["form"])),
        answer=SENT,
    ),
    call("send/again", "delivers once more what was refused or is unsure", _DELIVERY, answer=SENT),
    call("send/drop", "delivers no more what is owed", _DELIVERY, answer=SENT),
    call("send/list", "the last deliveries, the newest first", answer=SENT),
    call("daw/list", "where takes can be delivered", answer=DAW),
    call(
        "daw/selection",
        "hands over audio that is selected in a DAW: as a recording to transform, continue or inpaint, and as a place",
        path("path", "the file"),
        maybe(number("start", "where it begins in the file", 0, 36_000, "s")),
        maybe(
            number("end", "where it ends in the file; the file's end if not given", 0, 36_000, "s")
        ),
        maybe(word("track", "the track it lies on")),
        maybe(number("beat", "where it begins in the song", 0, 1e6, "quarter notes")),
        answer=SELECTION,
    ),
    call(
        "capture/start",
        "records the input; the take follows when it is stopped or falls silent",
        maybe(word("source", "an input device's id")),
        maybe(whole("count_in_bars", "bars of metronome before", 0, 8)),
        maybe(whole("metronome", "1: it goes on while recording", 0, 1)),
        answer="captured path seconds",
    ),
    call("capture/stop", "ends the recording", answer="captured path seconds"),
    call(
        "live/start",
        "the input becomes another instrument; while it is on, only the prompt is set",
        maybe(word("prompt", "what it becomes; the one that is set if none is given")),
    ),
    call("live/stop", "fades out, and ends what is recorded of it"),
    call(
        "output/list",
        "the output devices",
        answer="output/list index n id name host_api sample_rate",
    ),
    call("preset/list", "the presets", answer="preset/list index n name"),
    call("preset/load", "sets the parameters a preset names", word("name", "which")),
    call("preset/save", "saves the parameters that were set", word("name", "under which name")),
    call("model/list", "the models", answer="model/list index n name title max_seconds"),
    call(
        "model/load", "loads a model in the background", word("name", "which"), answer=MODEL_STATE
    ),
    call("model/unload", "frees the model's memory", answer=MODEL_STATE),
    call("model/files", "which models' files are on this machine", answer=MODEL_FILES),
    call(
        "model/download",
        "fetches a model's files, or goes on with that; its licence was accepted in the panel or the terminal",
        word("name", "which"),
        answer=MODEL_FILES,
    ),
    call(
        "model/pause",
        "ends a download so that it can go on",
        word("name", "which"),
        answer=MODEL_FILES,
    ),
    call("panic", "stops all sound and cancels every job"),
)

_TEMPO = PARAMETERS["tempo"]
VALUES = (
    value("transport/tempo", "the DAW's tempo", Argument("tempo", _TEMPO)),
    value("transport/playing", "whether the DAW runs", switch("playing", "1 runs, 0 stands")),
    value(
        "transport/beat",
        "the DAW's position",
        number("beat", "from the start", -1e6, 1e6, "quarter notes"),
    ),
    value(
        "transport/signature",
        "the DAW's metre",
        whole("beats", "beats in a bar", 1, 32),
        whole("value", "note value of a beat", 1, 32),
    ),
    value("transport/key", "the DAW's key", word("key", "as 'A minor'; empty for none")),
    value(
        "transport/selection",
        "the DAW's selection or loop range; start = end for none",
        number("start", "where it begins", -1e6, 1e6, "quarter notes"),
        number("end", "where it ends", -1e6, 1e6, "quarter notes"),
    ),
    value("sync/source", "whose tempo and position count", word("source", "which", SYNC_SOURCES)),
    value(
        "quantize", "when a take that is played begins", word("grid", "on which grid", QUANTIZES)
    ),
    value("live/record", "whether what is heard of live is recorded", switch("on", "1 records")),
    value("gain", "level of the output", number("gain_db", "how much louder", -60, 12, "dB")),
    value(
        "loop",
        "whether what is played repeats",
        switch("on", "1 repeats"),
        maybe(number("start", "where the loop begins", 0, 36_000, "s")),
        maybe(number("end", "where it ends", 0, 36_000, "s")),
    ),
    value(
        "output/device", "the output device", word("id", "as in output/list; empty for the default")
    ),
)

COMMANDS: dict[str, Command] = {
    command.address: command
    for command in (
        *CALLS,
        *VALUES,
        *(_live(name, what) for name, what in LIVE.items()),
        *(_parameter(name, what) for name, what in PARAMETERS.items()),
    )
}
"""Address -> command: the one table."""


def find(address: str) -> list[Command]:
    """The commands an address means: one, or every value that a pattern of `*` and `?` matches."""
    exact = COMMANDS.get(address)
    if exact:
        return [exact]
    if not is_pattern(address):
        return []
    address = simplified(address)
    return [c for c in COMMANDS.values() if c.role == "value" and matches(address, c.address)]


def pair_name(key: str) -> str | None:
    """The parameter or option a pair's key means, or None."""
    name = PAIR_NAMES.get(key, key)
    return name if name in PARAMETERS or name in OPTIONS else None
