"""Serve personas: three dialects, one engine."""
