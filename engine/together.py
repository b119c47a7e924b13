"""Takes that follow each other and fit into one batch are made together; each is shown and written by itself.

Stands before an engine that makes batches and looks like one that makes a take at a time. Knows nothing of torch, of
files or of who is told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing

from engine.batching import differing
from engine.errors import memory_ran_out, sentence
from engine.registry import model_spec
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, GeneratesBatches, LeadSheet, Remark, Update, said


class Together:
    """Makes takes in batches, and gives each its own updates when it is asked for.

    The first of a batch waits for all of it, the others only for their sound. If a batch fails, its takes that have not
    sounded yet and all after them are made one by one; where memory ran out, half as many at once.
    """

    def __init__(
        self,
        engine: GeneratesBatches,
        specs: Sequence[GenerationSpec],
        most: int,
        tell: Callable[[str], None],
    ) -> None:
        """Begins nothing yet.

        Args:
            engine: makes the batches.
            specs: resolved, all that `generate` will be asked for, in this order; some may be left out.
            most: how many takes a batch has at most.
            tell: is told in a sentence when a batch failed.
        """
        self._engine, self._specs, self._most, self._tell = engine, specs, most, tell
        self._next = 0
        self._batch: _Batch | None = None
        self.sharing = 1
        """How many takes share the batch of the take at hand; 1 if it is made alone."""

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        """The updates of the next take; see `Generates`."""
        at = self._specs.index(spec, self._next)
        self._next = at + 1
        told = set[str]()
        while (batch := self._batch_with(at)) is not None:
            self.sharing = batch.count
            if (yield from self._shared(batch, at, told)):
                return
        self.sharing = 1
        with closing(self._engine.generate(spec)) as updates:
            for update in updates:
                if not (isinstance(update, LeadSheet | Remark) and said(update) in told):
                    yield update

    def _batch_with(self, at: int) -> _Batch | None:
        """The batch that a take is in, begun anew if need be; None if it is made alone."""
        if self._batch is not None and at < self._batch.stop:
            return self._batch
        self.close()
        takes = [self._specs[at]]
        for spec in self._specs[at + 1 : at + self._most]:
            if differing([takes[0], spec]):
                break
            takes.append(spec)
        if len(takes) > 1:
            self._batch = _Batch(self._engine.generate_batch(takes), at, len(takes))
        return self._batch

    def _shared(self, batch: _Batch, at: int, told: set[str]) -> Generator[Update, None, bool]:
        """A take's updates from its batch, and whether it was made; `told` gets what was said in words."""
        spec, sounds, before = self._specs[at], False, frozenset(told)
        frames = spec.frames(model_spec(spec.model).sample_rate)
        try:
            for update in batch.updates_of(at):
                if isinstance(update, LeadSheet | Remark):
                    if said(update) in before:
                        continue  # A batch that failed has said it.
                    told.add(said(update))
                sounds = sounds or isinstance(update, AudioBlock)
                yield update
                if isinstance(update, AudioBlock) and _end(update) >= frames:
                    break  # To ask for more would begin with the next take.
            return True
        except Exception as error:
            self._most = batch.count // 2 if memory_ran_out(error) else 1
            self.close()
            if sounds:
                raise
            rest = f"at most {self._most} at once" if self._most > 1 else "one by one"
            self._tell(f"{batch.count} takes could not be made together: {sentence(error)}")
            self._tell(f"the rest is made {rest}.")
            return False
        finally:
            if self._next >= batch.stop:
                self.close()

    def close(self) -> None:
        """Stops the batch that is at work, if any, and frees its memory."""
        if self._batch is not None:
            self._batch.close()
        self._batch = None


class _Batch:
    """A batch at work, of takes that are counted from `first` on."""

    def __init__(
        self, updates: Generator[tuple[int, Update], None, None], first: int, count: int
    ) -> None:
        """The updates are those of `generate_batch`."""
        self.count, self.stop = count, first + count
        self._first, self._updates = first, updates
        self._kept = [deque[Update]() for _ in range(count)]

    def updates_of(self, at: int) -> Iterator[Update]:
        """The updates of a take; those of takes after it are kept for their turn, of takes before it dropped."""
        own = at - self._first
        while True:
            while self._kept[own]:
                yield self._kept[own].popleft()
            following = next(self._updates, None)
            if following is None:
                return
            index, update = following
            if index >= own:
                self._kept[index].append(update)

    def close(self) -> None:
        """Stops the work and frees its memory."""
        self._updates.close()


def _end(block: AudioBlock) -> int:
    return block.start + block.samples.shape[1]
