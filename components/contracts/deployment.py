"""What a deployment leaves behind."""

from typing import Literal

from components.contracts.base import Report


class DeployReport(Report):
    """What a deployment did."""

    persona: str
    version: int
    """What `production` points to now."""
    serving: Literal["none"]
    """Which serving was asked first."""
