"""The one tree of exceptions; its classes differ in the exit code they ask for."""


class HuggingtweetsError(Exception):
    """Something a person can act on; the message states the problem and what to do."""

    exit_code = 1


class BadInputError(HuggingtweetsError):
    """The input, a flag or the place it points to is wrong."""

    exit_code = 2
