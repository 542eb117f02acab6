"""One refresh: collect, count what is new, train a challenger, keep the better of the two."""

import logging
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from components.contracts.artifacts import COLLECT_REPORT, EVALUATION, EVALUATION_REPORT, POSTS
from components.contracts.base import read_rows
from components.contracts.evaluation import Condition, EvaluationReport
from components.contracts.posts import Post
from components.contracts.refresh import NewPosts, RefreshReport
from components.contracts.reports import CollectReport
from components.evaluate.rules import BEATS_PRODUCTION
from components.registry import PRODUCTION, Registry
from components.registry.aliases import previous_version
from components.registry.refreshes import keep_refresh
from components.runtime.patience import in_a_pod
from pipelines.local.job import PersonaJob, collect_posts, make_model, publish_model, raw_datasets
from pipelines.local.production import bring_into_production
from pipelines.refresh.lineage import ATTEMPT, Origin, newest_seen
from pipelines.steps import StepRunner

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refresh:
    """What a refresh is asked to do."""

    persona: str
    job: PersonaJob
    origin: Origin
    asked_new: int
    """How many new posts make a challenger worth its training."""


def refresh(order: Refresh, steps: StepRunner) -> RefreshReport:
    """Do it; the report stands in the registry when this ends.

    Raises:
        BadInputError: a source cannot be read, or an author opted out.
        StorageError: the registry cannot be used.
    """
    job = _that_beats_production(order.job)
    registry = Registry.open(job.registry_in(steps.out))
    alias = registry.alias(order.persona, PRODUCTION)
    report = RefreshReport(
        persona=order.persona,
        number=0,
        at=datetime.now(UTC),
        outcome="too-little-new",
        sentence="",
        asked_new=order.asked_new,
        new_posts=(),
        champion=alias.version if alias else None,
    )
    authors = collect_posts(job, steps)
    seen = newest_seen(registry, order.origin)
    new = count_new(raw_datasets(authors, steps.out), seen)
    report = report.model_copy(update={"new_posts": new})
    if sum(one.posts for one in new) < order.asked_new:
        return _kept(registry, report, _too_little(report))
    make_model(job, steps, authors)
    evaluation = EvaluationReport.read(steps.out / EVALUATION / EVALUATION_REPORT)
    deciding = conditions_of(evaluation, no_gate=job.no_gate)
    report = report.model_copy(update=_figures(evaluation, deciding))
    if not is_better(deciding, has_champion=alias is not None):
        return _kept(registry, report, _why_not(report), outcome="kept")
    attempt = f"{ATTEMPT}{evaluation.model_sha256}"
    manifest = publish_model(replace(job, attempt=attempt), steps, authors)
    report = report.model_copy(update={"version": manifest.version})
    if alias and alias.version == manifest.version:  # killed right after it was promoted
        report = report.model_copy(update={"champion": previous_version(alias.history)})
    before = alias.version if alias else None
    if problem := bring_into_production(registry, manifest, before, pods=in_a_pod()):
        return _kept(registry, report, problem, outcome="published")
    return _kept(registry, report, _why(report), outcome="promoted")


def count_new(raw: Sequence[Path], seen: Mapping[str, datetime]) -> tuple[NewPosts, ...]:
    """What is newer than what was seen, for each author, who may have several raw-datasets.

    A post that stands in two of them counts once.
    """
    ids: dict[str, set[str]] = {}
    newest: dict[str, datetime | None] = {}
    for folder in raw:
        author = CollectReport.read(folder / COLLECT_REPORT).author
        before = seen.get(author.lower())
        found = ids.setdefault(author, set())
        for post in read_rows(folder / POSTS, Post):
            last = newest.get(author)
            newest[author] = max(last, post.created_at) if last else post.created_at
            if post.kind != "repost" and (before is None or post.created_at > before):
                found.add(post.id)
    return tuple(
        NewPosts(author=author, posts=len(found), newest=newest.get(author))
        for author, found in ids.items()
    )


def conditions_of(evaluation: EvaluationReport, *, no_gate: bool) -> tuple[Condition, ...]:
    """The conditions that decide: all of the gate, or the comparison with production alone."""
    found = evaluation.gate.conditions
    return tuple(one for one in found if not no_gate or one.name == BEATS_PRODUCTION.name)


def is_better(deciding: Sequence[Condition], *, has_champion: bool) -> bool:
    """Whether the challenger is to take the champion's place: not sure is not better."""
    beats = [one.passed for one in deciding if one.name == BEATS_PRODUCTION.name]
    if has_champion and beats != [True]:
        return False
    return all(one.passed is not False for one in deciding)


def _that_beats_production(job: PersonaJob) -> PersonaJob:
    evaluate = job.evaluate.model_copy(update={"beat_production": True})
    return replace(job, evaluate=evaluate, ask_accounts=uuid.uuid4().hex)


def _figures(evaluation: EvaluationReport, deciding: tuple[Condition, ...]) -> dict[str, object]:
    bits = evaluation.bits_per_byte
    return {
        "test_posts": evaluation.test_posts,
        "challenger_bits_per_byte": bits.finetuned,
        "champion_bits_per_byte": bits.champion,
        "difference": evaluation.bits_per_byte_difference.get("champion"),
        "conditions": deciding,
        "champion_sha256": evaluation.champion_sha256,
        "challenger_sha256": evaluation.model_sha256,
    }


def _kept(
    registry: Registry, report: RefreshReport, sentence: str, outcome: str = "too-little-new"
) -> RefreshReport:
    """The report as it stands in the registry."""
    told = report.model_copy(update={"sentence": sentence, "outcome": outcome})
    log.info("%s", sentence)
    return keep_refresh(registry.store, told)


def _too_little(report: RefreshReport) -> str:
    new = sum(one.posts for one in report.new_posts)
    return (
        f"{report.persona} stays as it is: {new} new posts, where {report.asked_new} are asked for"
    )


def _why_not(report: RefreshReport) -> str:
    failed = [one.sentence for one in report.conditions if one.passed is False]
    failed = failed or [one.sentence for one in report.conditions if one.passed is None]
    now = f"{report.persona}@{report.champion}" if report.champion else "nothing"
    return f"{now} stays in production, since the challenger is not better: {' '.join(failed)}"


def _why(report: RefreshReport) -> str:
    said = f"{report.persona}@{report.version} is in production"
    ours, theirs = report.challenger_bits_per_byte, report.champion_bits_per_byte
    if ours and theirs:
        return (
            f"{said}: {ours.value:.3f} bits per byte on the {report.test_posts} newest posts, "
            f"where {report.persona}@{report.champion} needs {theirs.value:.3f}"
        )
    return f"{said}; there was nothing to compare it with"


def wandb_group(persona: str) -> None:
    """Have the runs of this refresh stand together in W&B."""
    os.environ.setdefault("WANDB_RUN_GROUP", f"refresh-{persona}-{datetime.now(UTC):%Y%m%d-%H%M}")
