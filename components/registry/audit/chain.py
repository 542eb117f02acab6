"""Reading the audit log, and comparing every entry with what the next one says of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from components.contracts.audit import AuditEntry, AuditHead
from components.registry.audit.log import digest
from components.registry.documents import DamagedError, parse_document, read_document
from components.registry.layout import AUDIT, AUDIT_ENTRIES, AUDIT_HEAD, audit_key
from components.storage import ObjectMissingError, Store

WORKERS = 16

_NUMBER = re.compile(re.escape(AUDIT_ENTRIES) + r"0*([1-9][0-9]{0,17})\.json", re.ASCII)


@dataclass(frozen=True)
class Chain:
    """The log as it stands."""

    entries: tuple[AuditEntry, ...]
    """Those that can be read, in order."""
    head: AuditHead
    """The last entry's number and digest: what to note elsewhere."""
    problems: tuple[str, ...]
    """What is wrong, a sentence each that names the entry; none where the chain holds."""


def read_chain(store: Store, noted: AuditHead | None = None) -> Chain:
    """Read every entry and check the chain from its end to its beginning.

    Whoever may write to the store can write a whole new chain; an earlier head, `noted` elsewhere,
    shows that.

    Raises:
        StorageError: the store cannot be read.
    """
    problems = []
    try:
        head = read_document(store, AUDIT_HEAD, AuditHead)  # first: entries only become more
    except DamagedError as error:
        problems.append(str(error))
        head = AuditHead()
    keys = [stat.key for stat in store.list(AUDIT) if stat.key != AUDIT_HEAD]
    if head is None and keys:
        problems.append(f"{AUDIT_HEAD} is missing")
    head = head or AuditHead()
    numbers, strays = _sorted_out(keys, head.count)
    problems += [f"{key} was added" for key in strays]
    texts = _read_all(store, numbers)
    entries, damaged = _parsed(store, texts)
    last = max(head.count, max(texts, default=0))
    problems += [*_gaps(texts, last), *damaged, *_broken(texts, entries, head, noted)]
    end = AuditHead(count=last, sha256=digest(texts[last])) if last in texts else head
    return Chain(tuple(entries[number] for number in sorted(entries)), end, tuple(problems))


def _sorted_out(keys: Sequence[str], count: int) -> tuple[list[int], list[str]]:
    """The numbers of the entries, without gaps after `count`; and the keys that are none."""
    found = {int(match[1]): key for key in keys if (match := _NUMBER.fullmatch(key))}
    last = count
    while last + 1 in found:
        last += 1
    numbers = [n for n, key in sorted(found.items()) if n <= last and key == audit_key(n)]
    known = set(map(audit_key, numbers))
    return numbers, [key for key in keys if key not in known]


def _read_all(store: Store, numbers: Sequence[int]) -> dict[int, bytes]:
    def read(number: int) -> bytes | None:
        with suppress(ObjectMissingError):
            return store.get(audit_key(number)).data
        return None

    with ThreadPoolExecutor(WORKERS) as pool:
        read_ones = zip(numbers, pool.map(read, numbers), strict=True)
        return {number: data for number, data in read_ones if data is not None}


def _parsed(store: Store, texts: Mapping[int, bytes]) -> tuple[dict[int, AuditEntry], list[str]]:
    """The entries by number; and a sentence for each that is none, or says another number."""
    entries, problems = {}, []
    for number, data in texts.items():
        key = audit_key(number)
        try:
            entry = parse_document(data, AuditEntry, f"{key} in {store.uri}")
        except DamagedError as error:
            problems.append(str(error))
            continue
        entries[number] = entry
        if entry.number != number:
            problems.append(f"{key} says that it is entry {entry.number}")
    return entries, problems


def _gaps(texts: Mapping[int, bytes], last: int) -> Iterator[str]:
    """A sentence for each run of entries that are missing up to the `last`."""
    before = 0
    for number in (*sorted(texts), last + 1):
        if number - before == 2:
            yield f"{audit_key(before + 1)} is missing"
        elif number - before > 2:
            yield f"{audit_key(before + 1)} and all up to {audit_key(number - 1)} are missing"
        before = number


def _broken(
    texts: Mapping[int, bytes],
    entries: Mapping[int, AuditEntry],
    head: AuditHead,
    noted: AuditHead | None,
) -> Iterator[str]:
    """A sentence for each entry that is not what the next one, or a head, says it was."""
    for number, data in sorted(texts.items()):
        key, sha256 = audit_key(number), digest(data)
        following = entries.get(number + 1)
        if following and following.previous != sha256:
            yield f"{key} is not what entry {number + 1} says it was"
        if head.count == number and head.sha256 != sha256:
            yield f"{key} is not what {AUDIT_HEAD} says it was"
        if noted and noted.count == number and noted.sha256 != sha256:
            yield f"{key} is not the entry that was noted"
        if number == 1 and number in entries and entries[number].previous:
            yield f"{key} follows on an entry before it"
    if noted and noted.count not in texts:
        yield f"{audit_key(noted.count)}, which was noted, is missing"
