"""What can be chosen about a deployment."""

from typing import Annotated

from pydantic import Field

from components.runtime.flags import StageConfig


class DeployConfig(StageConfig):
    """What can be chosen about a deployment."""

    serving_namespace: str | None = None
    """The namespace of the serving pods; left out: that of this pod, or of the KUBECONFIG."""
    serving_selector: str = "huggingtweets/role=serve"
    """The labels of the serving pods, as Kubernetes writes a selector."""
    serving_timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 300.0
    """Seconds that the pods may take to load the version, and then to follow production."""
