"""Whether what a run was given is still the same, found out without reading what is stored away."""

from components.collect.archive.contents import source_sha256
from components.runtime.folders import home_path
from components.storage import open_store


def identity_of_file(place: str) -> str:
    """What changes when the file at `place` does: of a path its digest, of a URI size and time.

    Of a folder that holds an archive it is the digest of what is read of it.

    Raises:
        BadInputError: the folder holds no archive.
        StorageError: the store cannot be asked, or holds no such object.
    """
    if "://" in place:
        folder, _, name = place.rpartition("/")
        return repr(open_store(folder).stat(name))
    path = home_path(place)
    return source_sha256(path, place) if path.is_file() or path.is_dir() else "nothing"


def identity_of_model(name: str) -> str | None:
    """The same of a base model; None where it cannot be told now, as on a Hub out of reach."""
    from components.fetch.identity import identity_of  # the Hub's client takes time to import

    return identity_of(name)
