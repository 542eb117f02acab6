"""What a training leaves in train.json."""

import importlib.metadata
import platform
from pathlib import Path

import torch

from components.contracts.artifacts import FETCH_REPORT
from components.contracts.reports import BaseModelFacts, FetchReport, PrepareReport, TrainReport
from components.lm.models import Dtype
from components.runtime.digests import folder_sha256
from components.train.config import RUNTIME_ONLY, TrainConfig
from components.train.group import Group
from components.train.state import TrainState

PACKAGES = ("torch", "transformers", "peft", "huggingtweets")


def base_facts(folder: Path) -> BaseModelFacts:
    """Which model is in `folder`: as fetch.json says, or by its name and digest without one."""
    if (folder / FETCH_REPORT).is_file():
        fetched = FetchReport.read(folder / FETCH_REPORT)
        return BaseModelFacts(id=fetched.id, revision=fetched.revision, sha256=fetched.sha256)
    return BaseModelFacts(id=folder.resolve().name, revision=None, sha256=folder_sha256(folder))


def train_report(
    config: TrainConfig,
    state: TrainState,
    *,
    base: BaseModelFacts,
    dataset: Path,
    prepared: PrepareReport,
    group: Group,
    dtype: Dtype,
) -> TrainReport:
    """The report of a training on `dataset`, which `prepared` describes, that ended so."""
    chosen = {"learning_rate": config.peak_learning_rate, "epochs": state.epochs}
    hyperparameters = config.model_dump(exclude={"seed", *RUNTIME_ONLY}) | chosen
    return TrainReport(
        tokens=state.tokens,
        seconds=state.seconds,
        tokens_per_second=state.tokens / state.seconds,
        best_validation_loss=state.best_loss,
        best_step=state.best_step,
        seconds_to_best=state.seconds_to_best,
        curve=tuple(state.curve),
        hyperparameters=hyperparameters,
        asked=tuple(sorted(config.model_fields_set & hyperparameters.keys())),
        base_model=base,
        seed=config.seed,
        device=_device_names(group),
        dtype=dtype,
        asked_dtype=config.dtype,
        dataset_sha256=folder_sha256(dataset),
        authors=prepared.persona_authors,
        account_ids=tuple(
            dict.fromkeys(report.account_id for report in prepared.collected if report.account_id)
        ),
        versions=_versions(),
    )


def device_name(device: torch.device) -> str:
    """The GPU's name, or the processor's and how many threads compute on it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {torch.get_num_threads()} threads"


def _device_names(group: Group) -> str:
    name = device_name(group.device)
    return name if group.size == 1 else f"{group.size} x {name}"


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # run from a checkout
            continue
    return versions
