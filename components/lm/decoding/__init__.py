"""Decoding in slots: rows of their own length join and leave a running batch at every step."""
