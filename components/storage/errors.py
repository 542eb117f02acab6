"""What can go wrong at a store; every message names the bucket, the endpoint or the object."""

from components.contracts.errors import BadInputError


class StorageError(BadInputError):
    """The store cannot do what was asked; asking again will not help."""


class ObjectMissingError(StorageError):
    """There is no such object; its bucket is there and readable."""


class ConflictError(StorageError):
    """Somebody else created or changed the object first."""

    is_final = False


class TransientError(StorageError):
    """It may work in a moment: the connection broke, or the store is busy."""

    is_final = False


class AwayError(TransientError):
    """Nobody answers at the store's address, or it is too busy: it may be back in some minutes."""

    def __init__(self, sentence: str, endpoint: str, *, nameless: bool = False) -> None:
        super().__init__(sentence)
        self.endpoint = endpoint
        self.nameless = nameless
        """Whether the name of its host is not known."""


class ChecksumError(TransientError):
    """The bytes that arrived are not those that were sent."""
