"""A list of takes made by a pool of engines on a Ray cluster; what came of each is told as a take that is made here.

`produced` is the pipeline of Ray Data: groups of takes go to engines, whole takes come back through the object store,
as many as it has room for. Ray starts an engine that died again, with what it was making. `Fleet` then stands before
whoever writes takes. Knows nothing of files that are written.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from engine.errors import LongtakeError
from engine.fleet.cluster import LOCAL, cluster, imported, nodes_of, shares
from engine.fleet.luggage import named, packed
from engine.fleet.place import Building, Failure, Produced, Rendering, Tries
from engine.spec import GenerationSpec
from engine.updates import Update

Numbered = tuple[int, GenerationSpec]


@dataclass(frozen=True, slots=True)
class Pool:
    """Engines that make a list.

    Attributes:
        building: how each is built; its cores are those of its share.
        device: as `Engine` takes it.
        engines: how many; None for as many as the cluster has room for.
        at_once: how many takes an engine makes together.
    """

    building: Building = field(default_factory=Building)
    device: str = "auto"
    engines: int | None = None
    at_once: int = 1


class Fleet:
    """Stands where an engine stands: makes all takes at once, and gives each when it is whole."""

    def __init__(self, pool: Pool, address: str = LOCAL) -> None:
        """Connects to nothing yet; the address is as `cluster.address_of` gives it."""
        self._pool, self._address = pool, address
        self._here = Produced(-1)
        self._now = 0.0

    @property
    def sharing(self) -> int:
        """How many takes shared the batch of the take at hand."""
        return self._here.sharing

    def clock(self) -> float:
        """Seconds that its engine had spent on the take at hand when it said what `generate` gave last."""
        return self._now

    def arriving(self, specs: Sequence[GenerationSpec]) -> Generator[int, None, None]:
        """Numbers of resolved takes as they are made; `generate` then gives that take.

        Raises:
            LongtakeError: if the cluster cannot be used, or is gone.
        """
        with cluster(self._address) as ray:
            files = {path: ray.put(packed(path)) for path in {p for s in specs for p in named(s)}}
            numbered = list(enumerate(specs))
            make = _from_afar if self._address.startswith("ray://") else produced
            with closing(make(ray, numbered, self._pool, files)) as takes:
                for take in takes:
                    self._here, self._now = take, 0.0
                    yield take.index

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        """What was said of the take that arrived last; see `Generates`."""
        take, self._here = self._here, Produced(-1, sharing=self._here.sharing)
        for self._now, update in take.updates:
            yield update
        if take.error:
            raise take.error.error()


def produced(
    ray: Any, takes: Sequence[Numbered], pool: Pool, files: Mapping[str, Any]
) -> Generator[Produced, None, None]:
    """Makes all takes, in no order, and says of each what came of it.

    Args:
        ray: the module, connected.
        takes: resolved, with their numbers.
        pool: what makes them.
        files: path -> where the object store has what it means.

    Raises:
        LongtakeError: if the cluster has no room, or is gone.
    """
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    share = shares(nodes_of(ray), pool.device, pool.engines)
    building = replace(pool.building, cores=0 if share.gpus else share.cpus)
    tries = ray.remote(Tries).options(num_cpus=0, max_restarts=-1, max_task_retries=-1).remote()
    size = pool.at_once
    groups = [{"group": takes[first : first + size]} for first in range(0, len(takes), size)]
    engines = min(share.engines, len(groups))
    work = ray.data.from_items(groups, override_num_blocks=len(groups)).map_batches(
        _Stage,
        batch_size=1,
        # An engine fetches the next group when it is done with one: none waits behind a slow one.
        compute=ray.data.ActorPoolStrategy(size=engines, max_tasks_in_flight_per_actor=1),
        fn_constructor_args=(building, files, tries),
        num_cpus=share.cpus,
        num_gpus=share.gpus or None,
    )
    try:
        for row in work.iter_rows():
            yield row["take"]
    except ray.exceptions.RayError as error:
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise LongtakeError(f"The cluster makes no takes any more: {why[:200]}") from error


class _Stage:
    """A `Rendering` as Ray Data wants it: columns in, columns out."""

    def __init__(self, building: Building, files: Mapping[str, Any], tries: Any) -> None:
        import ray

        self._rendering = Rendering(
            building,
            lambda path: ray.get(files[path]),
            lambda takes: ray.get(tries.begin.remote(takes)),
            lambda take: ray.get(tries.end.remote(take)),
        )

    def __call__(self, batch: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for group in batch["group"]:
            for take in self._rendering.made(group):
                column = np.empty(1, object)
                column[0] = take
                yield {"take": column}


def _from_afar(
    ray: Any, takes: Sequence[Numbered], pool: Pool, files: Mapping[str, Any]
) -> Generator[Produced, None, None]:
    """`produced`, on the cluster itself: who speaks with it through `ray://` cannot follow a pipeline from outside."""
    pipeline = ray.remote(_Pipeline).options(num_cpus=0).remote(takes, pool, files)
    try:
        while (take := ray.get(pipeline.following.remote())) is not None:
            yield take
    except ray.exceptions.RayTaskError as error:
        raise Failure.of(error.cause).error() from error
    except (ray.exceptions.RayError, ConnectionError) as error:
        raise LongtakeError(
            "The connection to the cluster is gone; --resume goes on with what is missing."
        ) from error
    finally:
        ray.kill(pipeline)


class _Pipeline:
    """Iterates `produced` where the cluster is."""

    def __init__(self, takes: Sequence[Numbered], pool: Pool, files: Mapping[str, Any]) -> None:
        self._takes = produced(imported(), takes, pool, files)

    def following(self) -> Produced | None:
        return next(self._takes, None)
