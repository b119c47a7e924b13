"""Material for hours: processes that compose, render, encode, keep latents and score, and forget the sound.

Pieces are numbered; each follows from its number alone, so several processes take the next number in turn and a slot
goes on where another ended. A piece is one file, whole or not there. Knows nothing of training.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
import torch

from engine.checkpoints import load_weights
from engine.errors import LongtakeError
from engine.locked_clap import small_listener
from engine.networks import build_autoencoder
from engine.registry import SAMPLE_RATE, SKETCH
from engine.training.corpus import compose, render
from engine.training.corpus.arrangement import HELD_OUT_EVERY
from engine.training.corpus.score import Score
from engine.training.latents import encoded, pieces, write_item
from engine.training.spectra import kept_spectrum

log = logging.getLogger(__name__)
NICE = 10
"""How far composing stands back behind training on the same cores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to compose.

    `held_out` pieces come first, into a folder of their own. `style` and `seconds`, if given, hold for every piece.
    """

    folder: Path
    held_out_folder: Path
    held_out: int
    first: int
    """The number of the first piece to train on."""
    most_bytes: int
    """Composing ends when the pieces to train on take so much room."""
    autoencoder: Path
    """Folder of the weights to encode with."""
    judged_every: int
    """One of so many pieces, and every held-out one, keeps the spectrogram of an excerpt for CLAP."""
    style: str | None = None
    seconds: float | None = None


def seed_of(number: int) -> int:
    """The composer's seed of a piece to train on: all but those that are held out, in order."""
    return number + number // (HELD_OUT_EVERY - 1) + 1


class Composing:
    """Processes at work on an order, until it is filled, they are stopped, or whoever began them is gone.

    Args:
        order: what to compose.
        processes: how many.
    """

    def __init__(self, order: Order, processes: int) -> None:
        self.order = order
        context = multiprocessing.get_context("spawn")
        order.folder.mkdir(parents=True, exist_ok=True)
        order.held_out_folder.mkdir(parents=True, exist_ok=True)
        used = sum(path.stat().st_size for path in pieces(order.folder))
        self.turn, self.used = context.Value("q", 0), context.Value("q", used)
        self.failures: Any = context.Queue()
        self.workers = [
            context.Process(
                target=_work, args=(order, self.turn, self.used, self.failures), daemon=True
            )
            for _ in range(processes)
        ]
        for worker in self.workers:
            worker.start()

    def check(self) -> None:
        """Says so if a piece could not be made.

        Raises:
            LongtakeError: with what went wrong.
        """
        with suppress(Empty):
            raise LongtakeError(f"Composing failed: {self.failures.get_nowait()}")

    @property
    def working(self) -> bool:
        """Whether more is to come."""
        return any(worker.is_alive() for worker in self.workers)

    def stop(self) -> None:
        """Ends the processes at once; what they were at is not there. Says what failed, if anything did."""
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.join()
        try:
            self.check()
        except LongtakeError as error:
            log.warning("%s", error)


def _work(order: Order, turn: Synchronized[int], used: Synchronized[int], failures: Any) -> None:
    """A process of its own: makes one piece after the other."""
    # Ctrl-C reaches every process of a terminal; here the one that was begun by the user decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError, AttributeError):
        os.nice(NICE)
    parent = multiprocessing.parent_process()
    try:
        maker = Maker(order)
        while parent is not None and parent.is_alive():
            with turn.get_lock():
                place = turn.value
                turn.value += 1
            if place < order.held_out:
                path = order.held_out_folder / f"{place:07d}.npz"
                maker.make(path, HELD_OUT_EVERY * place, judged=True)
                continue
            if used.value >= order.most_bytes:
                return
            number = order.first + place - order.held_out
            path = order.folder / f"{number:07d}.npz"
            maker.make(path, seed_of(number), judged=number % order.judged_every == 0)
            with used.get_lock():
                used.value += path.stat().st_size
    except Exception as error:
        failures.put(f"{type(error).__name__}: {error}")


class Maker:
    """Makes pieces: holds the autoencoder and CLAP's ear, which take seconds to load."""

    def __init__(self, order: Order) -> None:
        torch.set_num_threads(1)
        self.order, self.listener = order, small_listener()
        self.autoencoder = build_autoencoder(SKETCH.autoencoder).eval()
        load_weights(self.autoencoder, order.autoencoder / "autoencoder.safetensors")

    def make(self, path: Path, seed: int, *, judged: bool) -> None:
        """Composes, renders and encodes one piece, unless it is there; `judged` ones keep what CLAP hears."""
        if path.exists():
            return
        piece = compose(seed, self.order.style, seconds=self.order.seconds)
        # The sound as it would be on disk, so that both ways of making material agree.
        audio = (np.round(render(piece) * 32767) / 32768).astype(np.float32)
        beside = Score.of(piece).arrays()
        if judged:
            beside |= kept_spectrum(self.listener, audio, SAMPLE_RATE)
        write_item(path, encoded(self.autoencoder, audio, piece.metadata(), beside))
