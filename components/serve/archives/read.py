"""Reading a model archive: what may be in it, and nothing else."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipInfo

from components.contracts.artifacts import check_persona
from components.contracts.errors import BadInputError
from components.runtime.zips import DAMAGE, StrangersZip, plain_name, zip_problem_of

MANIFEST = "MAR-INF/MANIFEST.json"
ALLOWED = frozenset(
    {".safetensors", ".json", ".txt", ".model", ".jinja", ".bloom", ".md"}
    | {".svg", ".png", ".jpg", ".jpeg", ".webp", ".gif"}
)
"""Weights, tokenizers, configurations, the card and its pictures: nothing that can run."""
MOST_FILES = 1000
MOST_BYTES = 64 << 30
MOST_MANIFEST = 1 << 20
_CODE_KEYS = ("handler", "modelFile", "requirementsFile", "service")


class ArchiveFacts:
    """What an archive's manifest says."""

    def __init__(self, document: Any, path: Path) -> None:
        model = document.get("model") if isinstance(document, dict) else None
        if not isinstance(model, dict):
            raise BadInputError(f"{path.name}: {MANIFEST} describes no model")
        code = [key for key in _CODE_KEYS if model.get(key)]
        if code:
            raise BadInputError(
                f"{path.name} brings code of its own ({code[0]}: {model[code[0]]!r}), which is "
                "never run here; archive the model's files alone"
            )
        self.name = check_persona(str(model.get("modelName", "")))
        self.version = _version(str(model.get("modelVersion", "1.0")), path)


def archive_facts(path: Path) -> ArchiveFacts:
    """The name and the version that an archive states.

    Raises:
        BadInputError: it is no model archive, or it holds something that can run.
    """
    with _opened(path) as archive:
        return _facts(archive, _checked_members(archive, path), path)


def unpack_archive(path: Path, folder: Path) -> None:
    """Unpack an archive's files into `folder`.

    Raises:
        BadInputError: as `archive_facts` does, or a file in it is damaged.
    """
    with _opened(path) as archive:
        members = _checked_members(archive, path)
        _facts(archive, members, path)
        for name, member in members.items():
            if name != MANIFEST:
                _unpack(archive, member, folder / name)


@contextmanager
def _opened(path: Path) -> Iterator[StrangersZip]:
    try:
        archive = StrangersZip(path)
    except DAMAGE as error:
        raise BadInputError(f"{path.name} is not a model archive: {error}") from error
    with archive:
        try:
            yield archive
        except OSError:  # of the disk that is written to
            raise
        except DAMAGE as error:
            raise BadInputError(f"{path.name} is damaged: {error}; fetch it again") from error


def _unpack(archive: StrangersZip, member: ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)


def _facts(archive: StrangersZip, members: Mapping[str, ZipInfo], path: Path) -> ArchiveFacts:
    member = members.get(MANIFEST)
    if member is None:
        raise BadInputError(f"{path.name} is not a model archive: it lacks {MANIFEST}")
    if member.file_size > MOST_MANIFEST:
        raise BadInputError(f"{path.name}: {MANIFEST} is too large")
    with archive.open(member) as file:
        data = file.read()
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{path.name}: {MANIFEST} is not JSON: {error}") from error
    return ArchiveFacts(document, path)


def _checked_members(archive: StrangersZip, path: Path) -> dict[str, ZipInfo]:
    """The files of the archive by name, once it is clear that all of them are harmless."""
    members = [member for member in archive.members if not member.is_dir()]
    total = sum(member.file_size for member in members)
    if len(members) > MOST_FILES or total > min(MOST_BYTES, archive.most):
        raise BadInputError(f"{path.name} would unpack to more than a model")
    named = {_checked_name(member, path): member for member in members}
    if len(named) < len(members):
        raise BadInputError(f"{path.name} holds two files of one name")
    if not any(name.endswith(".safetensors") for name in named):
        raise BadInputError(f"{path.name} holds no *.safetensors, so there is no model in it")
    return named


def _checked_name(member: ZipInfo, path: Path) -> str:
    """The member's name, once it is clear that it stays within the folder and cannot run."""
    stated = member.orig_filename
    name = plain_name(stated)
    if name is None or "\\" in stated:
        raise BadInputError(f"{path.name}: {stated!a} may not be in a model archive")
    if problem := zip_problem_of(member):
        raise BadInputError(
            f"{path.name}: {stated!a} may not be in a model archive, since it {problem}"
        )
    if PurePosixPath(name).suffix.lower() not in ALLOWED:
        raise BadInputError(
            f"{path.name} holds {stated!a}; safetensors, tokenizers and JSON are read, "
            "and never code or pickled weights"
        )
    return name


def _version(text: str, path: Path) -> str:
    plain = text.replace(".", "").replace("-", "").replace("_", "")
    if not (plain.isalnum() and plain.isascii()) or len(text) > 32:
        raise BadInputError(f"{path.name}: {text!r} cannot be a version")
    return text
