"""An engine at its place in a cluster: built there with its share of the machine, it makes takes and says what came.

Knows nothing of Ray: rows of takes go through `Rendering`, one take after the other, and `Player` is asked for each
update of one. Both run in a process of their own, which ends with the cluster.
"""

from __future__ import annotations

import importlib
import logging
import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any

from engine import __version__
from engine.errors import LongtakeError, SpecError, known, sentence
from engine.fleet.luggage import Luggage, named, retold, unpacked
from engine.spec import GenerationSpec
from engine.together import Together
from engine.updates import Generates, GeneratesBatches, Step, Update

REAL_ENGINE = "engine.engine:Engine"
TRIES = 2
"""So many engines may end while they make a take, before it is given up."""
ENDED_ENGINES = "Its engine ended twice while it was made, perhaps because memory ran out; make it alone, or shorter."
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Building:
    """How an engine is built at its place.

    Attributes:
        factory: dotted path of what builds it.
        settings: what the factory is given.
        cores: how many it may use; 0 for all.
        version: of the Longtake that wants it.
    """

    factory: str = REAL_ENGINE
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    cores: int = 0
    version: str = __version__

    def build(self) -> Generates:
        """The engine.

        Raises:
            LongtakeError: if it cannot be built here, or another Longtake is installed here.
        """
        if self.version != __version__:
            raise SpecError(
                f"Longtake {self.version} asks, and {socket.gethostname()} has {__version__}; install the same on both."
            )
        if self.cores:
            # Before torch is imported.
            os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(self.cores)
        module, _, name = self.factory.partition(":")
        return getattr(importlib.import_module(module), name)(**self.settings)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error on its way: the name of its class, and its sentence."""

    kind: str
    text: str

    @classmethod
    def of(cls, error: Exception, *retell: GenerationSpec) -> Failure:
        """Of an error that was raised here; with the spec here and the asked one, it names the files asked for."""
        text = sentence(error)
        return cls(type(error).__name__, retold(text, *retell) if retell else text)

    def error(self) -> LongtakeError:
        """The same again, in its own class if that is one of ours."""
        return known(self.kind)(self.text)


@dataclass(frozen=True, slots=True)
class Produced:
    """What came of one take.

    Attributes:
        index: its number among those asked for.
        updates: what the engine said, without steps of denoising, and after how many seconds.
        sharing: how many takes shared its batch.
        error: what ended it; None if it is whole.
    """

    index: int
    updates: Sequence[tuple[float, Update]] = ()
    sharing: int = 1
    error: Failure | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The last that is said of a take, or of a model that is loaded.

    Attributes:
        error: what ended it; None if it is whole.
        loaded: the model that the engine holds now; empty if it holds none.
    """

    error: Failure | None = None
    loaded: str = ""


class Tries:
    """How often each take was begun and not ended: so often its engine ended with it."""

    def __init__(self) -> None:
        """Nothing was begun."""
        self._open = Counter[int]()

    def begin(self, takes: Sequence[int]) -> int:
        """Takes are begun together; gives how often the most unlucky of them had been before."""
        before = max(self._open[take] for take in takes)
        self._open.update(takes)
        return before

    def end(self, take: int) -> None:
        """A take was ended, whole or with an error."""
        self._open[take] -= 1


class Rendering:
    """Makes takes in groups, as a stage of Ray Data does with its rows."""

    def __init__(
        self,
        building: Building,
        files: Callable[[str], Luggage],
        begin: Callable[[Sequence[int]], int],
        end: Callable[[int], None],
    ) -> None:
        """Builds nothing yet: what fails must fail takes, and not the stage.

        Args:
            building: how its engine is built.
            files: fetches what a path of the asking machine means.
            begin: as `Tries.begin`, for all places.
            end: as `Tries.end`.
        """
        self._building, self._files, self._begin, self._end = building, files, begin, end
        self._engine: Generates | None = None

    def made(self, group: Sequence[tuple[int, GenerationSpec]]) -> Generator[Produced, None, None]:
        """Makes takes, together where they fit together; each comes as soon as it is whole."""
        with ExitStack() as ending:
            specs: list[GenerationSpec] = []
            try:
                self._engine = engine = self._engine or self._building.build()
                for _, spec in group:
                    brought = {path: self._files(path) for path in named(spec)}
                    specs.append(ending.enter_context(unpacked(spec, brought)))
            except Exception as error:
                yield from (Produced(index, error=Failure.of(error)) for index, _ in group)
                return
            indices = [index for index, _ in group]
            together = False
            if len(specs) > 1 and isinstance(engine, GeneratesBatches):
                # Of those that were with one that ended their engine, each gets a chance of its own.
                together = not self._begin(indices)
                if together:
                    engine = Together(engine, specs, len(specs), _log.warning)
                    ending.callback(engine.close)
                else:
                    for index in indices:
                        self._end(index)
            for (index, asked), spec in zip(group, specs, strict=True):
                if not together and self._begin([index]) >= TRIES:
                    yield Produced(index, error=Failure("LongtakeError", ENDED_ENGINES))
                else:
                    yield _made(index, engine, spec, asked)
                self._end(index)


def _made(index: int, engine: Generates, spec: GenerationSpec, asked: GenerationSpec) -> Produced:
    began, said = time.monotonic(), list[tuple[float, Update]]()
    try:
        with closing(engine.generate(spec)) as updates:
            for update in updates:
                if not isinstance(update, Step) or update.stage == "loading":
                    said.append((time.monotonic() - began, update))
    except Exception as error:
        return Produced(index, error=Failure.of(error, spec, asked))
    return Produced(index, said, getattr(engine, "sharing", 1))


class Player:
    """One engine whose updates are asked for one by one; what is not asked for is not worked on."""

    def __init__(self, building: Building) -> None:
        """Builds nothing yet."""
        self._building = building
        self._engine: Any = None
        self._updates: Generator[Update, None, None] | None = None
        self._retell: tuple[GenerationSpec, ...] = ()

    def generate(self, spec: GenerationSpec, files: Mapping[str, Luggage]) -> None:
        """Begins a take; one that is under way is stopped."""
        self.stop()
        self._updates = self._take(spec, files)

    def load(self, model: str) -> None:
        """Begins to load a model."""
        self.stop()
        self._updates = self._loading(model)

    def more(self) -> Update | Ended:
        """Does one step of work and gives its update, or how it ended."""
        failure = None
        try:
            update = None if self._updates is None else next(self._updates, None)
            if update is not None:
                return update
        except Exception as error:
            _log.warning("The take failed", exc_info=error)
            failure = Failure.of(error, *self._retell)
        self.stop()
        return Ended(failure, str(getattr(self._engine, "loaded", "")))

    def stop(self) -> None:
        """Stops the take and frees its memory."""
        updates, self._updates = self._updates, None
        if updates is not None:
            updates.close()
        self._retell = ()

    def unload(self) -> None:
        """Frees the model's memory."""
        self.stop()
        if self._engine is not None:
            self._engine.unload()

    def describe(self) -> str:
        """Where it runs and on what."""
        return f"{self._built().describe()} of {socket.gethostname()}"

    def _take(
        self, asked: GenerationSpec, files: Mapping[str, Luggage]
    ) -> Generator[Update, None, None]:
        with unpacked(asked, files) as spec:
            self._retell = (spec, asked)
            with closing(self._built().generate(spec)) as updates:
                yield from updates

    def _loading(self, model: str) -> Generator[Update, None, None]:
        yield from self._built().load(model)

    def _built(self) -> Any:
        if self._engine is None:
            self._engine = self._building.build()
        return self._engine
