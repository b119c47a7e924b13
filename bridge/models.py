"""The models of the registry, their files (`files`), and the one that the engine holds.

Knows the engine only as `ModelControl`; without one, no model can be loaded.
"""

from __future__ import annotations

import threading

from bridge.errors import BridgeError
from bridge.events import Event, ModelChanged
from bridge.model_files import ModelFiles
from bridge.parameters import Parameters
from bridge.ports import ModelControl
from bridge.state import ModelInfo, ModelState
from engine.registry import all_models


class Models:
    """Lists models, and loads and unloads them; `ModelChanged` tells how that goes."""

    def __init__(
        self,
        parameters: Parameters,
        engine: ModelControl | None = None,
        files: ModelFiles | None = None,
    ) -> None:
        """Loads into `engine`; a model that is loaded also becomes the parameter `model`."""
        self.files = files or ModelFiles(lambda _: None)
        self._parameters = parameters
        self._engine = engine
        self._lock = threading.Lock()
        self._asked: list[str] = []
        self._before = ""

    def all(self) -> list[ModelInfo]:
        """The registered models and the user's own, as they are now."""
        return [
            ModelInfo(m.name, m.title, m.licence, m.weights, m.max_seconds, m.sample_rate)
            for m in all_models().values()
        ]

    def state(self) -> ModelState:
        """Whether the model is loading, ready or gone."""
        return (
            self._engine.state() if self._engine else ModelState(detail="There is no engine here.")
        )

    def load(self, name: str) -> None:
        """Loads a model in the background and makes it the one of the next job, until loading fails (`hear`).

        Raises:
            BridgeError: `out_of_range` if there is no such model, `not_loaded` without an engine.
        """
        if self._engine is None:
            raise BridgeError("not_loaded", "There is no engine here that could load a model.")
        with self._lock:
            present = self._parameters.get("model")
            self._parameters.set("model", name)
            if present not in self._asked[-1:]:  # Somebody chose it since.
                self._asked, self._before = [], present
            self._asked.append(name)
            self._engine.load(name)

    def hear(self, event: Event) -> None:
        """Takes a model that could not be loaded back: the next job's is the last that could, or what was set since."""
        if not isinstance(event, ModelChanged) or event.model.phase not in ("ready", "failed"):
            return
        name = event.model.name
        with self._lock:
            if name not in self._asked:
                return
            self._asked.remove(name)
            if event.model.phase == "ready":
                self._before = name
            elif name not in self._asked and self._parameters.get("model") == name:
                self._parameters.set("model", self._before)

    def unload(self) -> None:
        """Frees the model's memory."""
        if self._engine:
            self._engine.unload()

    def remove(self, name: str) -> None:
        """Deletes a model's files; the one in memory is unloaded first."""
        if self.state().name == name:
            self.unload()
        self.files.remove(name)

    def close(self) -> None:
        """Ends the engine, and pauses downloads."""
        self.files.close()
        if self._engine:
            self._engine.close()
