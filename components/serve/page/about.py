"""What the page tells of a persona: who it is, its picture, its model card, its counts."""

import base64
from pathlib import Path

from pydantic import BaseModel

from components.contracts.artifacts import MODEL_CARD, PREVIEW
from components.contracts.registry import Manifest
from components.serve.page.card import card_html
from components.serve.personas.model import Loaded, Model

MOST_BYTES = 2_000_000
"""Of a picture that is shown."""
PICTURES = {
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
DRAWING = ".svg"


class Counts(BaseModel):
    """What became of the author's posts: a row for each fate, a column for each author."""

    columns: list[str]
    rows: list[tuple[str | int, ...]]
    """Each begins with its name."""


class About(BaseModel):
    """One persona."""

    name: str
    title: str
    version: str
    picture: str | None
    """The author's, as a data URI: no token is needed to show it."""
    card: str
    """The model card as HTML that holds no tag but Markdown's own; empty where there is none."""
    counts: Counts


def about(model: Model, loaded: Loaded) -> About:
    """What the files of a model in memory tell. Blocks: for other threads."""
    pictures = _pictures(loaded.folder)
    faces = [uri for name, uri in pictures.items() if not name.endswith((DRAWING, PREVIEW))]
    return About(
        name=model.name,
        title=title_of(model.name, loaded.manifest),
        version=model.version,
        picture=faces[0] if faces else None,
        card=_card(loaded.folder, pictures),
        counts=_counts(loaded.manifest),
    )


def title_of(name: str, manifest: Manifest | None) -> str:
    """The names of the authors as they write them; the persona's where they are not known."""
    reports = manifest.lineage.collect.values() if manifest else ()
    shown = (report.display_name for report in reports)
    names = dict.fromkeys(one.strip() for one in shown if one)
    return " & ".join(filter(None, names)) or name


def _pictures(folder: Path) -> dict[str, str]:
    """The pictures of a version as data URIs, by file name."""
    found = {}
    for path in sorted(folder.iterdir()):
        kind = PICTURES.get(path.suffix.lower())
        if kind and path.is_file() and path.stat().st_size <= MOST_BYTES:
            data = base64.b64encode(path.read_bytes()).decode()
            found[path.name] = f"data:{kind};base64,{data}"
    return found


def _card(folder: Path, pictures: dict[str, str]) -> str:
    path = folder / MODEL_CARD
    if not path.is_file():
        return ""
    return card_html(path.read_text(encoding="utf-8", errors="replace"), pictures)


def _counts(manifest: Manifest | None) -> Counts:
    report = manifest.lineage.prepare if manifest else None
    if report is None or not report.per_author.keys() >= set(report.persona_authors):
        return Counts(columns=[], rows=[])
    table = report.count_table()
    columns = [f"@{author}" for author in report.persona_authors]
    if len(columns) > 1:
        columns.append("together")
    return Counts(columns=columns, rows=[(name, *numbers) for name, numbers in table.items()])
