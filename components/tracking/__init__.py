"""Weights & Biases, where it is on; nothing where it is not."""

from components.tracking.names import handles
from components.tracking.tracker import Tracker, tracked

__all__ = ["Tracker", "handles", "tracked"]
