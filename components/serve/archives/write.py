"""Writing a model archive as torch-model-archiver 0.12 lays it out, without a handler."""

import json
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from components.contracts.artifacts import check_persona
from components.contracts.errors import BadInputError
from components.runtime.digests import files_of
from components.runtime.files import whole_file
from components.serve.archives.read import ALLOWED, MANIFEST

ARCHIVER_VERSION = "0.12.0"
_STAMP = (1980, 1, 1, 0, 0, 0)


def write_archive(folder: Path, target: Path, name: str, version: str, created: datetime) -> None:
    """Write the model in `folder` as a model archive: equal arguments, equal bytes.

    Files lie in the archive's root beside `MAR-INF/MANIFEST.json`. Weights are stored as they
    are, since they hardly shrink.

    Raises:
        BadInputError: the folder holds no safetensors, or the name is none.
    """
    files = [path for path in files_of(folder) if path.suffix.lower() in ALLOWED]
    weights = [path for path in files if path.suffix == ".safetensors"]
    if not weights:
        raise BadInputError(f"{folder} holds no *.safetensors, so there is no model to archive")
    manifest = {
        "createdOn": created.astimezone(UTC).strftime("%d/%m/%Y %H:%M:%S"),
        "runtime": "python",
        "model": {
            "modelName": check_persona(name),
            "serializedFile": weights[0].relative_to(folder).as_posix(),
            "modelVersion": version,
        },
        "archiverVersion": ARCHIVER_VERSION,
    }
    with (
        whole_file(target) as draft,
        zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        archive.writestr(_entry(MANIFEST), json.dumps(manifest, indent=2))
        for path in files:
            entry = _entry(path.relative_to(folder).as_posix())
            entry.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(entry, "w") as file:
                shutil.copyfileobj(source, file, 1 << 20)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _STAMP)
    stored = name.endswith(".safetensors")
    entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
