"""What clients speak: TorchServe, Open Inference, OpenAI. One file a dialect."""
