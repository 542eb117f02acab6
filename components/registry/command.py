"""`huggingtweets registry …`: look at the registry, move its aliases, check and clean it."""

import argparse
import math
import os
import re
from collections.abc import Callable
from contextlib import suppress

from components.contracts.audit import AuditHead
from components.contracts.errors import BadInputError
from components.contracts.registry import PersonaState
from components.registry import opt_outs, tables
from components.registry.audit.actor import ACTOR_VARIABLE, check_actor
from components.registry.layout import CANDIDATE, LATEST, PRODUCTION
from components.registry.registry import Registry

REGISTRY_VARIABLE = "HUGGINGTWEETS_REGISTRY"

_PERSONA_AT_VERSION = re.compile(r"(?P<persona>.+)@(?P<version>[1-9][0-9]*)")

_DIGEST = re.compile(r"[0-9a-f]{64}")

Run = Callable[[argparse.Namespace], int]


def add_registry_command(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    """Add `registry` and its sub-commands; each sets `run`, a function from the parsed namespace
    to the exit code."""
    parser = subparsers.add_parser("registry", help="look at the models and move their aliases")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add(commands, "init", _init, "begin a registry; the first publish does so too")
    _add(commands, "list", _list, "list every persona")
    show = _add(commands, "show", _show, "show a persona's versions and aliases")
    show.add_argument("persona", metavar="PERSONA")
    promote = _add(commands, "promote", _promote, "point an alias to a version")
    promote.add_argument("target", metavar="PERSONA@N")
    _add_alias(promote)
    _add_actor(promote)
    rollback = _add(commands, "rollback", _rollback, "point an alias to where it was before")
    rollback.add_argument("persona", metavar="PERSONA")
    _add_alias(rollback)
    _add_actor(rollback)
    verify = _add(commands, "verify", _verify, "compare every file with its digest")
    verify.add_argument("persona", metavar="PERSONA", nargs="?")
    gc = _add(commands, "gc", _gc, "delete what killed publishes left, and old versions if asked")
    gc.add_argument("--keep", type=_count, metavar="N", help=_KEEP)
    gc.add_argument("--older-than-hours", type=_hours, default=24.0, metavar="H", help=_OLDER)
    _add_actor(gc)
    _add_opt_out(commands)
    audit = _add(commands, "audit", _audit, "show who changed what, and check that log")
    audit.add_argument("persona", metavar="PERSONA", nargs="?")
    audit.add_argument("--noted", type=_head, metavar="COUNT:SHA256", help=_NOTED)


_KEEP = (
    "keep the N newest versions and all that candidate or production ever pointed to "
    "(default: keep every version)"
)
_NOTED = "what an earlier `registry audit` said of its last entry: it must still stand"
_OLDER = "how long the rest of a killed publish must have lain there (default: 24)"


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: Run, what: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=what, description=what)
    parser.add_argument(
        "--registry",
        metavar="URI",
        help=f"a path, file://, gs:// or s3:// (default: ${REGISTRY_VARIABLE})",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def _add_alias(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--alias", choices=(LATEST, CANDIDATE, PRODUCTION), default=PRODUCTION)


def _add_actor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--actor",
        metavar="NAME",
        help=f"who does it, for the audit log (default: ${ACTOR_VARIABLE}, else the pod's service "
        "account, else user and machine)",
    )


def _add_opt_out(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("opt-out", help="the list of people who opted out")
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add(actions, "list", _opt_out_list, "list who opted out")
    for name, run, what in (
        ("add", _opt_out_add, "put a person on the list"),
        ("remove", _opt_out_remove, "take a person off the list, at their own wish"),
    ):
        action = _add(actions, name, run, what)
        action.add_argument("--account-id", metavar="ID")
        action.add_argument("--handle", metavar="HANDLE")
        _add_actor(action)


def _init(given: argparse.Namespace) -> int:
    uri = Registry.open(_uri(given)).begin().store.uri
    return tables.show({"registry": uri}, [f"{uri} is a registry"], as_json=given.json)


def _list(given: argparse.Namespace) -> int:
    registry = _open(given)
    stale = registry.stale()
    rows = [
        {
            "persona": persona,
            "versions": registry.versions(persona),
            "stale": sorted(stale.of(persona)),
            "aliases": {n: alias.version for n, alias in registry.aliases(persona).items()},
        }
        for persona in registry.personas()
    ]
    return tables.show({"personas": rows}, tables.personas(rows), as_json=given.json)


def _show(given: argparse.Namespace) -> int:
    registry = _open(given)
    versions = registry.versions(given.persona)
    if not versions:
        raise BadInputError(f"there is no persona {given.persona} in {registry.store.uri}")
    aliases, stale = registry.aliases(given.persona), registry.stale().of(given.persona)
    state = PersonaState(
        persona=given.persona,
        versions=tuple(versions),
        aliases=aliases,
        stale=tuple(sorted(stale)),
    )
    document = state.model_dump(mode="json")
    if given.json:
        return tables.show(document, [], as_json=True)
    manifests = [registry.manifest(given.persona, version) for version in versions]
    return tables.show(document, tables.versions(manifests, aliases, stale), as_json=False)


def _promote(given: argparse.Namespace) -> int:
    match = _PERSONA_AT_VERSION.fullmatch(given.target)
    if not match:
        raise BadInputError(f"{given.target!r} is not PERSONA@N, as in jane@3")
    alias = _open(given).move_alias(match["persona"], given.alias, int(match["version"]))
    return tables.show_move(match["persona"], given.alias, alias, as_json=given.json)


def _rollback(given: argparse.Namespace) -> int:
    alias = _open(given).rollback(given.persona, given.alias)
    return tables.show_move(given.persona, given.alias, alias, as_json=given.json)


def _verify(given: argparse.Namespace) -> int:
    problems = _open(given).verify(given.persona)
    lines = [*problems, f"{len(problems)} problems"] if problems else ["everything is as it was"]
    tables.show({"problems": problems}, lines, as_json=given.json)
    return 1 if problems else 0


def _gc(given: argparse.Namespace) -> int:
    removed = _open(given).gc(keep=given.keep, older_than=given.older_than_hours * 3600)
    lines = [f"removed {name}" for name in removed] or ["there was nothing to remove"]
    return tables.show({"removed": removed}, lines, as_json=given.json)


def _audit(given: argparse.Namespace) -> int:
    chain = _open(given).audit(given.noted)
    entries = [entry for entry in chain.entries if given.persona in (None, entry.persona)]
    document = {
        "entries": [entry.model_dump(mode="json") for entry in entries],
        "head": chain.head.model_dump(mode="json"),
        "problems": chain.problems,
    }
    lines = [*tables.actions(entries), "", *(chain.problems or [tables.chain_holds(chain.head)])]
    tables.show(document, lines, as_json=given.json)
    return 1 if chain.problems else 0


def _opt_out_list(given: argparse.Namespace) -> int:
    _open(given)
    listed = opt_outs.read_opt_outs(_uri(given))
    return tables.show(
        listed.model_dump(mode="json"), tables.people(listed.people), as_json=given.json
    )


def _opt_out_add(given: argparse.Namespace) -> int:
    opt_outs.add_opt_out(
        _uri(given), account_id=given.account_id, handle=given.handle, actor=_actor(given)
    )
    return _opt_out_list(given)


def _opt_out_remove(given: argparse.Namespace) -> int:
    opt_outs.remove_opt_out(
        _uri(given), account_id=given.account_id, handle=given.handle, actor=_actor(given)
    )
    return _opt_out_list(given)


def _open(given: argparse.Namespace) -> Registry:
    """The registry; a place that is none is refused, since its address may be mistyped."""
    return Registry.open(_uri(given), actor=_actor(given)).require()


def _actor(given: argparse.Namespace) -> str | None:
    named: str | None = getattr(given, "actor", None)
    return None if named is None else check_actor(named)


def _uri(given: argparse.Namespace) -> str:
    uri: str | None = given.registry or os.environ.get(REGISTRY_VARIABLE)
    if not uri:
        raise BadInputError(f"name the registry with --registry URI or ${REGISTRY_VARIABLE}")
    return uri


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def _head(text: str) -> AuditHead:
    count, _, sha256 = text.partition(":")
    if not _DIGEST.fullmatch(sha256) or not count.isdecimal() or not 0 < int(count) < 10**18:
        raise argparse.ArgumentTypeError(f"{text!r} is not COUNT:SHA256, as in 17:9f86d0…")
    return AuditHead(count=int(count), sha256=sha256)


def _hours(text: str) -> float:
    with suppress(ValueError):
        if 0 <= float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of hours from 0 on")
