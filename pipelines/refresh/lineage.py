"""How a persona was made, as its newest version tells: its sources, and what was chosen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from components.collect.config import SOURCES, AccountSource, Source
from components.contracts.errors import BadInputError
from components.contracts.registry import Manifest
from components.contracts.reports import CollectReport
from components.prepare.config import PrepareConfig
from components.registry import Registry
from components.registry.refreshes import read_refresh, refreshes
from components.train.config import DEFAULT_LEARNING_RATES, TrainConfig
from pipelines.sources import asking_fields, source_of_flags

CALLED = {kind.called: kind for kind in SOURCES}
ONLY_WHEN_ASKED = frozenset({"epochs", "learning_rate"})
"""What train.json states as it was used; left open, it depends on the posts and the method."""


ATTEMPT = "refresh "
"""What the mark of a version begins with that a refresh made."""


def source_asked(
    own: Mapping[str, Any],
    flags: Mapping[str, Any],
    registry: str,
    environment: Mapping[str, str],
) -> Source:
    """The source of these flags of its own, with what the command says of how it is asked.

    Raises:
        BadInputError: they name none, or several, or a value is wrong.
    """
    asking = {name for kind in SOURCES if kind.flag in own for name in asking_fields(kind)}
    asked = {name: flags[name] for name in asking if name in flags}
    return source_of_flags({**asked, **own, "registry": registry}, environment)


@dataclass(frozen=True)
class Origin:
    """What a version tells of how it was made."""

    manifest: Manifest
    collected: Mapping[str, CollectReport]
    """By author, as the lineage holds them: `ann`, `ann/2`."""

    @classmethod
    def of(cls, registry: Registry, persona: str) -> "Origin":
        """Of the newest version, unless a refresh was killed before it could say what it is for.

        Raises:
            BadInputError: the persona has none.
        """
        versions = registry.versions(persona)
        while len(versions) > 1 and _is_unfinished(registry, persona, versions[-1]):
            versions.pop()
        if not versions:
            raise BadInputError(
                f"there is no persona {persona} in {registry.store.uri}; make it with "
                "`huggingtweets run` first"
            )
        manifest = registry.manifest(persona, versions[-1])
        return cls(manifest, dict(_collected(manifest)))

    @property
    def name(self) -> str:
        """`ann@3`."""
        return f"{self.manifest.persona}@{self.manifest.version}"

    @property
    def failed_gate(self) -> bool:
        """Whether the version was published although it did not pass."""
        return self.manifest.lineage.evaluate.gate.passed is False

    def consent(self) -> str:
        """The basis on which all posts were used.

        Raises:
            BadInputError: it does not say, or there were several.
        """
        found = {report.consent for report in self.collected.values()}
        if len(found) != 1:
            said = f"states {', '.join(sorted(found))}" if found else "states none"
            raise BadInputError(
                f"--consent: {self.name} {said}; say on which basis the posts of each source are "
                "used"
            )
        return found.pop()

    def sources(
        self, registry: str, flags: Mapping[str, Any], environment: Mapping[str, str]
    ) -> list[Source]:
        """The sources that it was made from, to be asked again as flags and variables say.

        Raises:
            BadInputError: it does not say where a source lies; the sentence names what is missing.
        """
        if not self.collected:
            raise BadInputError(
                f"{self.name} does not say what it was made from; name its sources, as with "
                "--archive FILE and --consent BASIS"
            )
        return [
            source_asked(self._flags(report), flags, registry, environment)
            for report in self.collected.values()
        ]

    def _flags(self, report: CollectReport) -> dict[str, Any]:
        called, _, name = report.source.partition(":")
        kind = CALLED.get(called)
        if kind is None or not issubclass(kind, AccountSource):
            flag = kind.flag if kind else "archive"
            rest = "" if len(self.collected) == 1 else ", and name its other sources, too"
            raise BadInputError(
                f"{self.name} was made from the file {name}, and a version does not keep where "
                f"that lies: give it with --{flag} FILE{rest}"
            )
        terms = {"accept_x_terms": report.terms} if report.terms and called == "x-api" else {}
        return {kind.flag: name, "consent": report.consent, **terms}

    def newest(self) -> dict[str, datetime]:
        """The time of each author's newest post, by handle in lower case."""
        found: dict[str, datetime] = {}
        for report in self.collected.values():
            if report.newest:
                author = report.author.lower()
                found[author] = max(report.newest, found.get(author, report.newest))
        return found

    def options(self) -> dict[str, Any]:
        """The flags of fetch, prepare, train and evaluate that were in force, as far as it says."""
        return {**self._fetched(), **self._prepared(), **self._trained(), **self._evaluated()}

    def _fetched(self) -> dict[str, Any]:
        fetch = self.manifest.lineage.fetch
        if not fetch.name or fetch.source == "folder":
            return {}
        if fetch.source == "storage" and "://" not in fetch.name:  # of a file:// the name alone
            return {}
        return {"base_model": fetch.name}

    def _prepared(self) -> dict[str, Any]:
        prepared = self.manifest.lineage.prepare
        return prepared.model_dump(include=set(PrepareConfig.model_fields)) if prepared else {}

    def _trained(self) -> dict[str, Any]:
        train = self.manifest.lineage.train
        used = train.hyperparameters
        if used is None:
            return {}
        known = {name: used[name] for name in TrainConfig.model_fields if name in used}
        known.setdefault("method", "full")  # the only one beside lora that there was at first
        asked = _not_default(known) if train.asked is None else set(train.asked)
        for name in ONLY_WHEN_ASKED - asked:
            known.pop(name, None)
        more = {"seed": train.seed, "dtype": train.asked_dtype}
        return {name: value for name, value in {**known, **more}.items() if value is not None}

    def _evaluated(self) -> dict[str, Any]:
        evaluate = self.manifest.lineage.evaluate
        said = {
            **(evaluate.sampling or {}),
            "prompts": evaluate.prompts,
            "samples": evaluate.samples,
        }
        named = ("temperature", "top_p", "max_tokens", "prompts", "samples")
        return {name: said[name] for name in named if said.get(name)}

    def missing_base_model(self) -> str:
        """What is said where the base model has to be named again."""
        name = self.manifest.lineage.fetch.id or "that it does not name"
        return (
            f"{self.name} was trained from the base model {name} in a folder, and a version does "
            "not keep where that lies: give it with --base-model DIR, or as "
            "$HUGGINGTWEETS_BASE_MODEL"
        )


