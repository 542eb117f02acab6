"""A version as one picture: what a link to it shows."""

from components.publish.preview.preview import preview_of

__all__ = ["preview_of"]
