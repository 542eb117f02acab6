"""What of a version goes to the Hub: the files that people use there, and no others."""

import hashlib
import re
from fnmatch import fnmatchcase
from pathlib import Path

from components.contracts import artifacts
from components.contracts.errors import BadInputError
from components.contracts.lineage import FetchedModel
from components.contracts.pushing import Pushed, PushedFile
from components.contracts.registry import Manifest
from components.push.card import HubFacts, card_for_hub
from components.runtime.digests import file_sha256

RECORD = "huggingtweets.json"
"""The `Pushed` of the repository."""
PREVIEW = "preview.png"
ADAPTER = "adapter_config.json"
FILES = (
    *("*.safetensors", "*.safetensors.index.json", "*.gguf", ADAPTER),
    *("config.json", "generation_config.json", "chat_template.json", "*.jinja"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "vocab.txt", "merges.txt", "*.model"),
    *(artifacts.TRAIN_REPORT, artifacts.EVALUATION_REPORT, artifacts.PUBLIC_PAGE),
    *(artifacts.MODEL_CARD, PREVIEW, "picture-*", "pipeline.svg"),
)
"""Weights, configuration, tokenizer, how it was trained and measured, the card and what it shows.
Nothing else: hashes of posts or of their words are for our own server and our own registry."""
_HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)
_CHUNK = 1 << 20


def fill_package(
    version: Path,
    manifest: Manifest,
    asked_license: str | None,
    to: str,
    page: str,
    *,
    passed: bool,
) -> Pushed:
    """Make the folder of a version the one that is pushed; what stays behind is deleted.

    Args:
        version: the version's files, as they were downloaded.
        manifest: its manifest.
        asked_license: the licence that it is to have; None for what its card says.
        to: the repository.
        page: the repository's address.
        passed: whether the version passed the gate.

    Raises:
        BadInputError: the version has no card, or its card cannot be read.
    """
    names = {file.name for file in version.iterdir() if _belongs(file)}
    if artifacts.MODEL_CARD not in names:
        raise BadInputError(f"{manifest.persona}@{manifest.version} has no model card")
    for file in version.iterdir():
        if file.name not in names and file.is_file():
            file.unlink()
    card = version / artifacts.MODEL_CARD
    fetched = manifest.lineage.fetch
    shown = HubFacts(
        to=to,
        license=asked_license,
        base_license=fetched.license,
        base_model=_hub_id(fetched),
        is_adapter=ADAPTER in names,
        thumbnail=_thumbnail(names, page),
        passed=passed,
    )
    try:
        text = card_for_hub(card.read_text(encoding="utf-8"), shown)
    except UnicodeDecodeError as error:
        raise BadInputError(f"the card of {manifest.persona} is not UTF-8 text") from error
    card.write_bytes(text.encode())
    record = Pushed(
        persona=manifest.persona,
        version=manifest.version,
        manifest_sha256=manifest.own_sha256,
        files=tuple(digests(version / name) for name in sorted(names)),
    )
    record.write(version / RECORD)
    return record


def digests(file: Path) -> PushedFile:
    """A file by its name and both digests; of the second see Git's book, chapter 10.2."""
    blob = hashlib.sha1(b"blob %d\0" % file.stat().st_size, usedforsecurity=False)
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            blob.update(chunk)
    return PushedFile(path=file.name, sha256=file_sha256(file), blob_id=blob.hexdigest())


def _belongs(file: Path) -> bool:
    plain = file.is_file() and not file.is_symlink() and file.name != RECORD
    return plain and any(fnmatchcase(file.name, pattern) for pattern in FILES)


def _thumbnail(names: set[str], page: str) -> str | None:
    """The address of the preview, else of the first author's picture: the Hub wants a whole one."""
    pictures = [PREVIEW, *sorted(name for name in names if name.startswith("picture-"))]
    first = next((name for name in pictures if name in names), None)
    return f"{page}/resolve/main/{first}" if first else None


def _hub_id(fetched: FetchedModel) -> str | None:
    """The base model's name on the Hub, if it is one."""
    name = fetched.id
    named = name and fetched.source in ("hub", "bundled") and _HUB_ID.fullmatch(name)
    return name if named else None
