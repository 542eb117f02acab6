"""What is said of a file that is no whole zip, and what to do."""

import re
from pathlib import Path

_ONE_FILE = re.compile(rb"(\xef\xbb\xbf)?\s*(window\.|var\s|Grailbird\.)")
_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|\?xml)", re.IGNORECASE)
TABLE = re.compile(
    r".+\.(csv|tsv|jsonl?|ndjson|parquet|xlsx|car)(\.(gz|bz2|xz|zst))?", re.IGNORECASE
)
_HEAD = 200


def why_no_zip(path: Path, source: str) -> str:
    """What the file at `path` is, which is no whole zip."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PK\x03\x04"):
        return f"{source} is a zip that is cut off or damaged; download it again"
    if _ONE_FILE.match(head):
        return (
            f"{source} is not a zip but one file out of an archive; "
            f"give the whole folder that it lies in, {source.rpartition('/')[0] or '.'}"
        )
    if _PAGE.match(head):
        return (
            f"{source} is not a zip but a page that shows an archive; "
            "give the whole folder that it was unpacked to, or the zip itself"
        )
    if TABLE.fullmatch(source):
        return f"{source} is not a zip but a table; give it with --table"
    return (
        f"{source} is not a zip; give the file that X lets you download, as it is, "
        "or the folder that it was unpacked to"
    )
