"""Reads the tensors of a TensorFlow checkpoint (its "tensor bundle") without TensorFlow.

The index is a table of LevelDB's format with one uncompressed block: sorted names, of which each tells only what
differs from the one before, with a protocol buffer that tells shape and place in the data file. Executes nothing.
Knows nothing of networks.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import CheckpointError

MAGIC = 0xDB4775248B80FB57
FLOAT = 1
"""TensorFlow's number of float32."""
_FOOTER, _TRAILER = 48, 5


def read_tensors(folder: Path) -> dict[str, NDArray[np.float32]]:
    """All float32 tensors of `folder`/.index and `folder`/.data-00000-of-00001, by name.

    Raises:
        CheckpointError: if the files are missing, or no such checkpoint.
    """
    try:
        table = (folder / ".index").read_bytes()
        data = (folder / ".data-00000-of-00001").read_bytes()
        if struct.unpack("<Q", table[-8:])[0] != MAGIC:
            raise ValueError
        return {
            name: np.frombuffer(data, "<f4", size // 4, place).reshape(shape).copy()
            for name, (kind, shape, place, size) in _entries(table)
            if kind == FLOAT
        }
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise CheckpointError(f"{folder} holds no TensorFlow checkpoint in one piece.") from error


def _entries(table: bytes) -> Iterator[tuple[str, tuple[int, list[int], int, int]]]:
    """Name -> type, shape, first byte and bytes of every tensor."""
    # The footer tells where the last but one block is; the block of entries ends before it.
    end = _varint(table, len(table) - _FOOTER)[0] - _TRAILER - 4
    stop = end - 4 * struct.unpack_from("<I", table, end)[0]
    at, name = 0, b""
    while at < stop:
        shared, at = _varint(table, at)
        fresh, at = _varint(table, at)
        length, at = _varint(table, at)
        name = name[:shared] + table[at : at + fresh]
        value = table[at + fresh : at + fresh + length]
        at += fresh + length
        if name:  # The nameless one is about the bundle.
            yield name.decode(), _described(value)


def _described(value: bytes) -> tuple[int, list[int], int, int]:
    fields = dict(_fields(value))
    shape = [
        size
        for number, part in _fields(fields.get(2, b""))
        if number == 2
        for _, size in _fields(part)
    ]
    return fields.get(1, 0), shape, fields.get(4, 0), fields.get(5, 0)


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a protocol buffer: numbers as int, texts and messages as bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
        elif wire == 2:
            length, at = _varint(message, at)
            yield number, message[at : at + length]
            at += length
        else:
            at += {1: 8, 5: 4}[wire]


def _varint(stored: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, and where the next begins."""
    value = shift = 0
    while True:
        value |= (stored[at] & 0x7F) << shift
        shift += 7
        at += 1
        if stored[at - 1] < 0x80:
            return value, at
