"""The one place where the registry's audit log is told that something was forgotten."""

from collections.abc import Iterator
from contextlib import contextmanager

from components.contracts.forgetting import ForgetReceipt
from components.registry import Registry
from components.registry.audit import Record


@contextmanager
def forgetting(registry: Registry, receipt: ForgetReceipt) -> Iterator[Record]:
    """Tell the log of what the block does; neither posts nor authors are named.

    Raises:
        StorageError: the log cannot be written; the block is not run.
    """
    with registry.recorded(
        "forget",
        posts=len(receipt.posts),
        authors=len(receipt.authors) + len(receipt.account_ids),
        versions=tuple(f"{one.persona}@{one.version}" for one in receipt.versions),
    ) as record:
        yield record


def tell(record: Record, receipt: ForgetReceipt) -> None:
    """Say what came of it."""
    record.add(
        datasets=len(receipt.datasets),
        copies=len(receipt.copies),
        rows=sum(one.removed for one in receipt.datasets),
        aliases=len(receipt.aliases),
        unreached=len(receipt.unreached),
    )
