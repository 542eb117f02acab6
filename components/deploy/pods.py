"""A serving pod, as far as a deployment wants to know it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

REQUESTS, MANAGEMENT = "http", "management"
"""The names of the container's ports."""
PORTS = {REQUESTS: 8080, MANAGEMENT: 8081}
"""Where they are if the pod does not say."""


@dataclass(frozen=True)
class Pod:
    """One pod. Equal ones were ready without a break: what one answered holds for the other."""

    uid: str
    name: str
    ip: str
    ready_since: str | None
    """When it became ready; None while it is not, or is about to go."""
    ports: tuple[tuple[str, int], ...] = ()
    """The ports that the pod names."""
    has_ended: bool = False
    """Whether it will never serve again, as one that was evicted."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Pod":
        """The pod that a document of Kubernetes describes."""
        metadata, status = document["metadata"], document.get("status") or {}
        phase = status.get("phase")
        leaving = "deletionTimestamp" in metadata or phase != "Running"
        return cls(
            uid=metadata["uid"],
            name=metadata["name"],
            ip=status.get("podIP") or "",
            ready_since=None if leaving else _ready_since(status),
            ports=tuple(_ports(document)),
            has_ended=phase in ("Succeeded", "Failed"),
        )

    @property
    def is_ready(self) -> bool:
        """Whether requests are sent to it."""
        return bool(self.ready_since and self.ip)

    def address(self, port: str = REQUESTS) -> str:
        """`http://IP:PORT` of a port by its name."""
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"http://{host}:{(PORTS | dict(self.ports))[port]}"


def _ready_since(status: Mapping[str, Any]) -> str | None:
    for condition in status.get("conditions") or ():
        if condition.get("type") == "Ready" and condition.get("status") == "True":
            return str(condition.get("lastTransitionTime") or "always")
    return None


def _ports(document: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [
        (port["name"], port["containerPort"])
        for container in (document.get("spec") or {}).get("containers") or ()
        for port in container.get("ports") or ()
        if port.get("name") in PORTS
    ]