def _not_default(known: Mapping[str, Any]) -> set[str]:
    """What must have been asked for, in a version that was published before this was kept."""
    defaults = {"epochs": 1.0, "learning_rate": DEFAULT_LEARNING_RATES.get(known["method"])}
    return {name for name, default in defaults.items() if known.get(name) != default}


def _is_unfinished(registry: Registry, persona: str, version: int) -> bool:
    """Whether a refresh published this version and ended before its report was written."""
    if not registry.manifest(persona, version).job.startswith(ATTEMPT):
        return False
    store = registry.store
    told = (read_refresh(store, persona, number) for number in reversed(refreshes(store, persona)))
    return all(report.version != version for report in told)


def newest_seen(registry: Registry, origin: Origin) -> dict[str, datetime]:
    """The time of each author's newest post that was learned from, or that a challenger knew."""
    seen = origin.newest()
    store, persona = registry.store, origin.manifest.persona
    for number in reversed(refreshes(store, persona)):
        report = read_refresh(store, persona, number)
        if report.outcome == "too-little-new":
            continue
        for one in report.new_posts:
            author = one.author.lower()
            if one.newest:
                seen[author] = max(one.newest, seen.get(author, one.newest))
        break
    return seen


def _collected(manifest: Manifest) -> Iterator[tuple[str, CollectReport]]:
    for author in manifest.lineage.collect:
        try:
            yield author, manifest.lineage.collect_report(author)
        except ValidationError:  # of another program
            continue
