"""Fine-tune a base model on the posts of a train-dataset."""
