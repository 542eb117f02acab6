"""What a refresh of a persona found, and why production moved or stayed."""

from typing import Literal

from components.contracts.base import Contract, Report, Timestamp
from components.contracts.evaluation import Condition, Measure

RefreshOutcome = Literal["too-little-new", "kept", "promoted", "published"]


class NewPosts(Contract):
    """What is new of one author."""

    author: str
    posts: int
    """Newer than all that were learned from or tried before, reposts left out."""
    newest: Timestamp | None
    """The newest post that was seen."""


class RefreshReport(Report):
    """`registry/<persona>/refreshes/<n>.json`: one refresh, and the grounds for its end."""

    persona: str
    number: int
    """From 1."""
    at: Timestamp
    outcome: RefreshOutcome
    """`too-little-new`: nothing was trained; `kept`: the challenger is not better and was not
    published; `promoted`: it is in production; `published`: it is better, but production was moved
    on by somebody else meanwhile, and stays."""
    sentence: str
    """The same for people."""
    asked_new: int
    """How many new posts it takes."""
    new_posts: tuple[NewPosts, ...]
    champion: int | None = None
    """The version in production that the challenger was compared with."""
    version: int | None = None
    """What the challenger was published as."""
    test_posts: int | None = None
    """On how many of the newest posts both were measured."""
    challenger_bits_per_byte: Measure | None = None
    champion_bits_per_byte: Measure | None = None
    difference: Measure | None = None
    """The challenger's bits per byte minus the champion's, post by post: below 0 it is better."""
    conditions: tuple[Condition, ...] = ()
    """Those that decided."""
    champion_sha256: str | None = None
    challenger_sha256: str | None = None
