"""Personas, their versions and aliases, and who opted out: files in a store, nothing else."""

from components.registry.layout import ALIASES, CANDIDATE, LATEST, PRODUCTION
from components.registry.registry import Registry

__all__ = ["ALIASES", "CANDIDATE", "LATEST", "PRODUCTION", "Registry"]
