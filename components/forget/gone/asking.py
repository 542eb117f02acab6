"""Asking the source of each raw dataset which of its posts are gone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from components.contracts.artifacts import COLLECT_REPORT, POSTS
from components.contracts.errors import BadInputError
from components.contracts.posts import Post
from components.contracts.reports import CollectReport
from components.forget.config import ForgetConfig
from components.forget.places import StoredArtifact
from components.forget.rows import rows_of
from components.registry.documents import parse_document
from components.registry.opt_outs import plain_handle

SUBSTITUTE = "row-"
"""How the ids begin that collect gives posts which have none: no source knows them."""


@dataclass
class Gone:
    """What the sources said."""

    posts: set[str] = field(default_factory=set)
    """The ids of those that are gone."""
    authors: set[str] = field(default_factory=set)
    """Whose they are, as plain handles."""
    unknown: list[str] = field(default_factory=list)
    """Of which datasets nobody can say it, a sentence each."""
    unreached: list[str] = field(default_factory=list)
    """Which sources could not be asked, or are not believed, a sentence each."""


def ask_sources(
    places: Iterable[StoredArtifact], config: ForgetConfig, environment: Mapping[str, str]
) -> Gone:
    """Ask for every raw dataset, those of the authors that `config` names if it names any."""
    gone = Gone()
    for place in places:
        try:
            report, posts = _read(place)
            if config.author and plain_handle(report.author) not in config.author:
                continue
            found = _gone_of(report, posts, config, environment)
            if found is None:
                gone.unknown.append(_unasked(place, report))
            elif found:
                _believe(place, len(found), len(posts), config.most_gone)
                gone.posts |= found
                gone.authors.add(plain_handle(report.author))
        except BadInputError as error:
            gone.unreached.append(f"{place.name}: {error}")
    return gone


def _read(place: StoredArtifact) -> tuple[CollectReport, list[Post]]:
    where = f"{place.name}/{COLLECT_REPORT}"
    report = parse_document(place.read(COLLECT_REPORT), CollectReport, where)
    rows = rows_of(place.read(POSTS), Post, f"{place.name}/{POSTS}")
    return report, [row for _, row in rows]


def _gone_of(
    report: CollectReport,
    posts: Sequence[Post],
    config: ForgetConfig,
    environment: Mapping[str, str],
) -> set[str] | None:
    """The ids of those posts that are gone; None where the source cannot be asked.

    The clients take time to import: each when it is needed.
    """
    kind, _, account = report.source.partition(":")
    named = [post for post in posts if not post.id.startswith(SUBSTITUTE)]
    if kind == "x-archive" and config.archive:
        from components.forget.gone.archive import gone_from_archive

        return gone_from_archive(config.archive, report, named)
    if kind == "x-api":
        from components.forget.gone.x import gone_from_x

        return gone_from_x(config, account, [post.id for post in named], environment)
    if kind == "bluesky" and report.account_id:
        from components.forget.gone.bluesky import gone_from_bluesky

        return gone_from_bluesky(config, account, report.account_id, named)
    if kind == "mastodon":
        from components.forget.gone.mastodon import gone_from_mastodon

        return gone_from_mastodon(config, account, [post.id for post in named])
    return None


def _unasked(place: StoredArtifact, report: CollectReport) -> str:
    why = "its source cannot be asked"
    if report.source.startswith("x-archive:"):
        why = "give the author's newest archive with --archive"
    return f"which posts of {place.name} ({report.source}) are gone: {why}"


def _believe(place: StoredArtifact, gone: int, posts: int, most: float) -> None:
    """Refuse an answer that would empty a dataset: a source may be broken, or another's.

    Raises:
        BadInputError: too many are said to be gone.
    """
    if gone > most * posts:
        raise BadInputError(
            f"{gone:,} of {posts:,} posts are said to be gone, which is hard to believe; if it is "
            "so, say --most-gone 1, or forget the author with --author"
        )
