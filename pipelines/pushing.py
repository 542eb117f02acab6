"""Whether a run ends with a push to the Hugging Face Hub, and where to."""

import argparse
from typing import NamedTuple

from components.contracts.errors import BadInputError
from components.runtime.flags import a_name


class PushOrder(NamedTuple):
    """A push that a run was asked for."""

    to: str
    """The repository, as OWNER/NAME."""
    public: bool = False
    """Whether everybody is to read it."""


def add_push_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that ask for a push of what a run publishes."""
    group = parser.add_argument_group("the Hugging Face Hub")
    group.add_argument(
        "--push-to",
        type=a_name,
        metavar="OWNER/NAME",
        help="push what came into production to this repository, with the token in HF_TOKEN",
    )
    group.add_argument(
        "--push-public", action="store_true", help="let everybody read it (default: private)"
    )


def push_given(given: argparse.Namespace) -> PushOrder | None:
    """The push that the flags ask for; None where they do not.

    Raises:
        BadInputError: the repository cannot be one's name, or none is given.
    """
    if not given.push_to:
        if given.push_public:
            raise BadInputError("--push-public: say where to, with --push-to OWNER/NAME")
        return None
    from components.push.hub import repository_name  # the Hub's client takes time to import

    return PushOrder(repository_name(given.push_to, "--push-to"), given.push_public)
