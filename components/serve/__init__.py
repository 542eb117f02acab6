"""Serve personas: three APIs, one engine, one page."""
