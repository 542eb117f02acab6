"""Reading a model archive: what may be in it, and nothing else."""

import json
import shutil
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from components.contracts.artifacts import check_persona
from components.contracts.errors import BadInputError

MANIFEST = "MAR-INF/MANIFEST.json"
ALLOWED = frozenset(
    {".safetensors", ".json", ".txt", ".model", ".jinja", ".bloom", ".md"}
    | {".svg", ".png", ".jpg", ".jpeg", ".webp", ".gif"}
)
"""Weights, tokenizers, configurations, the card and its pictures: nothing that can run."""
MOST_FILES = 1000
MOST_BYTES = 64 << 30
MOST_MANIFEST = 1 << 20
MOST_RATIO = 200
"""Bytes for each byte of the archive: more is no model but a bomb."""
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
        _check_members(archive, path)
        return _facts(archive, path)


def read_archive(path: Path, folder: Path) -> None:
    """Unpack an archive's files into `folder`.

    Raises:
        BadInputError: as `archive_facts` does.
    """
    with _opened(path) as archive:
        members = _check_members(archive, path)
        _facts(archive, path)
        for member in members:
            if member.filename != MANIFEST:
                target = folder / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise BadInputError(f"{path.name} is no model archive: {error}") from error


def _facts(archive: zipfile.ZipFile, path: Path) -> ArchiveFacts:
    try:
        info = archive.getinfo(MANIFEST)
        if info.file_size > MOST_MANIFEST:
            raise BadInputError(f"{path.name}: {MANIFEST} is too large")
        return ArchiveFacts(json.loads(archive.read(info)), path)
    except KeyError as error:
        raise BadInputError(f"{path.name} is no model archive: it lacks {MANIFEST}") from error
    except (ValueError, RecursionError, zipfile.BadZipFile) as error:
        raise BadInputError(f"{path.name}: {MANIFEST} is not JSON: {error}") from error


def _check_members(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    """The files of the archive, once it is clear that all of them are harmless."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    total = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len(members) > MOST_FILES or total > min(MOST_BYTES, MOST_RATIO * packed + (1 << 20)):
        raise BadInputError(f"{path.name} would unpack to more than a model")
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise BadInputError(f"{path.name} holds two files of one name")
    for member in members:
        _check_member(member, path)
    if not any(name.endswith(".safetensors") for name in names):
        raise BadInputError(f"{path.name} holds no *.safetensors, so there is no model in it")
    return members


def _check_member(member: zipfile.ZipInfo, path: Path) -> None:
    name = PurePosixPath(member.filename)
    outside = name.is_absolute() or ".." in name.parts or "\\" in member.filename
    link = (member.external_attr >> 16) & 0o170000 == 0o120000
    if outside or link or member.flag_bits & 1:
        raise BadInputError(f"{path.name}: {member.filename!a} may not be in a model archive")
    if name.suffix.lower() not in ALLOWED:
        raise BadInputError(
            f"{path.name} holds {member.filename!a}; safetensors, tokenizers and JSON are read, "
            "and never code or pickled weights"
        )


def _version(text: str, path: Path) -> str:
    plain = text.replace(".", "").replace("-", "").replace("_", "")
    if not (plain.isalnum() and plain.isascii()) or len(text) > 32:
        raise BadInputError(f"{path.name}: {text!r} cannot be a version")
    return text
