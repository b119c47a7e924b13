"""An engine on a cluster behind the same `generate(spec)`: each `next` does its step of work there.

The engine's process at its place belongs to this one: it ends with it, and one that dies is replaced with the next
take. Updates are asked for one by one, two ahead, so that neither side waits for the way between them, and no more
than that is made for somebody who is slow or has closed the iterator. Knows nothing of bridges.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from contextlib import ExitStack
from typing import Any

from engine.errors import LongtakeError
from engine.fleet.cluster import address_of, cluster, nodes_of, shares
from engine.fleet.luggage import named, packed
from engine.fleet.place import REAL_ENGINE, Building, Ended, Player
from engine.spec import GenerationSpec
from engine.updates import Step, Update

AHEAD = 2
"""Updates that are asked for before the first of them is there."""
PATIENCE = 60.0
"""Seconds that a cluster may take to say what its engine runs on."""


class RemoteEngine:
    """One engine on a cluster, with one take at a time."""

    elsewhere = True
    """Its memory is not this process's."""

    def __init__(self, address: str, factory: str = REAL_ENGINE) -> None:
        """Connects to nothing yet.

        Args:
            address: HOST:PORT, ray://HOST:PORT or auto; `ray:` for a cluster of this machine alone.
            factory: dotted path of what builds the engine there.

        Raises:
            SpecError: if there can be no such cluster.
        """
        self._address = address_of(address)
        self._factory = factory
        self._ending = ExitStack()
        self._ray: Any = None
        self._player: Any = None
        self.loaded = ""

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        """Generates a take on the cluster, which gets the bytes of its recording; see `Generates`.

        Raises:
            LongtakeError: whatever the engine raises; or if the cluster is gone, or its engine ends meanwhile.
        """
        files = {path: packed(path) for path in named(spec)}
        yield from self._played(lambda player: player.generate.remote(spec, files))

    def load(self, model: str) -> Generator[Step, None, None]:
        """Loads a model there; yields steps of the stage "loading".

        Raises:
            LongtakeError: as `generate`.
        """
        for update in self._played(lambda player: player.load.remote(model)):
            if isinstance(update, Step):
                yield update

    def unload(self) -> None:
        """Frees the model's memory there."""
        self.loaded = ""
        if self._player is not None:
            self._player.unload.remote()

    def describe(self) -> str:
        """The cluster, and what the engine runs on."""
        if self._player is None:
            return self._address
        try:
            there = self._ray.get(self._player.describe.remote(), timeout=PATIENCE)
        except self._ray.exceptions.RayError:
            return self._address
        return f"{there}, {self._address}"

    def close(self) -> None:
        """Ends the engine there, and a cluster that was started for it."""
        self._player = self._ray = None
        self._ending.close()

    def _played(self, begin: Callable[[Any], object]) -> Generator[Update, None, None]:
        try:
            player = self._player = self._player or self._placed()
            begin(player)
            # A player does one thing after the other, in the order in which it is asked.
            asked = deque(player.more.remote() for _ in range(AHEAD))
            try:
                while not isinstance(update := self._ray.get(asked.popleft()), Ended):
                    asked.append(player.more.remote())
                    yield update
            finally:
                player.stop.remote()
        except Exception as error:
            if not self._is_lost(error):
                raise
            self._player, self.loaded = None, ""
            if isinstance(error, ConnectionError):
                self.close()
            raise LongtakeError(
                f"The engine on the cluster {self._address} ended, or its machine is gone; the next take gets another."
            ) from error
        self.loaded = update.loaded
        if update.error:
            raise update.error.error()

    def _placed(self) -> Any:
        """A process for an engine with its share of the cluster; the first connects."""
        if self._ray is None:
            self._ray = self._ending.enter_context(cluster(self._address))
        share = shares(nodes_of(self._ray), "auto", 1)
        building = Building(self._factory, cores=0 if share.gpus else share.cpus)
        placed = self._ray.remote(Player).options(num_cpus=share.cpus, num_gpus=share.gpus)
        return placed.remote(building)

    def _is_lost(self, error: Exception) -> bool:
        lost = () if self._ray is None else (self._ray.exceptions.RayError,)
        return isinstance(error, (ConnectionError, *lost))
