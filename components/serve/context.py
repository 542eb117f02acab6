"""What the routes of all ports share."""

from dataclasses import dataclass

from components.serve.config import ServeConfig
from components.serve.health import Health
from components.serve.metrics import Metrics
from components.serve.personas.disk import Disk
from components.serve.personas.manager import ModelManager
from components.serve.personas.personas import Personas
from components.serve.requests.generation import TextGenerator
from components.serve.requests.marks import Marks
from components.serve.tokens import Tokens
from components.serve.traces import Traces


@dataclass(frozen=True)
class Context:
    """One running server."""

    config: ServeConfig
    tokens: Tokens
    manager: ModelManager
    writer: TextGenerator
    health: Health
    metrics: Metrics
    disk: Disk
    marks: Marks
    traces: Traces | None = None

    @property
    def personas(self) -> Personas:
        """Every model that may be named."""
        return self.manager.personas
