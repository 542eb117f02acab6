"""What can go wrong with a deployment."""

from components.contracts.deployment import DeployOutcome
from components.contracts.errors import HuggingtweetsError


class NotDeployedError(HuggingtweetsError):
    """Production does not point to the version that was to be deployed."""

    def __init__(self, outcome: DeployOutcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome
