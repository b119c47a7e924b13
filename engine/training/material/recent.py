"""What was used last, up to so many bytes: reading it again costs time, keeping everything would grow without end.

Knows nothing of what it keeps.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The values used last, by key.

    Args:
        most_bytes: of all values together; one that is larger than that is kept alone.
        size: bytes of a value.
    """

    def __init__(self, most_bytes: int, size: Callable[[V], int]) -> None:
        self.most_bytes, self.size = most_bytes, size
        self.bytes = 0
        self._values: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return key in self._values

    def __len__(self) -> int:
        return len(self._values)

    def __getstate__(self) -> dict[str, Any]:
        """Another process begins with nothing: it would be sent every value."""
        return {**vars(self), "bytes": 0, "_values": OrderedDict()}

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key, made if it is not here."""
        if key not in self._values:
            self.put(key, make())
        self._values.move_to_end(key)
        return self._values[key]

    def put(self, key: K, value: V) -> None:
        """Keeps a value; those that were not used for longest make room."""
        if key in self._values:
            self.bytes -= self.size(self._values.pop(key))
        self._values[key] = value
        self.bytes += self.size(value)
        while self.bytes > self.most_bytes and len(self._values) > 1:
            _, old = self._values.popitem(last=False)
            self.bytes -= self.size(old)
