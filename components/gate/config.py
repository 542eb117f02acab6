"""What can be chosen about the gate: nothing, since evaluate has judged already."""

from components.runtime.flags import StageConfig


class GateConfig(StageConfig):
    """Nothing: the conditions are evaluate's."""
