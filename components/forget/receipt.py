"""The receipt: `receipt.json` for programs, `receipt.md` for whoever asked to be forgotten."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from components.contracts.forgetting import ForgetReceipt
from components.runtime.files import whole_file

RECEIPT, PAGE = "receipt.json", "receipt.md"


def write_receipt(folder: Path, receipt: ForgetReceipt) -> None:
    """Write both files to `folder`, each whole."""
    for name, text in ((RECEIPT, receipt.to_json()), (PAGE, page_of(receipt))):
        with whole_file(folder / name) as draft:
            draft.write_text(text, encoding="utf-8")


def page_of(receipt: ForgetReceipt) -> str:
    """The receipt for people, as Markdown."""
    return "\n".join(_lines(receipt)) + "\n"


def _lines(receipt: ForgetReceipt) -> Iterator[str]:
    yield "# Receipt: what was forgotten"
    yield ""
    yield f"Begun {receipt.started_at:%Y-%m-%d %H:%M} UTC" + (
        f", finished {receipt.finished_at:%H:%M}."
        if receipt.finished_at
        else ". **Not finished: run it again.**"
    )
    yield f"Registry: {receipt.registry}"
    yield from _asked(receipt)
    yield from _section("Datasets", _datasets(receipt))
    yield from _section("Models and evaluations of earlier runs", _copies(receipt))
    yield from _section("Models that are stale, and are served no more", _versions(receipt))
    yield from _section("Aliases that were moved", _aliases(receipt))
    yield from _section("Put on the list of opt-outs", receipt.opted_out)
    yield from _section("Reports of refreshes and fleets", _notes(receipt))
    yield from _section("Found nowhere", receipt.nowhere)
    yield from _section("Not known", receipt.unknown)
    yield from _section("Not reached: run it again", receipt.unreached)
    yield from _section("Not changed from here", receipt.elsewhere)
    for persona, lines in receipt.retrain.items():
        yield from ("", f"## To train {persona} anew", "", "```sh", *lines, "```")


def _asked(receipt: ForgetReceipt) -> Iterator[str]:
    if receipt.posts:
        key = f" (HMAC-SHA256 of their ids, key {receipt.key_id})" if receipt.key_id else ""
        yield from _section(f"Posts that were asked for{key}", receipt.posts)
    if receipt.authors or receipt.account_ids:
        handles = [f"@{author}" for author in receipt.authors]
        accounts = [f"account {one}" for one in receipt.account_ids]
        title = "Of these authors" if receipt.posts else "Authors that were asked for"
        yield from _section(title, [*handles, *accounts])


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from ("", f"## {title}", "", *(f"- {line}" for line in lines))


def _datasets(receipt: ForgetReceipt) -> list[str]:
    return [
        f"{one.place} ({one.kind}): {one.outcome}, {one.removed:,} rows went, {one.left:,} stay"
        for one in receipt.datasets
    ]


def _copies(receipt: ForgetReceipt) -> list[str]:
    return [f"{one.place} ({one.kind}): {one.outcome}" for one in receipt.copies]


def _versions(receipt: ForgetReceipt) -> list[str]:
    return [
        f"{one.persona}@{one.version}, found by its {one.by}"
        + (" (was stale before)" if one.already else "")
        for one in receipt.versions
    ]


def _aliases(receipt: ForgetReceipt) -> list[str]:
    return [
        f"{one.alias} of {one.persona}: from version {one.was} "
        + (f"to version {one.now}" if one.now else "to nothing")
        for one in receipt.aliases
    ]


def _notes(receipt: ForgetReceipt) -> list[str]:
    return [f"{receipt.notes} named an author, and no more do"] if receipt.notes else []
