"""`longtake train finetune`; see command.py."""

from engine.training.finetuning.command import finetune_all as main

__all__ = ["main"]
