"""Fine-tune a base model on a train-dataset."""

import logging
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from torch import nn

from components.contracts.artifacts import (
    FINETUNED_MODEL,
    PREPARE_REPORT,
    PRETRAINED_MODEL,
    TRAIN_DATASET,
    TRAIN_REPORT,
)
from components.contracts.errors import BadInputError
from components.contracts.reports import BaseModelFacts, PrepareReport, TrainReport
from components.lm.decoding.shape import read_shape
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
from components.train.computing import computing_of
from components.train.config import TrainConfig
from components.train.data import Posts, in_batches, read_posts, sample_evenly
from components.train.first_token import tame_first_tokens
from components.train.group import Group, is_first, is_in_group, joined
from components.train.launch import check_gpus, launch
from components.train.loop import OnStep, ignore, plan, train
from components.train.loss import loss_function
from components.train.method import adapters_of, make_trainable, with_weights
from components.train.optimizer import MasterAdamW
from components.train.report import base_facts, train_report
from components.train.sampled_softmax import SampledVocabulary
from components.train.save import save_adapter, save_model
from components.train.state import TrainState
from components.train.suit import suit_processor

log = logging.getLogger(__name__)

VALIDATED_AT_ONCE = 1024
"""Tokens: nothing is kept of them for a backward pass, so many fit where a step's do."""


def run(config: TrainConfig, *, dataset: Path, base_model: Path, model_out: Path) -> TrainReport:
    """Train `base_model` on `dataset` and write the finetuned-model folder.

    Raises:
        BadInputError: the dataset or the base model is none, the output cannot be written, or
            there is no such device, or there are not so many GPUs.
        DivergedError: the loss became no number; nothing is written.
        ProcessError: of several processes one failed; the sentence is its own.
    """
    places = {"dataset": dataset, "base_model": base_model, "model_out": model_out}
    if config.nodes > 1:
        from components.train.nodes.step import train_on_nodes  # which wants a client of Kubernetes

        _prepared(config, dataset)
        report = train_on_nodes(config, **places)
    elif config.gpus > 1 and not is_in_group():
        check_gpus(config.gpus, config.device)
        launch(train_in_group, config.gpus, config=config, **places)
        report = TrainReport.read(model_out / TRAIN_REPORT)
    else:
        report = train_in_group(config, **places)
    if is_first():
        checkpoints = _checkpoints(config, report.dataset_sha256, report.base_model, report.dtype)
        if checkpoints:
            checkpoints.forget()
        _say_how_it_went(report)
    return report


def train_in_group(
    config: TrainConfig, *, dataset: Path, base_model: Path, model_out: Path
) -> TrainReport:
    """The part of one process in `run`; checkpoints are kept. All of a group give the report."""
    with joined(config.device) as group:
        prepared = _prepared(config, dataset)
        limit_threads(group.local_size)
        if config.publish == "adapter":
            _check_served(base_model)
        lm = load_model(base_model, device=group.device)
        posts, validation = (read_posts(dataset, split, lm) for split in ("train", "validation"))
        _warn_of_cut(posts, lm)
        dtype = _agreed_dtype(config, group)
        base, dataset_sha256 = base_facts(base_model), folder_sha256(dataset)
        checkpoints = _checkpoints(config, dataset_sha256, base, dtype)
        job = partial(fit, lm, posts, validation, config, dtype, checkpoints, group=group)
        facts = partial(
            train_report, config, base=base, dataset=dataset, prepared=prepared, group=group,
            dtype=dtype,
        )  # fmt: skip
        if not group.is_first:
            return facts(job())
        authors = handles(prepared.persona_authors)
        with (
            whole_folder(model_out, holding=TRAIN_REPORT) as folder,
            tracked("train", authors, config) as tracker,
        ):
            tracker.input(TRAIN_DATASET, authors, dataset)
            tracker.input(PRETRAINED_MODEL, base.id, base_model)
            state = job(on_step=tracker.log)
            _save(lm, base_model, base, config, state, folder)
            tracker.output(FINETUNED_MODEL, authors, folder, model_out)
            report = facts(state).model_copy(update={"tracking": tracker.links()})
            report.write(folder / TRAIN_REPORT)
            tracker.summarise(report)
        return report


