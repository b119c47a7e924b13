"""`longtake train lora`; see command.py."""

from engine.training.finetuning.command import lora as main

__all__ = ["main"]
