"""Whether the server lives, has started and is ready: three answers."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Health:
    """What the probes say. Live is whoever answers at all."""

    any_loaded: Callable[[], bool] = lambda: False
    """Whether a model is in memory, or was and left it for others."""
    started: bool = False
    """Whether everything to load at the start is loaded, or failed with a reason."""
    draining: bool = False
    """Whether the server was told to end."""
    _was_ready: bool = False

    @property
    def ready(self) -> bool:
        """Whether requests should come here."""
        if self.started and not self._was_ready:
            self._was_ready = self.any_loaded()
        return self._was_ready and not self.draining
