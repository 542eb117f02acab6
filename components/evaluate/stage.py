"""The evaluation of a fine-tuned model, or of texts, from start to end."""

import logging
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path

from components.contracts import artifacts
from components.contracts.base import read_rows, write_rows
from components.contracts.errors import BadInputError
from components.contracts.evaluation import EvaluationReport
from components.contracts.posts import Sample
from components.contracts.reports import PrepareReport, TrainReport
from components.evaluate.answers import Answers, ask_models, read_answers
from components.evaluate.authors import read_author, read_reference_authors
from components.evaluate.champion import champion_sha256, downloaded_champion
from components.evaluate.config import EvaluateConfig
from components.evaluate.evaluation import measure_and_judge
from components.evaluate.judge import Judge
from components.evaluate.page.page import render_page
from components.evaluate.page.story import PageContent
from components.evaluate.rules import rules_of
from components.lm.adapters import whole_model
from components.lm.provenance import check_trained_from, finetuned_sha256
from components.runtime.digests import folder_sha256
from components.runtime.folders import require_folder, whole_folder
from components.tracking import handles, tracked

log = logging.getLogger(__name__)


def run(
    config: EvaluateConfig,
    *,
    dataset: Path,
    model: Path,
    base_model: Path,
    evaluation_out: Path,
    champion: Path | None = None,
    registry: str | None = None,
    name: str | None = None,
    reference_authors: Path | None = None,
    report_out: Path | None = None,
) -> EvaluationReport:
    """Measure the model in `model`, compare it, judge it; write the evaluation.

    The version of the persona `name` (its authors joined by '-' if left out) in production in
    `registry` is the champion where none is given; `report_out` gets a copy of the page; the rest
    is as in `judge`.

    Raises:
        BadInputError: a folder is not what it should be, the model was not made from the other
            two, there is no test post, or `evaluation_out` cannot be written.
    """
    require_folder(dataset, artifacts.PREPARE_REPORT, "train-dataset")
    require_folder(model, artifacts.TRAIN_REPORT, "finetuned-model")
    check_trained_from(TrainReport.read(model / artifacts.TRAIN_REPORT), dataset, base_model)
    persona_authors = PrepareReport.read(dataset / artifacts.PREPARE_REPORT).persona_authors
    authors = handles(persona_authors)
    persona = name or artifacts.persona_of(list(persona_authors))
    with (
        tracked("evaluate", authors, config) as tracker,
        _champion(champion, registry, persona, model, base_model) as rival,
    ):
        tracker.input(artifacts.TRAIN_DATASET, authors, dataset)
        tracker.input(artifacts.FINETUNED_MODEL, authors, model)
        report = judge(
            config,
            dataset=dataset,
            out=evaluation_out,
            model=model,
            base_model=base_model,
            champion=rival,
            reference_authors=reference_authors,
        )
        samples = read_rows(evaluation_out / artifacts.SAMPLES, Sample)
        rows = [(sample.prompt, sample.text, sample.finish_reason) for sample in samples]
        tracker.table("samples", ("prompt", "text", "finish_reason"), rows)
        tracker.output(artifacts.EVALUATION, authors, evaluation_out)
        tracker.summarise(report)
    if report_out:
        report_out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(evaluation_out / artifacts.REPORT_PAGE, report_out)
    return report


def _champion(
    given: Path | None, registry: str | None, persona: str, model: Path, base_model: Path
) -> AbstractContextManager[Path | None]:
    if given or registry is None:
        return nullcontext(given)
    return downloaded_champion(registry, persona, model, base_model)


def judge(
    config: EvaluateConfig,
    *,
    dataset: Path,
    out: Path,
    model: Path | None = None,
    samples: Path | None = None,
    base_model: Path | None = None,
    champion: Path | None = None,
    reference_authors: Path | None = None,
) -> EvaluationReport:
    """Judge a model, or the texts of a file, as this author's; write the evaluation to `out`.

    Args:
        config: what can be chosen.
        dataset: the author's train-dataset.
        out: the evaluation's folder.
        model: any model folder; either this or `samples`.
        samples: JSON lines with `text`.
        base_model: what the model came from, to be compared with.
        champion: a model that is in production, to be compared with.
        reference_authors: a folder with a train-dataset for each of some other authors; the
            invented ones if left out.

    Raises:
        BadInputError: a place is not what it should be, or `out` cannot be written.
    """
    require_folder(dataset, artifacts.PREPARE_REPORT, "train-dataset")
    rules = rules_of(config)
    author = read_author(dataset)
    others = read_reference_authors(reference_authors, author)
    with whole_folder(out, holding=artifacts.EVALUATION_REPORT) as folder:
        if samples:
            answers = read_answers(samples)
        elif model:
            answers = _answers(config, author.test_texts, model, base_model, champion)
        else:
            raise BadInputError("there is nothing to judge; give a model or a file of samples")
        who = Judge(author, others, config.seed)
        digests = {
            "dataset_sha256": folder_sha256(dataset),
            "model_sha256": finetuned_sha256(model) if model else None,
            "champion_sha256": champion_sha256(champion) if champion else None,
        }
        report = measure_and_judge(config, who, answers, others, rules, digests)
        story = PageContent.read(dataset, model, report, who, answers)
        report.write(folder / artifacts.EVALUATION_REPORT)
        write_rows(folder / artifacts.SAMPLES, answers.samples)
        for name, public in ((artifacts.REPORT_PAGE, False), (artifacts.PUBLIC_PAGE, True)):
            (folder / name).write_text(render_page(story, public=public), encoding="utf-8")
    log.info("evaluated: see %s", out / artifacts.REPORT_PAGE)
    return report


def _answers(
    config: EvaluateConfig,
    test: Sequence[str],
    model: Path,
    base_model: Path | None,
    champion: Path | None,
) -> Answers:
    """What the models answer; an adapter answers together with its base model."""
    with ExitStack() as joined:
        whole = joined.enter_context(whole_model(model, base_model))
        rival = joined.enter_context(whole_model(champion, base_model)) if champion else None
        return ask_models(config, test, model=whole, base_model=base_model, champion=rival)
