"""Training from scratch (section 3 of the paper): material, prompts, losses and loops."""
