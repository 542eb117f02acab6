"""Signed statements that a machine wrote a text: made, published with their key, and checked."""
