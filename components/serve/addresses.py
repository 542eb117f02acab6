"""The addresses of the ports, as TorchServe writes them: `http://HOST:PORT`."""

import re
import socket

from components.contracts.errors import BadInputError

_ADDRESS = re.compile(r"http://(?P<host>\[[0-9a-fA-F:.]+\]|[\w.-]+):(?P<port>\d{1,5})/?", re.ASCII)
BACKLOG = 2048
SEND_BUFFER = 1 << 17
"""Bytes of answers that the kernel may hold for each slow reader; it takes up to twice as much."""
MOST_PORT = 65535


def check_address(address: str) -> str:
    """Return `address` if it is `http://HOST:PORT`.

    Raises:
        ValueError: it is not.
    """
    match = _ADDRESS.fullmatch(address)
    if not match or int(match["port"]) > MOST_PORT:
        raise ValueError(f"{address!r} is not an address; write http://HOST:PORT")
    return address


def host_and_port(address: str) -> tuple[str, int]:
    """The two parts of a checked address; brackets around an IPv6 host go."""
    match = _ADDRESS.fullmatch(address)
    assert match is not None
    return match["host"].strip("[]"), int(match["port"])


def listen(address: str) -> socket.socket:
    """A socket that listens at `address`; clients may connect from now on.

    Raises:
        BadInputError: the port is taken, or the host is not this machine's.
    """
    host, port = host_and_port(address)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, place = found[0]
        listener = socket.create_server(place[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise BadInputError(
            f"cannot listen at {address}: {error.strerror}; name another with "
            "--inference-address, --management-address or --metrics-address"
        ) from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    return listener


def bound_address(listener: socket.socket) -> str:
    """Where a socket listens, its port known even where 0 was asked for."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
