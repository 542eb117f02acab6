"""Three ports in one process: uvicorn's servers side by side, ended in our own order."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from components.serve.web.connections import Connection, Connections

KEEP_ALIVE = 65
"""Seconds that an idle connection stays open: longer than most balancers keep theirs."""


class Port(uvicorn.Server):
    """One port. Signals are the process's business, not its own."""

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        connections: Connections,
        drain_timeout: float,
    ) -> None:
        protocol: Any = partial(Connection, connections)
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=max(round(drain_timeout), 1),
            )
        )
        self._listener = listener

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def answer(self) -> None:
        """Answer until `stop`; then finish what runs, within the drain timeout."""
        await self.serve([self._listener])

    def stop(self) -> None:
        """Take nothing new."""
        self.should_exit = True


async def answer_all(ports: Sequence[Port]) -> None:
    """Answer on every port until all are stopped; one that fails stops the others."""
    async with asyncio.TaskGroup() as group:
        for port in ports:
            group.create_task(port.answer())
