"""The `huggingtweets` command."""

import argparse
import os
import sys
from collections.abc import Sequence

from components.contracts.errors import BadInputError
from components.registry.command import add_registry_command
from components.runtime.command import parse_words, run_command
from components.runtime.parser import CommandParser
from components.serve.__main__ import add_serve_flags, serve_personas
from pipelines.cli.compile import add_compile_command
from pipelines.cli.environment import COMMANDS as FROM_ENVIRONMENT
from pipelines.cli.environment import with_environment
from pipelines.cli.fleet import add_fleet_command
from pipelines.cli.forget import add_forget_command
from pipelines.cli.generate import add_generate_command
from pipelines.cli.in_pipeline import as_typed
from pipelines.cli.judge import add_judge_command
from pipelines.cli.login import add_login_command
from pipelines.cli.logs import add_logs_command
from pipelines.cli.push import add_push_command
from pipelines.cli.refresh import add_refresh_command
from pipelines.cli.report import add_report_command
from pipelines.cli.run import add_run_command
from pipelines.cli.status import add_status_command
from pipelines.cli.submit import add_submitting_commands
from pipelines.cli.sweep import add_sweep_command
from pipelines.cli.verify_mark import add_verify_mark_command


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
    _add_serve_command(commands)
    add_judge_command(commands)
    add_refresh_command(commands)
    add_fleet_command(commands)
    add_sweep_command(commands)
    add_registry_command(commands)
    add_verify_mark_command(commands)
    add_forget_command(commands)
    add_push_command(commands)
    add_report_command(commands)
    add_compile_command(commands)
    add_submitting_commands(commands)
    add_status_command(commands)
    add_logs_command(commands)
    try:
        words = as_typed(sys.argv[1:] if words is None else words)
    except BadInputError as error:
        parser.error(str(error))
    if words and words[0] in FROM_ENVIRONMENT:
        command = commands.choices[words[0]]
        words = [words[0], *with_environment(command, words[1:], os.environ)]
    given = parse_words(parser, words)
    return run_command(lambda: given.run(given))


def _add_serve_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = "answer requests for the personas of a registry"
    parser = commands.add_parser("serve", help=about, description=about)
    add_serve_flags(parser)
    parser.set_defaults(run=serve_personas)


if __name__ == "__main__":
    sys.exit(main())
