"""The decoder in C: a whole step of int8 products over the KV cache in one call."""
