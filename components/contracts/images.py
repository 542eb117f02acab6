"""Which container image runs which stage, and `build/images.json`, which says what was built."""

from typing import Literal

from components.contracts.base import Contract, Report

Target = Literal["cpu", "train", "serve", "serve-gpu", "serve-demo", "store"]

IMAGE_OF: dict[str, Target] = {
    "collect": "cpu",
    "fetch": "cpu",
    "prepare": "cpu",
    "train": "train",
    "evaluate": "cpu",
    "publish": "cpu",
    "deploy": "cpu",
    "push": "cpu",
    "report": "cpu",
}
"""By stage."""


class Image(Contract):
    """One image that was built."""

    name: str
    """With its prefix, as `huggingtweets/cpu`."""
    tag: str
    digest: str | None = None
    """`sha256:…`: of the manifest once it is pushed, else the image's own id."""
    size: int | None = None
    """Bytes, unpacked."""

    def by_tag(self) -> str:
        """`NAME:TAG`: whatever bears the tag when the pod starts."""
        return f"{self.name}:{self.tag}"

    def by_digest(self) -> str:
        """`NAME@DIGEST`: these bytes and no others. Only for an image with a digest."""
        return f"{self.name}@{self.digest}"


class Images(Report):
    """`build/images.json`: what `make images` made, by target."""

    images: dict[str, Image]


def unpinned(stage: str) -> str:
    """The image that a component names by itself: what `make images` makes without arguments."""
    return f"huggingtweets/{IMAGE_OF[stage]}:dev"
