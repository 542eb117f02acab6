"""Which pictures are kept, by their bytes."""

MAX_PICTURE = 10 << 20
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"GIF87a", ".gif"),
    (b"GIF89a", ".gif"),
)


def image_suffix(data: bytes) -> str | None:
    """The suffix of the image that `data` begins like: PNG, JPEG, GIF or WebP; None if none."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    return next((suffix for start, suffix in _SIGNATURES if data.startswith(start)), None)
