"""What a report is made from."""

from components.runtime.flags import StageConfig


class ReportConfig(StageConfig):
    """What a report is made from."""

    status: str
    """How the run ended, as Kubeflow says it to an exit handler: a JSON object."""
