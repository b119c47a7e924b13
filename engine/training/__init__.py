"""Training from scratch (§3): material, prompts, losses, and the loops of all stages."""
