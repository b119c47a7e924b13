"""Packets that wait to be handled: a queue for each sender, and the senders take turns.

So a flood delays only the one it comes from. Memory is bounded in bytes, and a sender may take half as much of it as
is still free; as much again is kept for first, short packets, so that whoever comes next finds room. Knows nothing of
what is in them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.osc.clients import Target
from bridge.osc.packet import Message

MAX_BYTES = 8 * 1024**2
OVERHEAD = 256
"""What a packet is counted for beyond its bytes."""
SHORT = 1024


@dataclass(frozen=True, slots=True)
class Item:
    """A packet, or what is left of one whose first messages were handled; `size` is what it is counted for."""

    content: bytes | deque[Message]
    size: int


@dataclass(slots=True)
class _Queue:
    ring: deque[Target]
    items: deque[Item] = field(default_factory=deque[Item])
    size: int = 0


class Inbox:
    """All queues, in two rings: clients whose place is kept do not wait for any number of strangers."""

    def __init__(self, kept: Callable[[Target], bool]) -> None:
        """Asks `kept` whether a sender's place is kept."""
        self._kept = kept
        self._queues: dict[Target, _Queue] = {}
        self._places: deque[Target] = deque()
        self._strangers: deque[Target] = deque()
        self._strangers_first = False
        self.size = 0

    def put(self, source: Target, packet: bytes) -> bool:
        """Keeps a packet; False when its sender has taken its share of the memory."""
        size = len(packet) + OVERHEAD
        queue = self._queues.get(source)
        if queue is None and len(packet) <= SHORT:
            room = self.size <= 2 * MAX_BYTES
        else:
            room = (queue.size if queue else 0) + size <= (MAX_BYTES - self.size) / 2
        if not room:
            return False
        self._add(source, size).items.append(Item(packet, size))
        return True

    def put_back(self, source: Target, item: Item, left: deque[Message]) -> None:
        """Keeps what is left of an item for its sender's next turn, counted as before, so that others find no less."""
        self._add(source, item.size).items.appendleft(Item(left, item.size))

    def take(self, may: Callable[[Target], bool]) -> tuple[Target, Item] | None:
        """What is next: the first of the sender whose turn it is, without those who may not; or None."""
        self._strangers_first = not self._strangers_first
        rings = (self._places, self._strangers)
        for ring in reversed(rings) if self._strangers_first else rings:
            for _ in range(len(ring)):
                source = ring.popleft()
                ring.append(source)
                if may(source):
                    return source, self._first(source)
        return None

    def discard(self, source: Target) -> None:
        """Drops all that waits from a sender."""
        queue = self._queues.pop(source, None)
        if queue:
            queue.ring.remove(source)
            self.size -= queue.size

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._queues)

    def _add(self, source: Target, size: int) -> _Queue:
        queue = self._queues.get(source)
        if queue is None:
            ring = self._places if self._kept(source) else self._strangers
            queue = self._queues[source] = _Queue(ring)
            ring.append(source)
            size += OVERHEAD
        queue.size += size
        self.size += size
        return queue

    def _first(self, source: Target) -> Item:
        queue = self._queues[source]
        item = queue.items.popleft()
        size = item.size
        if not queue.items:
            queue.ring.pop()  # It was put last just now.
            del self._queues[source]
            size = queue.size
        queue.size -= size
        self.size -= size
        return item
