"""The `huggingtweets` command."""

import argparse
import os
import sys
from collections.abc import Sequence

from components.registry.command import add_registry_command
from components.runtime.command import parse_words, run_command
from components.runtime.parser import CommandParser
from pipelines.compiling import add_compile_command
from pipelines.environment import COMMANDS as FROM_ENVIRONMENT
from pipelines.environment import with_environment
from pipelines.following import add_status_command
from pipelines.generate import add_generate_command
from pipelines.judge import add_judge_command
from pipelines.login import add_login_command
from pipelines.run import add_run_command
from pipelines.serve import add_serve_command
from pipelines.step_logs import add_logs_command
from pipelines.submitting import add_submitting_commands


def main(words: Sequence[str] | None = None) -> int:
    """Run one `huggingtweets` command and return its exit code."""
    parser: argparse.ArgumentParser = CommandParser(
        prog="huggingtweets",
        description="Turn an author's posts into a small language model that writes like them.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    add_run_command(commands)
    add_generate_command(commands)
    add_login_command(commands)
    add_serve_command(commands)
    add_judge_command(commands)
    add_registry_command(commands)
    add_compile_command(commands)
    add_submitting_commands(commands)
    add_status_command(commands)
    add_logs_command(commands)
    words = sys.argv[1:] if words is None else words
    if words and words[0] in FROM_ENVIRONMENT:
        command = commands.choices[words[0]]
        words = [words[0], *with_environment(command, words[1:], os.environ)]
    given = parse_words(parser, words)
    return run_command(lambda: given.run(given))


if __name__ == "__main__":
    sys.exit(main())
