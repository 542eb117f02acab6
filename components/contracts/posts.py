"""The rows: a post as collected, a post as prepared, a sample as generated."""

import re
from typing import Literal

from components.contracts.base import Contract, Timestamp

Kind = Literal["original", "reply", "quote", "repost"]
RETWEET = re.compile(r"RT @\w+: ")
"""How the text of a repost begins where X gives its text alone."""


class Post(Contract):
    """One post as its source gave it: a row of `raw-dataset/posts.jsonl`."""

    id: str
    """The source's id, a string of digits on X."""
    author: str
    """The author's handle without the @."""
    created_at: Timestamp
    text: str
    """The text as the source escaped it (`&amp;` stays `&amp;`)."""
    kind: Kind = "original"
    reply_to: str | None = None
    """The handle or, where only that is known, the id that this post answers."""
    lang: str | None = None
    """The language that the source states, as BCP 47."""
    urls: tuple[str, ...] = ()
    """The links as they stand in the text."""
    mentions: tuple[str, ...] = ()
    """The handles that the text mentions, without the @."""
    source: str | None = None
    """The app that posted it."""


class DatasetRow(Contract):
    """One cleaned post: a row of `train-dataset/{train,validation,test}.jsonl`."""

    id: str
    author: str
    created_at: Timestamp
    text: str


class Sample(Contract):
    """One generated post: a row of `evaluation/samples.jsonl`."""

    prompt: str
    """What the model was given; empty for a post without a prompt."""
    index: int
    """The sample's number within its prompt, from 0."""
    text: str
    """What the model wrote, the prompt left out."""
    finish_reason: Literal["stop", "length"]
