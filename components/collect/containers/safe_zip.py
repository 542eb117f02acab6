"""A zip from a stranger, read member by member within limits."""

import zipfile
from pathlib import Path
from typing import IO

from components.collect.containers import container
from components.collect.containers.container import Container, Poses, damage_said, nothing_poses
from components.collect.containers.no_zip import why_no_zip
from components.contracts.errors import BadInputError
from components.runtime.zips import DAMAGE, StrangersZip, ZipProblem, zip_problem_of

_HELP = {
    ZipProblem.ENCRYPTED: "; unpack the zip with its password and give the folder",
    ZipProblem.LINK: "; pack the file itself",
    ZipProblem.METHOD: "; unpack the zip and give the folder",
    ZipProblem.BOMB: "; this is not as X packs archives",
}


class SafeZip(Container[zipfile.ZipInfo]):
    """An open zip.

    Raises:
        BadInputError: it is no zip, is cut off, or as for `Container`.
    """

    again = "download the archive again"

    def __init__(self, path: Path, source: str, poses: Poses = nothing_poses) -> None:
        try:
            self._zip = StrangersZip(path)
        except DAMAGE as error:
            raise BadInputError(why_no_zip(path, source)) from error
        try:
            stated = ((member.orig_filename, member) for member in self._zip.members)
            super().__init__(source, stated, min(container.MAX_READ, self._zip.most), poses)
        except BaseException:
            self._zip.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def _open(self, entry: zipfile.ZipInfo, where: str) -> tuple[IO[bytes], int]:
        if problem := zip_problem_of(entry):
            raise BadInputError(f"{where} {problem}{_HELP[problem]}")
        with damage_said(where, self.again):
            return self._zip.open(entry), entry.file_size
