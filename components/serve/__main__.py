"""`python -m components.serve`: answer requests for the personas of a registry."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from components.runtime.command import parse_words, run_command
from components.runtime.flags import add_flags, read_config
from components.runtime.parser import CommandParser
from components.serve.config import ServeConfig
from components.serve.dialects.torchserve_settings import with_torchserve


def add_serve_flags(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of serving."""
    parser.add_argument(
        "--ts-config",
        type=Path,
        metavar="FILE",
        help="a config.properties of TorchServe's; flags and variables stand over it",
    )
    add_flags(parser, ServeConfig)


def serve_personas(given: argparse.Namespace) -> int:
    """Serve as the flags say; the exit code."""
    environment = with_torchserve(os.environ, given.ts_config)
    config = read_config(ServeConfig, given, environment)
    from components.serve.stage import run

    run(config, environment)
    return 0


def main(words: Sequence[str] | None = None) -> int:
    """Run the server as the command line, or `words`, asks; the exit code."""
    parser = CommandParser(prog="python -m components.serve", description=__doc__)
    add_serve_flags(parser)
    given = parse_words(parser, words)
    return run_command(lambda: serve_personas(given))


if __name__ == "__main__":
    raise SystemExit(main())
