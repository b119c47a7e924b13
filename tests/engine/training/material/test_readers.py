"""Laws of reading ahead: Ctrl-C leaves it alone, and what goes wrong in another process is said in its sentence."""

from __future__ import annotations

import os
import signal

import pytest
from torch.utils.data import Dataset

from engine.errors import AudioError
from engine.training.material.readers import read_by

BROKEN = 5


class Readers(Dataset[int]):
    """Who reads each of them, the first below 0 if it was begun deaf; the last cannot be read."""

    def __len__(self) -> int:
        return BROKEN + 1

    def __getitem__(self, place: int) -> int:
        if place == BROKEN:
            raise AudioError("Five cannot be read: it is torn.")
        return os.getpid() if place or os.name == "nt" or not deaf() else -os.getpid()


def deaf() -> bool:
    """Whether this process has not heard Ctrl-C since it was begun."""
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.skipif(os.name == "nt", reason="no process can be sent Ctrl-C alone")
def test_ctrl_c_leaves_readers_alone_and_errors_come_as_they_are() -> None:
    found = read_by(1, Readers())
    reader = -next(found)
    assert reader > 0 and not deaf()
    os.kill(reader, signal.SIGINT)
    assert [next(found) for _ in range(BROKEN - 1)] == [reader] * (BROKEN - 1)
    assert reader != os.getpid()
    with pytest.raises(AudioError, match=r"^Five cannot be read: it is torn\.$"):
        next(found)


def test_this_process_reads_where_there_is_no_other() -> None:
    assert next(read_by(0, Readers())) == os.getpid()