def _prepared(config: TrainConfig, dataset: Path) -> PrepareReport:
    """How the posts were prepared; the opt-out list is asked for their authors."""
    require_folder(dataset, PREPARE_REPORT, "train-dataset")
    prepared = PrepareReport.read(dataset / PREPARE_REPORT)
    if config.registry is not None:
        refuse_opted_out(read_opt_outs(config.registry), prepared.people)
    return prepared


def _agreed_dtype(config: TrainConfig, group: Group) -> Dtype:
    """What all compute in: processors that are timed could choose differently."""
    precision = choose_precision(config.dtype, group.device)
    log.info("training in %s", precision.reason)
    return "bf16" if group.as_the_first(precision.dtype == "bf16") else "fp32"


def _save(
    lm: LanguageModel,
    base_model: Path,
    base: BaseModelFacts,
    config: TrainConfig,
    state: TrainState,
    folder: Path,
) -> None:
    """Write what training made of the untouched base model: a whole model, or its adapters."""
    untouched = load_model(base_model, device=lm.device).model
    if config.publish == "adapter":
        save_adapter(lm, adapters_of(untouched, config, state.best_weights), base, folder)
    else:
        save_model(lm, with_weights(untouched, config, state.best_weights), folder)


def _check_served(base_model: Path) -> None:
    """Refuse adapters that no server could add to their base model."""
    if read_shape(base_model) is None:
        raise BadInputError(
            f"--publish adapter: {base_model} is neither of GPT-2's nor of Llama's family, whose "
            "adapters can be served; take --publish merged"
        )


def _checkpoints(
    config: TrainConfig, dataset_sha256: str, base: BaseModelFacts, dtype: Dtype
) -> Checkpoints | None:
    if config.checkpoint_uri is None:
        return None
    key = training_key(dataset_sha256, base.sha256, config, dtype)
    return Checkpoints.at(config.checkpoint_uri, key, config.checkpoint_seconds)


def fit(
    lm: LanguageModel,
    posts: Posts,
    validation: Posts,
    config: TrainConfig,
    dtype: Dtype,
    checkpoints: Checkpoints | None = None,
    on_step: OnStep = ignore,
    group: Group | None = None,
) -> TrainState:
    """Train the model of `lm`, which is used up by it; the best weights are in the state.

    Raises:
        BadInputError: the model cannot learn to write, or has nothing that adapters fit.
    """
    check_can_write(lm, validation.ids[0])
    tame_first_tokens(lm.model, posts)
    suited = suit_processor(lm.model, TORCH_DTYPES[dtype], posts, validation)
    parameters = make_trainable(lm.model, config)
    optimizer = MasterAdamW(parameters, config.weight_decay, TORCH_DTYPES[dtype])
    for parameter in lm.model.parameters():  # the frozen ones; buffers keep their precision
        parameter.data = parameter.data.to(TORCH_DTYPES[dtype])
    validation_batches = in_batches(
        sample_evenly(validation, config.validation_tokens),
        max(config.batch_tokens, VALIDATED_AT_ONCE),
        lm.device,
    )
    loss_of = loss_function(
        lm.model,
        validation_batches[0],
        packed=suited.packed,
        sampled=_sampled_vocabulary(lm, posts, config),
    )
    computing = computing_of(loss_of, parameters, suited)
    group = group or Group(lm.device)
    steps = plan(posts, config, packed=suited.packed).steps
    shown = progress("training", steps) if group.is_first else nullcontext(unseen)
    with large_buffers_kept(), shown as advance:
        return train(
            computing,
            optimizer,
            posts,
            validation_batches,
            config,
            advance,
            checkpoints,
            on_step,
            group,
        )


def _sampled_vocabulary(
    lm: LanguageModel, posts: Posts, config: TrainConfig
) -> SampledVocabulary | None:
    """The part of the vocabulary that steps look at, on a processor, where it saves time."""
    head = lm.model.get_output_embeddings()
    if lm.device.type != "cpu" or not isinstance(head, nn.Linear):
        return None
    return SampledVocabulary.of(posts, head.out_features, config.seed)


def unseen(amount: int, words: str = "") -> None:
    """Show nothing."""


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
