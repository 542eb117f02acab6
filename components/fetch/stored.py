"""A base model from an object store."""

from pathlib import Path

from components.contracts.errors import BadInputError
from components.fetch.check import CONFIGURATION, check_configuration
from components.fetch.found import Found, is_wanted
from components.storage import open_store
from components.storage.transfer import download_files


def fetch_stored(uri: str, target: Path) -> Found:
    """Download the model below `uri`.

    Raises:
        BadInputError: there is no model, its configuration says that it can neither be trained nor
            served, or the store cannot be read.
    """
    store = open_store(uri)
    stats = [stat for stat in store.list() if is_wanted(stat.key)]
    first = [stat for stat in stats if stat.key == CONFIGURATION]
    if not first:
        raise BadInputError(f"there is no model at {uri}: it lacks {CONFIGURATION}")
    download_files(store, first, target)
    check_configuration(target)  # before gigabytes of weights that could not be used
    download_files(store, [stat for stat in stats if stat not in first], target)
    # a path of this machine tells nobody else anything
    return Found(
        uri if not uri.startswith("file:") else uri.rstrip("/").rpartition("/")[2], "storage"
    )
