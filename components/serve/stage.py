"""Serving, from start to end."""

import logging
import os
import socket
from collections.abc import Mapping

from components.contracts.environment import MANAGEMENT_TOKEN
from components.marking.signing import Signer
from components.serve.addresses import bound_address, listen
from components.serve.config import INFERENCE_PORT, MANAGEMENT_PORT, METRICS_PORT, ServeConfig
from components.serve.tokens import Tokens

log = logging.getLogger(__name__)


def run(config: ServeConfig, environment: Mapping[str, str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT.

    The ports listen before anything heavy is imported: who connects early waits a moment.

    Args:
        config: what can be chosen.
        environment: where the tokens and the key for marks are; the process's own if left out.

    Raises:
        BadInputError: a port is taken, a token or the key cannot be read, or the registry is no
            place.
    """
    environment = os.environ if environment is None else environment
    tokens, signer = Tokens.of(environment), Signer.of(environment)
    ports = open_ports(config, manage=tokens.management is not None)
    from components.serve.server import serve  # brings the web framework along

    serve(config, tokens, ports, signer)


def open_ports(config: ServeConfig, *, manage: bool) -> dict[str, socket.socket]:
    """The listening sockets by port; none for the management where nobody may manage.

    Raises:
        BadInputError: one is taken.
    """
    ports = {
        INFERENCE_PORT: listen(config.inference_address),
        METRICS_PORT: listen(config.metrics_address),
    }
    if manage:
        ports[MANAGEMENT_PORT] = listen(config.management_address)
    else:
        log.warning("the management port stays closed: set %s to open it", MANAGEMENT_TOKEN)
    for name, port in sorted(ports.items()):
        log.info("%s at %s", name, bound_address(port))
    return ports
