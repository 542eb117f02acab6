"""What can be chosen about a deployment."""

from components.runtime.flags import StageConfig


class DeployConfig(StageConfig):
    """What can be chosen about a deployment."""
