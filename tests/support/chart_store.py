"""The store as its chart starts it, on this machine."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from support.helm import of_kind, render
from support.processes import free_ports, running

CHART = "huggingtweets-store"
KEYS = {"AWS_ACCESS_KEY_ID": "personas", "AWS_SECRET_ACCESS_KEY": "sesame"}
"""What opens the store."""
UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


@dataclass(frozen=True)
class ChartStore:
    """The container of the chart's pod."""

    args: tuple[str, ...]
    variables: dict[str, str]
    """Those that have a value in the manifest; the keys come from a Secret."""
    limit: int
    """Bytes of memory that the pod may take; 0 for any."""

    @contextmanager
    def running(self, folder: Path) -> Iterator[tuple[int, str]]:
        """Run it over `folder`, on ports of its own; gives its process id and its endpoint."""
        master, filer, volume, s3 = free_ports(4)
        weed, mode, *flags = self.args
        places = {"-dir=/data": f"-dir={folder}", "-ip.bind=0.0.0.0": "-ip.bind=127.0.0.1"}
        command = [
            *(str(Path(sys.executable).with_name(weed)), mode),
            *(places.get(flag, flag) for flag in flags),
            *(f"-master.port={master}", f"-filer.port={filer}", f"-volume.port={volume}"),
            f"-s3.port={s3}",
        ]
        endpoint = f"http://127.0.0.1:{s3}"
        environment = self.variables | KEYS
        with running(command, folder, lambda: _is_up(endpoint), environment=environment) as pid:
            yield pid, endpoint


def chart_store(memory: str | None = "1Gi") -> ChartStore:
    """The store of a pod with this memory limit; None for no limit."""
    said = ("--set", "existingSecret=store", "--set", f"resources.limits.memory={memory or 'null'}")
    pod = of_kind(render(CHART, *said), "StatefulSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    variables = {one["name"]: one["value"] for one in container["env"] if "value" in one}
    limit = int(memory[:-2]) * UNITS[memory[-2:]] if memory else 0
    return ChartStore(tuple(container["args"]), variables, limit)


def _is_up(endpoint: str) -> bool:
    try:
        return requests.get(f"{endpoint}/healthz", timeout=2).ok
    except requests.ConnectionError:
        return False
