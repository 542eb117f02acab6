"""What is read of an archive, by name and as a digest: all else in it changes nothing."""

import hashlib
from pathlib import Path

from components.collect.archive.account import picture_member
from components.collect.archive.files import ArchiveFiles, open_archive
from components.collect.archive.members import as_packed_today
from components.runtime.digests import file_sha256


def members_read(files: ArchiveFiles) -> dict[str, str]:
    """The members that are read, by the name under which X packs them today, in its order."""
    members = files.members
    names = [
        *(*members.manifest, *members.posts, *members.notes, *members.account, *members.profile),
        *(*members.posts_csv, *members.user_details),
    ]
    picture = picture_member(files)
    return {as_packed_today(name): name for name in sorted([*names, *filter(None, [picture])])}


def source_sha256(path: Path, source: str) -> str:
    """The SHA-256 of the file at `path`, in hex; of an archive's folder that of what is read of it.

    The latter is the SHA-256 of the lines `<sha256 of the file>  <name>` that `sha256sum` prints.

    Raises:
        BadInputError: the folder holds no archive, or one that cannot be read.
    """
    if not path.is_dir():
        return file_sha256(path)
    lines = ""
    with open_archive(path, source) as files:
        for name, member in members_read(files).items():
            with files.open(member) as file:
                lines += f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n"
    return hashlib.sha256(lines.encode()).hexdigest()
