"""A GGUF file beside a published model, for llama.cpp and what is built on it, as Ollama."""
