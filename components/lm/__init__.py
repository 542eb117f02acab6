"""What several stages know of language models: load, score, generate, choose a precision."""
