"""What a tracker offers a stage's run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

Values = Mapping[str, float]


class Backend(Protocol):
    """One run of one tracker."""

    def log(self, values: Values, step: int) -> None:
        """Values at a step."""

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A table that people look at."""

    def input(self, kind: str, subject: str, folder: Path) -> None:
        """An artifact that the stage reads."""

    def output(
        self, kind: str, subject: str, folder: Path, place: str, aliases: Sequence[str]
    ) -> str | None:
        """An artifact that the stage wrote, by reference; where it is looked at, if anywhere."""

    def summarise(self, facts: Mapping[str, Any]) -> None:
        """What came out."""

    def url(self) -> str | None:
        """Where the run is looked at; None while offline."""

    def finish(self, code: int) -> None:
        """The end of the run: 0 if all went well."""
