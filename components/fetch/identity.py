"""Whether a base model is still the one that was fetched, found out without fetching it."""

from components.fetch.bundled import bundled_version
from components.fetch.found import place_of
from components.fetch.hub import commit_on_hub
from components.runtime.digests import folder_sha256
from components.runtime.folders import home_path
from components.storage import open_store


def identity_of(name: str) -> str | None:
    """What changes when the model called `name` does; None where that cannot be told now.

    Of a folder its digest, of an object store the names, sizes and times of its objects, of the
    Hub the commit.

    Raises:
        StorageError: the store cannot be read.
    """
    match place_of(name):
        case "bundled":
            return bundled_version()
        case "storage":
            return repr(list(open_store(name).list()))
        case "folder":
            folder = home_path(name)
            return folder_sha256(folder) if folder.is_dir() else "nothing"
    return commit_on_hub(name)
