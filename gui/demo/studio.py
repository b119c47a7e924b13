"""`Studio`: the real session, queue and library over the demo's engine and silent devices, in a folder of its own.

Knows the bridge's parts; the panel cannot tell it from the real thing, but for the state of the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bridge.delivery.daws import Daws
from bridge.delivery.deliveries import Deliveries
from bridge.delivery.owed import Owed
from bridge.events import Hub, ModelChanged, Publish
from bridge.jobs.making import Works
from bridge.jobs.queue import JobQueue
from bridge.model_files import ERRANDS, ModelFiles
from bridge.models import Models
from bridge.parameters import Parameters
from bridge.ports import ModelControl
from bridge.presets import Presets
from bridge.session import Session
from bridge.state import ModelState
from bridge.takes.library import Library
from bridge.transport import Transport
from engine.presets import PresetStore
from engine.spec import GenerationSpec
from engine.updates import Generates, Update
from gui.demo.daws import DemoDaw, DemoScripts, demo_daws
from gui.demo.engine import DemoEngine
from gui.demo.live import DemoLive
from gui.demo.playback import DeafCapture, QuietMidi, SilentPlayback
from gui.look.language import tr


class Model(ModelControl, Generates, Protocol):
    """An engine and the control of its model in one, as `EngineProcess` is."""


class DemoModel:
    """An engine whose model is always there."""

    def __init__(self, publish: Publish, engine: Generates) -> None:
        """Takes the engine that makes the takes."""
        self._publish, self._engine = publish, engine
        self._state = ModelState("sketch", "ready", tr("demo: drums and chords, no model"), 1.0)

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        """As the engine does."""
        return self._engine.generate(spec)

    def state(self) -> ModelState:
        """Ready, or unloaded."""
        return self._state

    def load(self, model: str) -> None:
        """Is loaded at once."""
        self._change(ModelState(model, "ready", tr("demo: drums and chords, no model"), 1.0))

    def unload(self) -> None:
        """Is gone at once."""
        self._change(ModelState(self._state.name, "unloaded", tr("no model loaded")))

    def close(self) -> None:
        """Nothing to end."""

    def _change(self, state: ModelState) -> None:
        self._state = state
        self._publish(ModelChanged(state))


@dataclass(frozen=True, slots=True)
class Studio:
    """Everything that runs."""

    hub: Hub
    session: Session
    library: Library
    playback: SilentPlayback
    live: DemoLive
    midi: QuietMidi
    presets: PresetStore
    daws: dict[str, DemoDaw]
    scripts: DemoScripts


def build_studio(
    folder: Path,
    engine: Generates | None = None,
    make_model: Callable[[Publish], Model] | None = None,
    errands: str = ERRANDS,
    loading: float = 0.0,
) -> Studio:
    """Builds a studio whose takes and presets lie in `folder`; its queue runs.

    Args:
        folder: where everything is kept.
        engine: makes the takes; the demo's own if none is given.
        make_model: builds an engine with a model of its own in place of `engine`, from where it tells its events.
        errands: the module that fetches models.
        loading: seconds that the live stream is starting.
    """
    hub = Hub()
    library = Library(folder / "takes", hub.publish, folder / "data")
    model = (
        make_model(hub.publish) if make_model else DemoModel(hub.publish, engine or DemoEngine())
    )
    transport = Transport(hub.publish)
    playback, midi = SilentPlayback(hub.publish, transport.state), QuietMidi(hub.publish)
    live = DemoLive(hub.publish, loading)
    ways, scripts = demo_daws(), DemoScripts("reaper", "ardour")
    daws = Daws(hub.publish, folder / "data", library.folder, ways=ways)
    owed = Owed(folder / "data" / "deliveries.json")
    daws.deliveries = Deliveries(hub.publish, owed, ways, scripts.set_up)
    deliver = daws.deliveries.owe
    queue = JobQueue(Works(model, library, hub.publish, stream=playback, deliver=deliver))
    presets, parameters = PresetStore(folder / "presets"), Parameters(hub.publish)
    session = Session(
        hub=hub,
        parameters=parameters,
        jobs=queue,
        takes=library,
        transport=transport,
        models=Models(
            parameters, model, ModelFiles(hub.publish, root=folder / "models", program=errands)
        ),
        presets=Presets(presets, parameters, hub.publish),
        daws=daws,
        playback=playback,
        capture=DeafCapture(hub.publish),
        live=live,
        midi=midi,
    )
    queue.start()
    daws.start(lambda daw, message: None)
    return Studio(hub, session, library, playback, live, midi, presets, ways, scripts)
