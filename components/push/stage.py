"""Copy a published version to the Hugging Face Hub: one commit, or none."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from components.contracts.errors import BadInputError
from components.contracts.pushing import Pushed, PushReport
from components.contracts.registry import Manifest
from components.push.config import PushConfig
from components.push.difference import CommitChange, There, change_of, refuse_others
from components.push.hub import Hub, repository_name
from components.push.package import RECORD, digests, fill_package
from components.push.token import find_token
from components.push.version import ask_gate, chosen_version
from components.registry import Registry
from components.registry.opt_outs import read_opt_outs, refuse_opted_out
from components.registry.stale import refuse_stale
from components.runtime.words import is_true

log = logging.getLogger(__name__)


def run(
    config: PushConfig,
    *,
    registry: str,
    name: str,
    to: str,
    version: str | None = None,
    no_gate: str | None = None,
    push_out: Path | None = None,
) -> PushReport:
    """Copy a version of the persona `name` to the repository `to`, unless it holds it already.

    Args:
        config: what can be chosen.
        registry: where the version is published, and whose opt-out list is asked.
        name: the persona.
        to: the repository on the Hub, as OWNER/NAME; it is made if need be.
        version: the version's number, or an alias; that in production, else the latest.
        no_gate: `true` to push a version that did not pass the gate, too; `false` if left out.
        push_out: the file that the report is written to.

    Raises:
        GateFailedError: the version did not pass the gate.
        BadInputError: an author opted out, there is no such version, the repository holds somebody
            else's work, or the Hub refuses.
        UnreachableError: the Hub does not answer.
        StorageError: the registry cannot be used.
    """
    must_pass = not is_true("--no-gate", no_gate or "false")
    hub = Hub(repository_name(to), find_token())
    opened = Registry.open(registry).require()
    number = chosen_version(opened, name, version)
    report = _push(config, hub, opened, name, number, must_pass=must_pass)
    log.info("%s", in_words(report))
    if push_out:
        push_out.parent.mkdir(parents=True, exist_ok=True)
        report.write(push_out)
    return report


def _push(
    config: PushConfig, hub: Hub, registry: Registry, name: str, number: int, *, must_pass: bool
) -> PushReport:
    """Bring the version to the repository."""
    with TemporaryDirectory(prefix="huggingtweets-push-") as scratch:
        folder = Path(scratch) / "version"
        manifest = registry.download(name, number, folder)  # which asks the opt-outs
        passed = ask_gate(folder, manifest, must_pass=must_pass)
        pushed = fill_package(folder, manifest, config.license, hub.to, hub.page, passed=passed)
        ask = partial(_refuse_forgotten, registry, manifest)
        with registry.recorded("push", name, number, to=hub.to) as record:
            there, is_new = _there(config, hub, pushed, ask)
            change = change_of(there, [*pushed.files, digests(folder / RECORD)])
            commit = _commit(hub, folder, change, f"{name}@{number}", there.head.commit, ask)
            record.add(commit=commit)
            if config.public and there.head.private:
                ask()
                hub.make_public()
    changed = commit != there.head.commit
    return PushReport(
        persona=name,
        version=number,
        to=hub.to,
        url=hub.page,
        commit=commit,
        outcome="created" if is_new else "updated" if changed else "unchanged",
        public=config.public or not there.head.private,
        passed=passed,
        sent=change.sent if changed else (),
        deleted=change.deleted if changed else (),
    )


def check(to: str) -> None:
    """Find out now what would stop a push to the repository `to` whatever is pushed.

    Raises:
        BadInputError: there is no token, or the Hub does not take it.
        UnreachableError: the Hub does not answer.
    """
    Hub(repository_name(to), find_token()).head()


def in_words(report: PushReport) -> str:
    """What a push did, as a sentence."""
    done = {
        "created": "was pushed to the new repository",
        "updated": "was pushed to",
        "unchanged": "is, unchanged, at",
    }
    who = "everybody may read it" if report.public else "it is private"
    return f"{report.persona}@{report.version} {done[report.outcome]} {report.url} ({who})"


def _refuse_forgotten(registry: Registry, manifest: Manifest) -> None:
    """Refuse a version of somebody who opted out meanwhile, and one that went stale."""
    refuse_stale(registry.stale(), manifest.persona, manifest.version)
    refuse_opted_out(read_opt_outs(registry.store.uri), manifest.lineage.people(manifest.persona))


def _there(
    config: PushConfig, hub: Hub, pushed: Pushed, ask: Callable[[], None]
) -> tuple[There, bool]:
    """What stands in the repository, and whether it was made for this push."""
    head = hub.head()
    is_new = head is None
    if head is None:
        ask()
        hub.create(private=not config.public)
        head = hub.head()
    if head is None:
        raise BadInputError(f"{hub.to} was made, and the token may not see it")
    there = There(head, hub.record(head))
    if not config.overwrite:
        refuse_others(hub, there, pushed.persona, pushed.files)
    return there, is_new


def _commit(
    hub: Hub, folder: Path, change: CommitChange, title: str, parent: str, ask: Callable[[], None]
) -> str:
    """The head of the repository once it holds the folder; nothing is sent for no change."""
    if not change:
        return parent
    return hub.commit([folder / path for path in change.sent], change.deleted, title, parent, ask)
