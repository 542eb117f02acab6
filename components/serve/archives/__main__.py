"""`python -m components.serve.archives`: a version of the registry as a model archive (.mar)."""

import logging
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from components.contracts.artifacts import MANIFEST
from components.contracts.errors import BadInputError
from components.registry import Registry
from components.runtime.command import parse_words, run_command
from components.runtime.parser import CommandParser
from components.serve.archives.write import write_archive

log = logging.getLogger(__name__)

_TARGET = re.compile(r"(?P<persona>.+)@(?P<version>[1-9][0-9]*)")


def main(words: Sequence[str] | None = None) -> int:
    """Write the archive that the command line, or `words`, asks for; the exit code."""
    parser = CommandParser(prog="python -m components.serve.archives", description=__doc__)
    parser.add_argument("target", metavar="PERSONA@N")
    parser.add_argument("--registry", metavar="URI", required=True)
    parser.add_argument("--out", type=Path, metavar="FILE", help="(default: PERSONA.mar)")
    given = parse_words(parser, words)
    return run_command(lambda: export(given.registry, given.target, given.out))


def export(registry_uri: str, target: str, out: Path | None) -> None:
    """Write a published version, its manifest included, as a model archive.

    Raises:
        BadInputError: there is no such version, or it is not what its manifest says.
    """
    match = _TARGET.fullmatch(target)
    if not match:
        raise BadInputError(f"{target!r} is not PERSONA@N, as in jane@3")
    persona, version = match["persona"], int(match["version"])
    out = out or Path(f"{persona}.mar")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        manifest = Registry.open(registry_uri).download(persona, version, folder)
        (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        write_archive(folder, out, persona, str(version), manifest.created_at)
    log.info("wrote %s", out)


if __name__ == "__main__":
    raise SystemExit(main())
