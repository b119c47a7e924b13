"""The models of the registry, their files (`files`), and the one that the engine holds.

Knows the engine only as `ModelControl`; without one, no model can be loaded.
"""

from __future__ import annotations

from bridge.errors import BridgeError
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
        """Loads into `engine`; a loaded model also becomes the parameter `model`."""
        self.files = files or ModelFiles(lambda _: None)
        self._parameters = parameters
        self._engine = engine

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
        """Loads a model in the background and makes it the one of the next job.

        Raises:
            BridgeError: `out_of_range` if there is no such model, `not_loaded` without an engine.
        """
        self._parameters.set("model", name)
        if self._engine is None:
            raise BridgeError("not_loaded", "There is no engine here that could load a model.")
        self._engine.load(name)

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
