"""`python -m components.collect.sample --out sample.zip`: the sample archive as X packs one."""

import logging
from collections.abc import Sequence
from pathlib import Path

from components.collect.sample.build import build_archive
from components.runtime.command import parse_words, run_command
from components.runtime.parser import CommandParser

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Build the archive where these words, or the command line's, say; the exit code."""
    parser = CommandParser(prog="python -m components.collect.sample", description=__doc__)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="ZIP", help="the archive to write"
    )
    target = parse_words(parser, argv).out
    return run_command(lambda: log.info("wrote %s", build_archive(target)))


if __name__ == "__main__":
    raise SystemExit(main())
