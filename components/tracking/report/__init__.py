"""A model's way as a report in Weights & Biases. Nothing that runs offline needs it."""

from components.tracking.report.making import make_report
from components.tracking.report.story import ReportContent

__all__ = ["ReportContent", "make_report"]
