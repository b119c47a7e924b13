"""The composition root: builds settings, library, engine, session, transport, OSC, MIDI and audio, and ends them.

The one file of the bridge that knows all the others; nothing imports it but `__main__`, the panel and the command.
`build` does what may fail at once (settings, folders, ports); `start` begins everything in the background, so that
OSC answers before the model, the devices or ten thousand takes are read.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bridge.asks import Asks
from bridge.audio.system import AudioOptions, AudioSystem
from bridge.broken_file import BrokenFile, set_aside
from bridge.closing import close_all
from bridge.delivery.bitwig import BitwigWay
from bridge.delivery.companion import Companions
from bridge.delivery.dawproject import DawprojectWay
from bridge.delivery.daws import Daws
from bridge.delivery.desk import Desk
from bridge.delivery.folder import FolderWay
from bridge.delivery.spool import Spool
from bridge.delivery.way import Way
from bridge.engine_process.process import REAL_ENGINE, REMOTE_ENGINE, EngineProcess
from bridge.engine_process.vigil import Limits
from bridge.errors import BridgeError
from bridge.events import Event, Hub, Notice, SettingChosen
from bridge.instance import InstanceLock
from bridge.jobs.journal import Journal
from bridge.jobs.making import Works
from bridge.jobs.queue import JobQueue
from bridge.link import LinkFollower
from bridge.live.control import LiveControl, LiveOptions
from bridge.live.devices import SystemDevices
from bridge.live.engine import REAL_ENGINE as REAL_LIVE_ENGINE
from bridge.midi.input import MidiInput, MidiOptions
from bridge.model_files import ModelFiles
from bridge.models import Models
from bridge.osc.server import OscOptions, OscServer
from bridge.parameters import Parameters
from bridge.places import Places, folder, places
from bridge.presets import Presets
from bridge.requests import count_in_time
from bridge.session import Session
from bridge.settings import SettingsFile, osc_folders, takes_folder
from bridge.settings_table import Settings
from bridge.takes import recordings
from bridge.takes.library import Library
from bridge.transport import Transport
from engine.errors import PresetError
from engine.live_settings import LiveSettings
from engine.presets import PresetStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppOptions:
    """What the command line says beyond the settings file.

    Attributes:
        engine: dotted path of the engine's factory.
        takes: whether takes are made; without, no engine is started for them.
        live_engine: dotted path of what begins live streams.
        live: what live is set to, the settings file's if None.
        change: derives this run's settings from those in the file.
        strict: whether a busy OSC port ends `build`; else it is one of `App.problems`.
    """

    engine: str = REAL_ENGINE
    takes: bool = True
    live_engine: str = REAL_LIVE_ENGINE
    live: LiveSettings | None = None
    change: Callable[[Settings], Settings] = lambda settings: settings
    strict: bool = False


class App:
    """Everything that runs; `session` is what front ends talk to."""

    def __init__(self, options: AppOptions, where: Places, settings: SettingsFile) -> None:
        """Called by `build`.

        Raises:
            LongtakeError: if a folder cannot be used or another Longtake runs.
        """
        self.settings = settings
        self.problems: list[str] = []
        self._lock = InstanceLock(where.data)
        self._ends: list[Callable[[], None]] = [self._lock.close]
        try:
            self._build(options, where)
        except BaseException:
            self.close()
            raise

    def _build(self, options: AppOptions, where: Places) -> None:
        chosen = options.change(self.settings.settings)
        self._makes_takes = options.takes
        hub = self._hub = Hub()
        hub.subscribe(_log_notice)
        parameters = Parameters(hub.publish)
        transport = Transport(hub.publish)
        self.library = Library(takes_folder(chosen, where), hub.publish, where.data)
        self.library.rate = chosen.takes.sample_rate
        self._audio = self._sound(chosen, transport, parameters) if chosen.audio.enabled else None
        self.engine = EngineProcess(
            hub.publish,
            _factory(options.engine, chosen.engine.address),
            chosen.engine.model if chosen.engine.load_at_start else "",
            Limits(patience=chosen.engine.patience),
        )
        journal = Journal(where.data / "jobs.jsonl")
        stream = self._audio.player if self._audio else None
        daws = self._daws(chosen, where, transport)
        works = Works(self.engine, self.library, hub.publish, journal, stream, daws.deliveries.owe)
        self._queue = JobQueue(works)
        keeper = _Keeper(self.settings, hub)
        self._ends.append(keeper.close)
        self.session = Session(
            hub=hub,
            parameters=parameters,
            jobs=self._queue,
            takes=self.library,
            transport=transport,
            models=Models(parameters, self.engine, ModelFiles(hub.publish, chosen.engine.licences)),
            presets=Presets(PresetStore(where.presets), parameters, hub.publish),
            daws=daws,
        )
        self._ends.append(self.session.close)
        self._asks = Asks(self.session, hub.publish)
        self._ends.append(self._asks.close)
        if self._audio:
            self.session.playback, self.session.capture = self._audio.player, self._audio.recorder
            self.library.changes.let_go = self._audio.player.let_go
            self.session.live = self._live(chosen, options, self._audio)
        self._ends.append(LinkFollower(self.session, hub.publish).close)
        self._midi = self._controls(chosen) if chosen.midi.enabled else None
        if chosen.engine.model != parameters.get("model"):
            parameters.set("model", chosen.engine.model)
        self.osc = self._osc(chosen, where, options.strict) if chosen.osc.enabled else None

    def _daws(self, chosen: Settings, where: Places, transport: Transport) -> Daws:
        """The DAWs that can be reached; those with a script of ours find us in a folder of our data."""
        daw, spool = chosen.daw, where.data / "spool"
        ways: dict[str, Way] = {"dawproject": DawprojectWay(lambda: transport.state().signature)}
        ways["folder"] = FolderWay(folder(daw.folder) if daw.folder else None)
        companions = None
        if daw.enabled:
            files = Spool({name: spool / name for name in ("reaper", "ardour")})
            desk = Desk(spool, frozenset({"ableton"}))
            carriers = {"reaper": files, "ardour": files, "ableton": desk}
            companions = Companions(carriers, daw.copy)
            ways["bitwig"] = BitwigWay(port=daw.bitwig)
        return Daws(self._hub.publish, where.data, self.library.folder, companions, ways)

    def _sound(self, chosen: Settings, transport: Transport, asked: Parameters) -> AudioSystem:
        audio = chosen.audio
        options = AudioOptions(
            output=audio.output,
            input=audio.input,
            sample_rate=audio.sample_rate or None,
            latency="low" if audio.latency == "low" else "high",
            asio=audio.asio,
            corrections=audio.corrections,
        )
        begin = partial(recordings.begin, self.library)
        return AudioSystem(
            self._hub.publish,
            transport.state,
            begin,
            options,
            lambda: count_in_time(transport.state(), asked.chosen()),
        )

    def _live(self, chosen: Settings, options: AppOptions, audio: AudioSystem) -> LiveControl:
        kept = chosen.live
        settings = LiveSettings(
            prompt=kept.prompt, model=kept.model, delay=kept.delay, late=kept.late
        )
        live = LiveOptions(
            engine=options.live_engine,
            lead=kept.lead / 1000.0,
            settings=options.live or settings,
            missing=self.session.models.files.missing,
        )
        begin = partial(recordings.begin, self.library)
        transport = self.session.transport.state
        return LiveControl(SystemDevices(audio), self._hub.publish, transport, begin, live)

    def _controls(self, chosen: Settings) -> MidiInput | None:
        midi = chosen.midi
        options = MidiOptions(midi.input, midi.virtual_port, midi.learned)
        try:
            controls = MidiInput(self.session, self._hub.publish, options)
        except BridgeError as error:
            self.problems.append(f"MIDI is off: {error}")
            return None
        self.session.midi = controls
        return controls

    def _osc(self, chosen: Settings, where: Places, strict: bool) -> OscServer | None:
        osc = chosen.osc
        options = OscOptions(
            host=osc.host,
            port=osc.port,
            query_port=None if osc.query_port < 0 else osc.query_port,
            hosts=osc.hosts,
            token=osc.token,
            folders=osc_folders(chosen, where),
            subscription=float(osc.subscription),
        )
        try:
            server = OscServer(self.session, self._hub.publish, options)
        except BridgeError as error:
            if strict:
                raise
            self.problems.append(f"OSC is off: {error}")
            return None
        self._ends.append(server.close)
        return server

    def start(self) -> None:
        """Begins all work in the background and returns."""
        self._queue.start()
        if self.osc:
            self.osc.start()
        if self._audio:
            self._audio.start()
        if self._midi:
            self._midi.start()
        self._asks.start()
        threading.Thread(target=self._read_library, name="library", daemon=True).start()
        if self._makes_takes:
            self.engine.start()

    def close(self) -> None:
        """Ends every thread and child; one that fails to end does not stop the others."""
        ends, self._ends = self._ends[::-1], []
        close_all(ends)

    def _read_library(self) -> None:
        try:
            for take in recordings.finish_left(self.library):
                words = f"A recording of {take.seconds:.1f} s that was cut short is a take now."
                self._hub.publish(Notice("info", "", words))
            changed = self.library.reconcile()
            _log.info(
                "The library in %s is read, %d takes are new or gone", self.library.folder, changed
            )
        except Exception:
            _log.exception("The library could not be read")
            self._hub.publish(
                Notice("error", "io", f"The takes in {self.library.folder} could not be read.")
            )


def _factory(engine: str, address: str) -> str:
    """What builds the engine, or what stands for one on a cluster."""
    return f"{REMOTE_ENGINE} {address} {engine}" if address else engine


def _log_notice(event: Event) -> None:
    """Writes down what musicians are told: without a panel and a client there is nothing else to read it in."""
    if isinstance(event, Notice):
        _log.log(getattr(logging, event.level.upper()), "%s", event.text)


class _Keeper:
    """Writes chosen devices and learned controls into the settings file, on a thread of its own.

    A choice that cannot be written is reported, and still holds until the program ends.
    """

    def __init__(self, settings: SettingsFile, hub: Hub) -> None:
        self._settings = settings
        self._hub = hub
        self._writer = ThreadPoolExecutor(1, "settings")
        hub.subscribe(self._hear)

    def close(self) -> None:
        """Returns when everything is written."""
        self._writer.shutdown()

    def _hear(self, event: Event) -> None:
        if isinstance(event, SettingChosen):
            self._writer.submit(self._write, event)

    def _write(self, chosen: SettingChosen) -> None:
        try:
            self._settings.change(chosen.section, chosen.key, chosen.value)
        except PresetError as error:
            self._hub.publish(Notice("warning", "io", f"The choice was not kept: {error}"))


def build(options: AppOptions | None = None) -> App:
    """Builds everything; nothing runs before `App.start`.

    Raises:
        LongtakeError: with a sentence: a wrong settings file, an unusable folder, another Longtake that runs.
    """
    where = places()
    return App(options or AppOptions(), where, SettingsFile(where.settings))


def settings_or_defaults(path: Path, defaults: bool) -> SettingsFile:
    """The settings; with `defaults`, a file that cannot be read is set aside first.

    Raises:
        PresetError: if it cannot be read, or not be set aside.
    """
    try:
        return SettingsFile(path)
    except BrokenFile as error:
        if not defaults:
            raise PresetError(f"{error} Mend it, or start with --defaults.") from error
        kept = set_aside(path)
        _log.warning("%s Longtake starts with the defaults; the file is now %s", error, kept)
        return SettingsFile(path)
