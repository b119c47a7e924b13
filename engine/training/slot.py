"""One slot of a run: it composes while it trains, then cools a branch of the transformer, trains CLAP, and evaluates.

The run itself is never cooled, so that several slots are one long one. Folder of a run: `held_out/` and `latents/`
(pieces), `transformer/` and `judge/` (checkpoints and logs), `cooled/` (log), `weights/`, `report/`. Knows nothing of
how a stage learns.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

import torch

from engine.checkpoints import load_weights
from engine.errors import LongtakeError
from engine.model_files import CHECKSUMS, seal
from engine.networks import build_autoencoder
from engine.text import MiniLM
from engine.training.checkpointing import read, steps_done
from engine.training.checkup import evaluate
from engine.training.composing import Composing, Order
from engine.training.export import export_dit
from engine.training.group import Group
from engine.training.journal import Journal
from engine.training.loop import Budget, Stopping, train
from engine.training.material.dataset import Item
from engine.training.material.latents import pieces, read_item, silence, statistics
from engine.training.material.shelf import GrowingShelf, Ledger, Span
from engine.training.material.spectra import KeptSpectra
from engine.training.optim import Cooldown
from engine.training.recipes import Recipe, SlotRecipe, recipe
from engine.training.speed import peak_flops
from engine.training.train_clap import SMOKE, ClapRecipe, ClapStage, Pieces, against_locked_text
from engine.training.train_dit import DiTStage, Material
from engine.whole_files import whole, write_whole

log = logging.getLogger(__name__)
POLL_SECONDS = 0.2
STEP = "step.json"
"""Beside the weights: the step of the run at which cooling them began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """How a run was begun; later slots go on with that.

    `from_step` counts the steps that the weights it began with had.
    """

    config: str
    seed: int
    batch: int
    from_step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What a slot is given.

    Attributes:
        run: folder of the run.
        minutes: everything together.
        steps: of the transformer, all slots together; None for as many as fit.
        device: cpu or cuda.
        workers: processes that compose.
        most_bytes: of the pieces on disk.
        autoencoder: folder of the weights to encode with, and to export.
        report: whether to evaluate at the end; otherwise that time goes into training.
        start: folder of weights that a new run begins with; None for random ones.
    """

    run: Path
    minutes: float
    steps: int | None
    device: str
    workers: int
    most_bytes: int
    autoencoder: Path
    report: bool = True
    start: Path | None = None


def train_sketch(slot: Slot, how: Begun) -> None:
    """One slot, from its beginning to its report.

    SIGINT and SIGTERM end it after the current step, with a checkpoint; after SIGKILL the next slot goes on from the
    last one, at most a minute before.

    Raises:
        LongtakeError: if a piece cannot be composed.
    """
    chosen, plan = _recipe(how)
    now, seconds = time.monotonic(), 60 * slot.minutes
    # Without a budget nothing has to wait for its share.
    trained, judged = now + seconds, now + seconds
    if isfinite(seconds):
        judged -= seconds * plan.evaluation_share * slot.report
        trained = judged - seconds * plan.judge_share * (
            steps_done(slot.run / "judge") < plan.judge_steps
        )
    with Stopping() as stopping:
        composing = Composing(_order(slot, plan), slot.workers)
        try:
            stage = _transformer(slot, how, composing, trained, stopping)
            if stage is None or not _trained(stage, slot, plan, trained, stopping):
                return
            _export(stage, slot, chosen)
            if not _judged(slot, how, judged, stopping):
                return
        finally:
            composing.stop()
        if slot.report:
            evaluate(slot.run, chosen, slot.device, now + seconds, stopping)


def _recipe(how: Begun) -> tuple[Recipe, SlotRecipe]:
    """The recipe of a run, with its batches and rates, and how it divides a slot."""
    chosen = recipe(how.config)
    assert chosen.slot is not None  # The command offers no others.
    dit = chosen.dit.multiplied(how.batch)
    rate = replace(dit.learning_rate, before=how.from_step)
    return replace(chosen, dit=replace(dit, learning_rate=rate)), chosen.slot


def _order(slot: Slot, plan: SlotRecipe) -> Order:
    """What to compose: from where the run's pieces end, on a machine that has none of them as on one that has all."""
    shelf = GrowingShelf(slot.run / "latents")
    return Order(
        folder=shelf.folder,
        held_out_folder=slot.run / "held_out",
        held_out=plan.held_out,
        first=shelf.grown(_last_span(slot.run)).end,
        most_bytes=slot.most_bytes,
        autoencoder=slot.autoencoder,
        judged_every=plan.judged_every,
        style=plan.style,
        seconds=plan.seconds,
    )


def _last_span(run: Path) -> Span:
    """The pieces that the run's last step drew from."""
    if not steps_done(run / "transformer"):
        return Span()
    state = read(run / "transformer")
    ledger = Ledger()
    ledger.load_state_dict(state["stage"]["ledger"])
    return ledger.at(state["index"] - 1)


