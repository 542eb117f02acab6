"""Which Kubeflow Pipelines host, and who asks it."""

import argparse
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from components.contracts.errors import BadInputError
from components.runtime.flags import a_name, a_path


def add_connection_flags(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """The flags that say which host, and who asks."""
    group = parser.add_argument_group("the Kubeflow Pipelines host")
    group.add_argument(
        "--host",
        required=required,
        type=a_name,
        metavar="URL",
        help="http://… or https://… (default: $KF_PIPELINES_ENDPOINT)",
    )
    group.add_argument("--token-file", type=a_path, metavar="FILE", help="holds the bearer token")
    group.add_argument(
        "--namespace", type=a_name, metavar="NAME", help="of the team, where there are several"
    )
    group.add_argument(
        "--ca-cert",
        type=a_path,
        metavar="FILE",
        help="the authority that signed the host's certificate",
    )


@dataclass(frozen=True)
class KubeflowConnection:
    """How to reach a host."""

    host: str
    """With http:// or https://, without a slash at its end."""
    token_file: Path | None = None
    namespace: str | None = None
    ca_cert: Path | None = None

    @classmethod
    def of(cls, given: argparse.Namespace) -> "KubeflowConnection":
        """What the flags say.

        Raises:
            BadInputError: they say something that cannot be.
        """
        if given.ca_cert:
            _check_authority(given.ca_cert)
        return cls(_address(given.host), given.token_file, given.namespace, given.ca_cert)

    def run_url(self, run_id: str) -> str:
        """Where people look at a run."""
        return f"{self.host}/#/runs/details/{run_id}"

    def schedule_url(self, schedule_id: str) -> str:
        """Where people look at a recurring run."""
        return f"{self.host}/#/recurringrun/details/{schedule_id}"


def _address(host: str) -> str:
    """The address of a host's API, without a slash at its end."""
    if not host.startswith(("http://", "https://")):
        raise BadInputError(f"--host: {host!r} begins with neither http:// nor https://")
    try:
        parts = urlsplit(host)
        is_whole = bool(parts.hostname) and parts.port != 0 and host.isprintable()
    except ValueError:
        is_whole = False
    if not is_whole or " " in host:
        raise BadInputError(f"--host: {host!r} is not an address, as http://kubeflow.example:8888")
    if parts.query or parts.fragment:
        raise BadInputError(f"--host: {host!r} is one page; give what stands before '?' and '#'")
    if parts.username is not None:
        raise BadInputError("--host: it holds a user's name; give a token with --token-file")
    return host.rstrip("/")


def _check_authority(file: Path) -> None:
    if not file.is_file():
        raise BadInputError(f"--ca-cert: there is no file {file}")
    try:
        ssl.create_default_context(cafile=str(file))
    except OSError as error:  # ssl.SSLError, too
        raise BadInputError(f"--ca-cert: {file} holds no certificate in PEM") from error
