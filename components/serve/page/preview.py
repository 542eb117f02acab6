"""What a link to the page shows elsewhere: Open Graph's tags, and a persona's picture.

The tags: ogp.me. The card: X's developer documentation, "Summary card with large image".
"""

import html
import re
from pathlib import Path

from starlette.requests import Request

from components.contracts.artifacts import PREVIEW
from components.serve.page.about import title_of
from components.serve.personas.model import Model

WIDTH, HEIGHT = 1200, 630
_ALT = re.compile(rb"<Iptc4xmpCore:AltTextAccessibility>.*?<rdf:li[^>]*>(.*?)</rdf:li>", re.DOTALL)
"""In the XMP packet that publish writes into the picture, before its pixels."""
_PACKET_WITHIN = 64 << 10
_HOST = re.compile(r"[\w.-]+(:\d{1,5})?|\[[0-9a-fA-F:.]+\](:\d{1,5})?", re.ASCII)


def has_preview(model: Model) -> bool:
    """Whether the version has a picture of its own; older ones have none."""
    return model.manifest is not None and any(f.path == PREVIEW for f in model.manifest.files)


def tags(request: Request, model: Model) -> str:
    """The tags for the page's head. Blocks: for other threads."""
    title = title_of(model.name, model.manifest)
    address = f"{origin(request)}/page/previews/{model.name}.png"
    alt = _alt(model) or f"A post in the style of {title}, written by a machine"
    named = {
        "og:type": "website",
        "og:title": f"{title}: AI bot",
        "og:description": "Posts that nobody wrote: every one is by a machine.",
        "og:image": address,
        "og:image:type": "image/png",
        "og:image:width": str(WIDTH),
        "og:image:height": str(HEIGHT),
        "og:image:alt": alt,
    }
    lines = [
        f'<meta property="{name}" content="{html.escape(value)}">' for name, value in named.items()
    ]
    return "\n".join([*lines, '<meta name="twitter:card" content="summary_large_image">'])


def origin(request: Request) -> str:
    """Where the reader's browser reaches this server: Open Graph takes absolute addresses alone.

    A proxy that ends TLS says so in `X-Forwarded-Proto`.
    """
    scheme = "https" if request.headers.get("x-forwarded-proto") == "https" else request.url.scheme
    host = request.headers.get("host", "")
    return f"{scheme}://{host if _HOST.fullmatch(host) else 'localhost'}"


def _alt(model: Model) -> str | None:
    """The picture in words, as the picture itself says them; None while it is not on the disk."""
    path = model.loaded and model.loaded.folder / PREVIEW
    if not path or not path.is_file():
        return None
    return alt_of(path)


def alt_of(picture: Path) -> str | None:
    """What a picture that publish made says of itself in words."""
    with picture.open("rb") as file:
        found = _ALT.search(file.read(_PACKET_WITHIN))
    return html.unescape(found[1].decode("utf-8", "replace")) if found else None
