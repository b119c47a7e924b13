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
from multiprocessing.context import SpawnProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from queue import Empty
from threading import Event, Lock, Thread
from typing import Any

import numpy as np
import torch

from engine.checkpoints import load_weights
from engine.composing import compose
from engine.composing.arrangement import HELD_OUT_EVERY
from engine.composing.score import Score
from engine.errors import LongtakeError
from engine.locked_clap import small_listener
from engine.networks import build_autoencoder
from engine.registry import SAMPLE_RATE, SKETCH
from engine.training.corpus import render
from engine.training.material.latents import encoded, numbered, pieces, write_item
from engine.training.material.spectra import kept_spectrum

log = logging.getLogger(__name__)
NICE = 10
"""How far composing stands back behind training on the same cores."""
WATCH_SECONDS = 0.5
MOST_DEATHS = 3
"""How often the same piece may be the end of a process."""
NOWHERE = -1
"""Where a process is before its first piece."""


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

    One that is killed, as by a system without memory left, is replaced by another, which begins with the piece that it
    was at: pieces count only up to a gap.

    Args:
        order: what to compose.
        processes: how many.
    """

    def __init__(self, order: Order, processes: int) -> None:
        self.order = order
        self.context = multiprocessing.get_context("spawn")
        order.folder.mkdir(parents=True, exist_ok=True)
        order.held_out_folder.mkdir(parents=True, exist_ok=True)
        used = sum(path.stat().st_size for path in pieces(order.folder))
        self.turn, self.used = self.context.Value("q", 0), self.context.Value("q", used)
        self.failures: Any = self.context.Queue()
        self.failure: str | None = None
        self.places = [self.context.Value("q", NOWHERE) for _ in range(processes)]
        self.deaths = [(NOWHERE, 0)] * processes
        self.workers = [self._begin(which) for which in range(processes)]
        self.ending, self.looking = Event(), Lock()
        self.watcher = Thread(target=self._watch, daemon=True)
        self.watcher.start()

    def check(self) -> None:
        """Says so if a piece could not be made.

        Raises:
            LongtakeError: with what went wrong.
        """
        self._look()
        if self.failure:
            raise LongtakeError(f"Composing failed: {self.failure}")

    @property
    def working(self) -> bool:
        """Whether more is to come; also from one that was killed, since another takes its place."""
        return not self.failure and any(worker.exitcode != 0 for worker in self.workers)

    def stop(self) -> None:
        """Ends the processes at once; what they were at is not there. Says what failed, if anything did."""
        self.ending.set()
        self.watcher.join()
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.join()
        self._hear()

    def _begin(self, which: int) -> SpawnProcess:
        """A new process, which begins with the piece that the one before it was at."""
        shared = (self.turn, self.used, self.places[which], self.failures)
        worker = self.context.Process(target=_work, args=(self.order, *shared), daemon=True)
        worker.start()
        return worker

    def _watch(self) -> None:
        """In a thread of its own, for whoever trains meanwhile."""
        while not self.ending.wait(WATCH_SECONDS):
            self._look()

    def _look(self) -> None:
        """Hears what failed, and replaces who was killed."""
        with self.looking:
            self._hear()
            for which, worker in enumerate(self.workers):
                if self.failure or worker.exitcode in (0, None):
                    continue
                place = self.places[which].value
                before, times = self.deaths[which]
                self.deaths[which] = (place, times + 1 if place == before else 1)
                if self.deaths[which][1] >= MOST_DEATHS:
                    self._fail(
                        f"a process ended with {worker.exitcode} {MOST_DEATHS} times at the same piece; "
                        "if memory is short, give fewer --workers"
                    )
                    return
                log.warning("a composing process ended with %s; another begins", worker.exitcode)
                self.workers[which] = self._begin(which)

    def _hear(self) -> None:
        with suppress(Empty):
            self._fail(self.failures.get_nowait())

    def _fail(self, what: str) -> None:
        if self.failure is None:
            log.warning("Composing failed: %s", what)
            self.failure = what


def _work(
    order: Order,
    turn: Synchronized[int],
    used: Synchronized[int],
    at: Synchronized[int],
    failures: Any,
) -> None:
    """A process of its own: makes one piece after the other, first the one that `at` says was not finished."""
    # Ctrl-C reaches every process of a terminal; here the one that was begun by the user decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError, AttributeError):
        os.nice(NICE)
    parent = multiprocessing.parent_process()
    try:
        maker, begins_with = Maker(order), at.value
        while parent is not None and parent.is_alive():
            if begins_with == NOWHERE:
                with turn.get_lock():
                    at.value = place = turn.value
                    turn.value += 1
            else:
                place, begins_with = begins_with, NOWHERE
            if place < order.held_out:
                path = numbered(order.held_out_folder, place)
                maker.make(path, HELD_OUT_EVERY * place, judged=True)
                continue
            if used.value >= order.most_bytes:
                return
            number = order.first + place - order.held_out
            path = numbered(order.folder, number)
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
