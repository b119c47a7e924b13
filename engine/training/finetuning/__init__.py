"""Fine-tuning of any registered model, whole or by LoRA: adapters, what a step sees, the stage, its files."""
