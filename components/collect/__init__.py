"""Collect one author's posts from one source."""
