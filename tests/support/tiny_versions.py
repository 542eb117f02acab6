"""Published versions that a real server loads in a moment."""

from pathlib import Path

from components.contracts.registry import Manifest
from components.registry import Registry
from components.text.spans import BEGINNINGS, SPANS, Beginnings, SpanFilter
from support.servers import CARD, LINEAGE, POST


def publish_tiny(registry: Registry, persona: str, model: Path) -> Manifest:
    """Publish the tiny model in this folder as the persona's next version."""

    def write(version: int, folder: Path) -> None:
        for file in model.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        (folder / "README.md").write_text(CARD)
        SpanFilter.of([POST], bytes(16)).write(folder / SPANS)
        Beginnings.of([POST], bytes(16)).write(folder / BEGINNINGS)

    return registry.publish(persona, write, LINEAGE)
