"""The evaluation of a fine-tuned model, from start to end."""

import logging
from collections.abc import Sequence
from pathlib import Path

from components.contracts import artifacts
from components.contracts.base import read_rows, write_rows
from components.contracts.posts import DatasetRow, Sample
from components.contracts.reports import (
    BitsPerByte,
    EvaluationReport,
    Memorisation,
    PrepareReport,
    TrainReport,
)
from components.evaluate.bits_per_byte import bits_per_byte, fitting
from components.evaluate.config import EvaluateConfig
from components.evaluate.memorisation import memorised
from components.evaluate.page import render_page
from components.evaluate.sampling import draw_samples
from components.lm.models import load_model
from components.runtime.folders import require_folder, whole_folder
from components.runtime.provenance import check_trained_from, finetuned_sha256
from components.text.ngrams import RunIndex
from components.tracking import handles, tracked

log = logging.getLogger(__name__)


def run(
    config: EvaluateConfig,
    *,
    dataset: Path,
    model: Path,
    base_model: Path,
    evaluation_out: Path,
    report_out: Path | None = None,
) -> EvaluationReport:
    """Measure the model in `model` and write evaluation.json, samples.jsonl and report.html.

    `report_out` gets a copy of the page.

    Raises:
        BadInputError: a folder is not what it should be, the model was not made from the other
            two, there is no test post, or `evaluation_out` cannot be written.
    """
    require_folder(dataset, artifacts.PREPARE_REPORT, "train-dataset")
    require_folder(model, artifacts.TRAIN_REPORT, "finetuned-model")
    prepared = PrepareReport.read(dataset / artifacts.PREPARE_REPORT)
    trained = TrainReport.read(model / artifacts.TRAIN_REPORT)
    check_trained_from(trained, dataset, base_model)
    authors = handles(prepared.persona_authors)
    with (
        whole_folder(evaluation_out, holding=artifacts.EVALUATION_REPORT) as folder,
        tracked("evaluate", authors, config) as tracker,
    ):
        tracker.input(artifacts.TRAIN_DATASET, authors, dataset)
        tracker.input(artifacts.FINETUNED_MODEL, authors, model)
        test = _texts(dataset, "test")
        bits, samples = _ask_models(config, model, base_model, test)
        training = RunIndex(_texts(dataset, "train"))
        unprompted = [sample.text for sample in samples if not sample.prompt]
        report = EvaluationReport(
            dataset_sha256=trained.dataset_sha256,
            model_sha256=finetuned_sha256(model),
            seed=config.seed,
            sampling=config.model_dump(include={"temperature", "top_p", "max_tokens"}),
            prompts=config.prompts,
            samples=len(unprompted),
            test_posts=len(test),
            bits_per_byte=bits,
            memorisation=Memorisation(
                generated=memorised(unprompted, training, config.seed),
                heldout=memorised(test, training, config.seed),
            ),
        )
        report.write(folder / artifacts.EVALUATION_REPORT)
        write_rows(folder / artifacts.SAMPLES, samples)
        page = render_page(report, prepared, trained, samples, training)
        (folder / artifacts.REPORT_PAGE).write_text(page, encoding="utf-8")
        rows = [(sample.prompt, sample.text, sample.finish_reason) for sample in samples]
        tracker.table("samples", ("prompt", "text", "finish_reason"), rows)
        tracker.output(artifacts.EVALUATION, authors, folder, evaluation_out)
        tracker.summarise(report)
    if report_out:
        report_out.parent.mkdir(parents=True, exist_ok=True)
        report_out.write_text(page, encoding="utf-8")
    log.info("evaluated: see %s", evaluation_out / artifacts.REPORT_PAGE)
    return report


def _texts(dataset: Path, split: str) -> list[str]:
    rows = read_rows(dataset / artifacts.split_file(split), DatasetRow)
    return [row.text for row in rows]


def _ask_models(
    config: EvaluateConfig, model: Path, base_model: Path, test: Sequence[str]
) -> tuple[BitsPerByte, list[Sample]]:
    """Score and sample the fine-tuned model, then score its base; one is in memory at a time."""
    loaded = load_model(model)
    scored = fitting(loaded, test)
    finetuned = bits_per_byte(loaded, scored, config.seed, "finetuned")
    samples = draw_samples(loaded, config)
    del loaded
    base = bits_per_byte(load_model(base_model), scored, config.seed, "base")
    return BitsPerByte(finetuned=finetuned, base=base), samples
