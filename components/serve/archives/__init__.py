"""TorchServe's model archives (.mar), read and written without anything that can run."""
