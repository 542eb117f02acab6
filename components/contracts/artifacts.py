"""How artifacts and the files in them are named."""

import re

from components.contracts.errors import BadInputError

RAW_DATASET = "raw-dataset"
PRETRAINED_MODEL = "pretrained-model"
TRAIN_DATASET = "train-dataset"
FINETUNED_MODEL = "finetuned-model"
EVALUATION = "evaluation"
REGISTRY = "registry"
BASES = "bases"
"""In a registry: the base models that adapters need, each under its digest."""

POSTS = "posts.jsonl"
COLLECT_REPORT = "collect.json"
FETCH_REPORT = "fetch.json"
SPLITS = ("train", "validation", "test")
PREPARE_REPORT = "prepare.json"
TRAIN_REPORT = "train.json"
EVALUATION_REPORT = "evaluation.json"
SAMPLES = "samples.jsonl"
REPORT_PAGE = "report.html"
PUBLIC_PAGE = "report-public.html"
MANIFEST = "manifest.json"
MODEL_CARD = "README.md"
PREVIEW = "preview.png"
"""A version as one picture of 1200 × 630 pixels, for links to it."""
ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
"""As peft names them: a folder with these holds what is added to a base model, and not a model."""
MODEL_FILES = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")
"""Weights, configuration, tokenizer, chat template: never pickled weights or code."""

_PERSONA = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}")


def check_persona(name: str) -> str:
    """Return `name` if it can name a persona (a folder, a URL part and a Hub repository).

    Raises:
        BadInputError: it cannot; the message says which characters can.
    """
    if not is_persona(name):
        raise BadInputError(
            f"{name!r} cannot name a persona: use 1 to 96 letters, digits, '_', '-' and '.', "
            "starting with a letter, a digit or '_'"
        )
    return name


def is_persona(name: str) -> bool:
    """Whether this can name a persona."""
    return ".." not in name and _PERSONA.fullmatch(name) is not None


def persona_of(authors: list[str]) -> str:
    """The default persona of these authors: sorted, joined by '-'."""
    return check_persona("-".join(sorted(authors)))


def split_file(split: str) -> str:
    """The file of one split, `train.jsonl` for `train`."""
    return f"{split}.jsonl"
