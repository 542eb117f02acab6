"""A base model from an object store."""

from pathlib import Path

from components.contracts.errors import BadInputError
from components.fetch.found import Found, is_wanted
from components.storage import open_store
from components.storage.transfer import download_files


def fetch_stored(uri: str, target: Path) -> Found:
    """Download the model below `uri`.

    Raises:
        BadInputError: there is no model, or the store cannot be read.
    """
    store = open_store(uri)
    stats = [stat for stat in store.list() if is_wanted(stat.key)]
    if not any(stat.key == "config.json" for stat in stats):
        raise BadInputError(f"there is no model at {uri}: it lacks config.json")
    download_files(store, stats, target)
    # a path of this machine tells nobody else anything
    return Found(
        uri if not uri.startswith("file:") else uri.rstrip("/").rpartition("/")[2], "storage"
    )
