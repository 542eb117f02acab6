"""Secrets: from an environment variable, or from a file that another one names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from components.contracts.errors import BadInputError


@dataclass(frozen=True)
class Secret:
    """A secret, or the file that holds it."""

    where: str
    """How messages call where it stands."""
    value: str | None = field(default=None, repr=False)
    file: Path | None = None

    def read(self) -> str:
        """The secret as it stands now: a mounted file changes when the secret is rotated.

        Raises:
            BadInputError: the file cannot be read, is no text, or is empty.
        """
        if self.file is None:
            return self.value or ""
        try:
            if value := self.file.read_text(encoding="utf-8").strip():
                return value
        except OSError as error:
            raise BadInputError(
                f"{self.where}: cannot read {self.file}: {error.strerror}; name a file that holds "
                "the secret"
            ) from error
        except UnicodeDecodeError as error:
            raise BadInputError(f"{self.where}: {self.file} is not UTF-8 text") from error
        raise BadInputError(f"{self.where}: {self.file} is empty; write the secret to it")


def secret(environment: Mapping[str, str], name: str) -> Secret | None:
    """The secret that the variable `name` holds, else that of the file that `<name>_FILE` names.

    None where neither is set, or both are empty.

    Raises:
        BadInputError: as `Secret.read` does.
    """
    if value := environment.get(name, "").strip():
        return Secret(name, value=value)
    if not (file := environment.get(f"{name}_FILE")):
        return None
    found = Secret(f"{name}_FILE", file=Path(file))
    found.read()
    return found
