"""In a Kubeflow pipeline: which URI lies at which path, as the launcher mounts them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

MOUNTS = {"gs://": "/gcs/", "s3://": "/s3/", "minio://": "/minio/"}
"""Where the launcher mounts what lies at a URI; anything else is a path already."""


def local_path(artifact: Mapping[str, Any]) -> Path:
    """Where the launcher puts an artifact for the step, from its `uri` or `customPath`."""
    uri: str = artifact.get("customPath") or artifact["uri"]
    for scheme, folder in MOUNTS.items():
        if uri.startswith(scheme):
            return Path(folder + uri.removeprefix(scheme))
    return Path(uri)


def uri_of(place: Path | str) -> str:
    """What the launcher mounted at a path; elsewhere a `file://` URI. A URI is left as it is."""
    if "://" in str(place):
        return str(place)
    place = str(Path(place).absolute())
    for scheme, folder in MOUNTS.items():
        if place.startswith(folder):
            return scheme + place.removeprefix(folder)
    return f"file://{place}"
