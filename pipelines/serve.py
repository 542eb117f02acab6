"""`huggingtweets serve`: answer requests for the personas of a registry."""

import argparse

from components.serve.__main__ import add_serve_flags, serve_personas


def add_serve_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `serve` to the command line."""
    about = "answer requests for the personas of a registry"
    parser = commands.add_parser("serve", help=about, description=about)
    add_serve_flags(parser)
    parser.set_defaults(run=serve_personas)
