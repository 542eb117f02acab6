from pathlib import Path

from support.servers import LINEAGE

from components.registry import Registry
from components.serve.personas.disk import Disk, changed, served


def test_a_gguf_file_is_left_where_it_is(tmp_path: Path) -> None:
    """It is as large as the model, and no server reads it."""

    def write(version: int, folder: Path) -> None:
        for name in ("config.json", "model.safetensors", "ann-f16.gguf"):
            (folder / name).write_text(name)

    registry = Registry.open(str(tmp_path / "registry")).begin()
    manifest = registry.publish("ann", write, LINEAGE)
    disk = Disk(tmp_path / "kept", registry.store.uri)
    with disk.files(registry, manifest.persona, manifest.version, None)[0] as kept:
        names = {path.name for path in kept.folder.iterdir()}
        assert names == {"config.json", "model.safetensors"}
        assert changed(kept.folder, served(manifest)) is None