def _transformer(
    slot: Slot, how: Begun, composing: Composing, until: float, stopping: Stopping
) -> DiTStage | None:
    """The stage, once there are enough pieces to begin with; None if it was stopped, or time was up, before."""
    chosen, plan = _recipe(how)
    order = composing.order
    shelf, last = GrowingShelf(order.folder), _last_span(slot.run)
    span = shelf.grown(last)
    while span.count < plan.pieces or len(pieces(order.held_out_folder)) < plan.held_out:
        composing.check()
        if stopping.requested or time.monotonic() > until:
            log.info("%d pieces to begin with so far; another slot composes the rest", span.count)
            return None
        if not composing.working:
            break
        time.sleep(POLL_SECONDS)
        span = shelf.grown(last)
    composing.check()
    if not span.count:
        cause = "--disk leaves no room for any" if slot.workers else "--workers 0 makes none"
        raise LongtakeError(f"{order.folder} has no pieces to begin with, and {cause}.")
    log.info("%d pieces to begin with", span.count)
    autoencoder = build_autoencoder(chosen.model.autoencoder)
    load_weights(autoencoder, slot.autoencoder / "autoencoder.safetensors")
    # A run that goes on has those it began with in its checkpoint.
    measured = shelf.items(replace(span, count=min(span.count, plan.pieces)))
    material = Material(
        shelf=shelf,
        held_out=[read_item(path) for path in pieces(order.held_out_folder)],
        statistics=statistics(measured, silence(autoencoder.eval())),
    )
    text_encoder = MiniLM(chosen.model.conditioning.text)
    stage = DiTStage(chosen, material, text_encoder, seed=how.seed, group=Group.alone(slot.device))
    if slot.start is not None and not steps_done(slot.run / "transformer"):
        stage.begin_from(slot.start / "dit.safetensors")
    return stage


def _trained(
    stage: DiTStage, slot: Slot, plan: SlotRecipe, until: float, stopping: Stopping
) -> bool:
    """Trains the run until a time, leaving its share to the branch that is cooled; whether it got to the end."""
    run, began = slot.run / "transformer", time.monotonic()
    before = steps_done(run)
    budget = Budget(
        minutes=(until - began) / 60 * (1 - plan.cooldown_share),
        steps=slot.steps,
        save_every_minutes=1.0,
        peak_flops=peak_flops(torch.device(slot.device)),
    )
    index = train(stage, run, budget, stopping)
    if stopping.requested:
        return False
    since, sealed = exported(slot.run)
    if sealed and index == since:
        log.info("no step was left to do: the run stands at %d, and so do its weights", index)
        return False
    # As many steps as fill the share of the slot, at the pace that the others had. Where the number of steps ended the
    # training, the slots before that came to no weights count too: their steps are this slot's to cool.
    if index == before or (slot.steps is not None and index >= slot.steps):
        before = min(since, index)
    share = plan.cooldown_share / (1 - plan.cooldown_share)
    steps = max(round(share * (index - before)), 1)
    if cooled(stage, index, steps, slot.run / "cooled", stopping):
        return True
    log.info("stopped while cooling: no weights yet; the next slot makes them")
    return False


def exported(run: Path) -> tuple[int, bool]:
    """The step of the run whose weights were written last, 0 for none, and whether weights are there and whole."""
    noted, folder = 0, run / "weights"
    if (folder / STEP).exists():
        noted = json.loads((folder / STEP).read_text(encoding="utf-8"))["step"]
    return noted, (folder / CHECKSUMS).exists()


def cooled(stage: DiTStage, first: int, steps: int, folder: Path, stopping: Stopping) -> bool:
    """Goes on for some steps while the learning rate falls to zero, without a checkpoint; whether it got to the end.

    What is exported follows from the run's checkpoint at step `first` and the number of steps.
    """
    folder.mkdir(exist_ok=True)
    stage.cooldown = Cooldown(first, steps)
    journal = Journal(folder)
    for index in range(first, first + steps):
        if stopping.requested:
            break
        journal.note(index + 1, stage.step(index), every=min(20, steps))
    journal.close()
    stage.close()
    return not stopping.requested


def _export(stage: DiTStage, slot: Slot, chosen: Recipe) -> None:
    """Writes the averaged weights of the branch that was cooled, beside the autoencoder's."""
    folder = slot.run / "weights"
    folder.mkdir(exist_ok=True)
    # Checksums of other weights would have these refused.
    (folder / CHECKSUMS).unlink(missing_ok=True)
    with whole(folder / "autoencoder.safetensors") as part:
        shutil.copyfile(slot.autoencoder / "autoencoder.safetensors", part)
    export_dit(chosen.model, stage.averaged(), stage.conditioner.text_encoder, folder)
    seal(folder)
    write_whole(folder / STEP, json.dumps({"step": steps_done(slot.run / "transformer")}) + "\n")
    log.info("weights in %s", folder)


def _judged(slot: Slot, how: Begun, until: float, stopping: Stopping) -> bool:
    """Trains CLAP until a time on the pieces that kept what it hears, and writes it beside the weights."""
    _, plan = _recipe(how)
    numbers = SMOKE if how.config == "sketch-smoke" else ClapRecipe()
    clap = against_locked_text(how.seed)
    material = Pieces(
        _kept(slot.run / "latents", plan.judged_every),
        _kept(slot.run / "held_out", 1),
        KeptSpectra(clap.listener),
    )
    if not material.material:
        log.info("no piece here kept what CLAP hears; another slot trains it")
        return not stopping.requested
    stage = ClapStage(numbers, clap, material, seed=how.seed, group=Group.alone(slot.device))
    minutes = max(until - time.monotonic(), 0.0) / 60
    budget = Budget(minutes=minutes, steps=plan.judge_steps, save_every_minutes=1.0)
    train(stage, slot.run / "judge", budget, stopping)
    stage.averaged().save(slot.run / "weights" / "clap")
    return not stopping.requested


def _kept(folder: Path, every: int) -> list[Item]:
    """The pieces of a folder that kept their spectrogram."""
    found = [path for path in pieces(folder) if int(path.stem) % every == 0]
    return [Item(path, 0, read_item(path).metadata) for path in found]
