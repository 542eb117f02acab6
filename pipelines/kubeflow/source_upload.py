"""From posts on this machine to posts that a pod can read."""

import json
import logging
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.collect.archive.contents import members_read
from components.collect.archive.files import open_archive
from components.collect.config import ArchiveSource, FileSource, Source
from components.collect.exports.outbox import is_outbox
from components.collect.source_file import source_name
from components.collect.tables.table import open_table
from components.collect.tables.unpacking import unpacked_file
from components.contracts.errors import BadInputError
from components.runtime.digests import file_sha256
from components.runtime.folders import home_path
from components.storage import ObjectMissingError, open_store

log = logging.getLogger(__name__)

FOLDER = "sources"
FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The date of every member: equal posts, equal bytes, equal names."""
PIECE = 1 << 20


def uploaded(source: Source, pipeline_root: str) -> Source:
    """The same source with a URI: its file is written to `sources/<digest>/` below the root.

    Of an archive, packed or not, only the members that collect reads are taken along, and of an
    outbox the public posts: no message ever leaves this machine.

    Raises:
        BadInputError: the file cannot be read, or is no archive.
        StorageError: the pipeline root cannot be written to.
    """
    if not isinstance(source, FileSource) or "://" in source.place:
        return source
    place, is_archive = source.place, isinstance(source, ArchiveSource)
    path, name = home_path(place), source_name(place)
    if not path.is_file() and not (path.is_dir() and is_archive):
        raise BadInputError(f"there is no file {place}")
    if is_archive:
        name = f"{name}.zip" if path.is_dir() else name
        with allowed_members(path, place) as packed:
            uri = _upload(packed, name, pipeline_root)
    else:
        with without_messages(path, place) as table:
            name = name if table == path else f"{name}.jsonl"
            uri = _upload(table, name, pipeline_root)
    return source.model_copy(update={source.flag: uri})


@contextmanager
def allowed_members(archive: Path, name: str) -> Iterator[Path]:
    """A zip of what collect reads of this archive, there until the block ends.

    Equal members make equal bytes, wherever they lie. Messages call the archive `name`.

    Raises:
        BadInputError: it is no archive.
    """
    with tempfile.TemporaryDirectory() as folder, open_archive(archive, name) as files:
        packed = Path(folder) / "archive.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
            for name_in_zip, member in members_read(files).items():
                info = zipfile.ZipInfo(name_in_zip, FIRST_DAY)
                info.compress_type = zipfile.ZIP_DEFLATED
                with files.open(member) as read, target.open(info, "w", force_zip64=True) as to:
                    while piece := read.read(PIECE):
                        to.write(piece)
        yield packed


@contextmanager
def without_messages(table: Path, name: str) -> Iterator[Path]:
    """The table; of an outbox of Mastodon its public posts alone, there until the block ends.

    Messages call the table `name`.

    Raises:
        BadInputError: it is packed and damaged, or an outbox that cannot be read.
    """
    with unpacked_file(table, name) as plain:
        if not is_outbox(_beginning(plain)):
            yield table
            return
        with tempfile.TemporaryDirectory() as folder, open_table(plain, name) as (outbox, _):
            public = Path(folder) / "posts.jsonl"
            with public.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(row.cells) + "\n" for row in outbox.rows() if row.cells)
            yield public


def _beginning(file: Path) -> str:
    with file.open("rb") as opened:
        return opened.read(8_192).decode("utf-8", "replace")


def _upload(file: Path, name: str, pipeline_root: str) -> str:
    """The URI of the file; one that is there already is not written again."""
    key = f"{FOLDER}/{file_sha256(file)}/{name}"
    store = open_store(pipeline_root)
    try:
        store.stat(key)
    except ObjectMissingError:
        log.info("uploading %s", name)
        store.upload(file, key)
    return f"{pipeline_root.rstrip('/')}/{key}"
