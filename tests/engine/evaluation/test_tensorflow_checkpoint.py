import struct
from pathlib import Path

import numpy as np
import pytest

from engine.errors import CheckpointError
from engine.evaluation.tensorflow_checkpoint import MAGIC, read_tensors


def number(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def field(tag: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return number(tag << 3) + number(value)
    return number(tag << 3 | 2) + number(len(value)) + value


def entry(kind: int, shape: tuple[int, ...], place: int, size: int) -> bytes:
    told = b"".join(field(2, field(1, length)) for length in shape)
    checksum = number(6 << 3 | 5) + b"abcd"
    return field(1, kind) + field(2, told) + field(4, place) + field(5, size) + checksum


def write(folder: Path, tensors: dict[str, np.ndarray]) -> None:
    """A bundle as TensorFlow writes it: names told by what differs from the one before."""
    data, block, before = b"", b"", b""
    values = {b"": b"\x08\x01"}
    for name, tensor in sorted(tensors.items()):
        kind = 1 if tensor.dtype == np.float32 else 9
        values[name.encode()] = entry(kind, tensor.shape, len(data), tensor.nbytes)
        data += tensor.tobytes()
    for name, value in values.items():
        shared = next(
            (k for k, (a, b) in enumerate(zip(name, before, strict=False)) if a != b),
            min(len(name), len(before)),
        )
        block += number(shared) + number(len(name) - shared) + number(len(value))
        block += name[shared:] + value
        before = name
    block += struct.pack("<II", 0, 1) + b"\0" + b"crc!"
    footer = number(len(block)) + number(8)
    table = block + 13 * b"\0" + footer.ljust(40, b"\0") + struct.pack("<Q", MAGIC)
    (folder / ".index").write_bytes(table)
    (folder / ".data-00000-of-00001").write_bytes(data)


def test_tensors_come_back_with_their_names_and_shapes(tmp_path: Path):
    rng = np.random.default_rng(0)
    tensors = {
        "conv/kernel": rng.standard_normal((3, 5, 1, 200)).astype(np.float32),
        "conv/kernel/Adam": rng.standard_normal((300,)).astype(np.float32),
        "dense": rng.standard_normal((2, 2)).astype(np.float32),
        "scalar": np.array(2.5, np.float32),
    }
    write(tmp_path, {**tensors, "step": np.array([7], np.int64)})
    found = read_tensors(tmp_path)
    assert set(found) == set(tensors)
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor)


def test_what_is_no_checkpoint_is_refused(tmp_path: Path):
    with pytest.raises(CheckpointError, match="no TensorFlow checkpoint"):
        read_tensors(tmp_path)
    write(tmp_path, {"a": np.ones(3, np.float32)})
    path = tmp_path / ".index"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(CheckpointError):
        read_tensors(tmp_path)
