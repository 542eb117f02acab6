"""`refused.json`: why a step of a pipeline ended for good, for its next attempt."""

from components.contracts.base import Report


class Refusal(Report):
    """The end of an attempt after which trying again is no use."""

    command_sha256: str
    """Of the line that does the same by hand: another one's refusal says nothing."""
    sentence: str
    exit_code: int
