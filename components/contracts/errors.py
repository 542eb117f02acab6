"""The one tree of exceptions; its classes differ in the exit code they ask for."""


class HuggingtweetsError(Exception):
    """Something a person can act on; the message states the problem and what to do."""

    exit_code = 1
    is_final = False
    """Whether the same words with the same inputs would end so again: trying again is no use."""


class BadInputError(HuggingtweetsError):
    """The input, a flag or the place it points to is wrong."""

    exit_code = 2
    is_final = True


class UnreachableError(BadInputError):
    """What the input names cannot be reached just now; it may be in a moment."""

    is_final = False
