"""Fine-tune a base model on a train-dataset."""

import logging
from pathlib import Path

from components.contracts.artifacts import (
    FINETUNED_MODEL,
    PREPARE_REPORT,
    PRETRAINED_MODEL,
    TRAIN_DATASET,
    TRAIN_REPORT,
)
from components.contracts.errors import BadInputError
from components.contracts.reports import PrepareReport, TrainReport
from components.lm.decoding.shape import read_shape
from components.lm.devices import choose_device
from components.lm.models import TORCH_DTYPES, Dtype, LanguageModel, load_model
from components.lm.precision import choose_precision
from components.lm.threads import limit_threads
from components.registry.opt_outs import read_opt_outs, refuse_opted_out
from components.runtime.digests import folder_sha256
from components.runtime.folders import require_folder, whole_folder
from components.runtime.progress import progress
from components.tracking import handles, tracked
from components.train.ability import check_can_write
from components.train.allocator import large_buffers_kept
from components.train.checkpoint import Checkpoints, training_key
from components.train.config import TrainConfig
from components.train.data import Posts, in_batches, read_posts, sample_evenly
from components.train.loop import OnStep, ignore, plan, train
from components.train.loss import loss_function
from components.train.method import adapters_of, make_trainable, with_weights
from components.train.optimizer import MasterAdamW
from components.train.report import base_facts, train_report
from components.train.save import save_adapter, save_model
from components.train.state import TrainState

log = logging.getLogger(__name__)


def run(config: TrainConfig, *, dataset: Path, base_model: Path, model_out: Path) -> TrainReport:
    """Train `base_model` on `dataset` and write the finetuned-model folder.

    Raises:
        BadInputError: the dataset or the base model is none, the output cannot be written, or
            there is no such device.
        DivergedError: the loss became no number; nothing is written.
    """
    device = choose_device(config.device)
    require_folder(dataset, PREPARE_REPORT, "train-dataset")
    prepared = PrepareReport.read(dataset / PREPARE_REPORT)
    if config.registry is not None:
        refuse_opted_out(read_opt_outs(config.registry), prepared.people)
    limit_threads()
    lm = load_model(base_model, device=device)
    if config.publish == "adapter":
        _check_served(base_model)
    posts, validation = (read_posts(dataset, split, lm) for split in ("train", "validation"))
    _warn_of_cut(posts, lm)
    precision = choose_precision(config.dtype, lm.device)
    log.info("training in %s", precision.reason)
    base = base_facts(base_model)
    checkpoints = _checkpoints(config, folder_sha256(dataset), base.sha256, precision.dtype)
    authors = handles(prepared.persona_authors)
    with (
        whole_folder(model_out, holding=TRAIN_REPORT) as folder,
        tracked("train", authors, config) as tracker,
    ):
        tracker.input(TRAIN_DATASET, authors, dataset)
        tracker.input(PRETRAINED_MODEL, base.id, base_model)
        state = fit(lm, posts, validation, config, precision.dtype, checkpoints, tracker.log)
        untouched = load_model(base_model, device=device).model
        if config.publish == "adapter":
            save_adapter(lm, adapters_of(untouched, config, state.best_weights), base, folder)
        else:
            save_model(lm, with_weights(untouched, config, state.best_weights), folder)
        tracker.output(FINETUNED_MODEL, authors, folder, model_out)
        report = train_report(
            config,
            state,
            base=base,
            dataset=dataset,
            prepared=prepared,
            device=lm.device,
            dtype=precision.dtype,
        ).model_copy(update={"tracking": tracker.links()})
        report.write(folder / TRAIN_REPORT)
        tracker.summarise(report)
    if checkpoints:
        checkpoints.forget()
    _say_how_it_went(report)
    return report


def _check_served(base_model: Path) -> None:
    """Refuse adapters that no server could add to their base model."""
    if read_shape(base_model) is None:
        raise BadInputError(
            f"--publish adapter: {base_model} is neither of GPT-2's nor of Llama's family, whose "
            "adapters can be served; take --publish merged"
        )


def _checkpoints(
    config: TrainConfig, dataset_sha256: str, base_sha256: str, dtype: Dtype
) -> Checkpoints | None:
    if config.checkpoint_uri is None:
        return None
    key = training_key(dataset_sha256, base_sha256, config, dtype)
    return Checkpoints.at(config.checkpoint_uri, key, config.checkpoint_seconds)


def fit(
    lm: LanguageModel,
    posts: Posts,
    validation: Posts,
    config: TrainConfig,
    dtype: Dtype,
    checkpoints: Checkpoints | None = None,
    on_step: OnStep = ignore,
) -> TrainState:
    """Train the model of `lm`, which is used up by it; the best weights are in the state.

    Raises:
        BadInputError: the model cannot learn to write, or has nothing that adapters fit.
    """
    check_can_write(lm, validation.ids[0])
    parameters = make_trainable(lm.model, config)
    optimizer = MasterAdamW(parameters, config.weight_decay, TORCH_DTYPES[dtype])
    for parameter in lm.model.parameters():  # the frozen ones; buffers keep their precision
        parameter.data = parameter.data.to(TORCH_DTYPES[dtype])
    validation_batches = in_batches(
        sample_evenly(validation, config.validation_tokens), config.batch_tokens, lm.device
    )
    loss_of = loss_function(lm.model, validation_batches[0])
    with large_buffers_kept(), progress("training", plan(posts, config).steps) as advance:
        return train(
            loss_of, optimizer, posts, validation_batches, config, advance, checkpoints, on_step
        )


def _warn_of_cut(posts: Posts, lm: LanguageModel) -> None:
    if posts.cut:
        log.warning(
            "%d posts are longer than the context length of %d tokens; their ends are left out",
            posts.cut,
            lm.max_positions,
        )


def _say_how_it_went(report: TrainReport) -> None:
    start = report.curve[0].validation_loss
    log.info(
        "validation loss %.3f at the start, %.3f at best (step %d of %d): %d tokens in %.0f s, "
        "%.0f tokens/s",
        *(start, report.best_validation_loss, report.best_step, report.curve[-1].step),
        *(report.tokens, report.seconds, report.tokens_per_second),
    )
    if report.best_step == 0:
        log.warning(
            "training made the model no better at these posts; the base model's weights were kept"
        )
