"""Fetch the base model that a persona starts from."""
