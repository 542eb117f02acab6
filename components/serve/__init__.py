"""Serve personas: three dialects, one engine, one page."""
