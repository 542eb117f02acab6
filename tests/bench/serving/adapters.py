"""Many personas over one base model, beside one whole model that takes the same load."""

import statistics
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import psutil
import requests
import torch
from bench.made_posts import posts
from bench.report import Row
from bench.serving import asking
from bench.serving.load import Load, closed_loop
from peft import LoraConfig
from safetensors.torch import save_file
from support.adapters import merge
from support.server_processes import server_process
from support.servers import LINEAGE

from components.contracts.artifacts import ADAPTER_WEIGHTS, MANIFEST
from components.contracts.reports import BaseModelFacts
from components.lm.adapters import BASE_SHA256
from components.lm.decoding.shape import Shape, read_shape
from components.lm.decoding.weight_shapes import LAYERS, PREFIXES, PRODUCTS, matrix_sizes
from components.lm.decoding.weights import Weights, inner_size
from components.lm.format_quality import format_bits_per_byte
from components.lm.provenance import base_sha256
from components.registry import Registry
from components.registry.layout import version_folder
from components.text.spans import BEGINNINGS, SPANS, Beginnings, SpanFilter

RANK = 16
CLIENTS, TOKENS = 32, 48
COLD = 20
SECONDS_OF_A_LOAD = 0.1
LEAST_SHARE = 0.7
MOST_MEMORY = 2.0
KEY = bytes(16)
MERGED = "merged"


def many_adapters(base: Path, folder: Path, personas: int, runs: int) -> Iterator[Row]:
    """The rows of one server with so many personas; the two loads take turns `runs` times.

    `base` is a model folder of Llama's or GPT-2's family.
    """
    folder.mkdir()
    registry = Registry.open((folder / "registry").as_uri())
    names = [f"adapter{number:04}" for number in range(personas)]
    size = _publish(registry, base, folder, names)
    memory = str((CLIENTS + 1) * size)
    with server_process(
        registry.store.uri, folder, "adapters", "--adapter-memory", memory
    ) as server:
        busy = names[:CLIENTS]
        adapted = partial(closed_loop, asking.ours(server.inference, busy))
        merged = partial(closed_loop, asking.ours(server.inference, [MERGED]))
        for load in (adapted, merged):
            load(CLIENTS, 1, 1, 4)
        speeds: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(runs):
            for is_adapted, load in ((True, adapted), (False, merged)):
                done: Load = load(CLIENTS, 2, 1, TOKENS)
                speeds[is_adapted].append(done.tokens_per_second)
        yield _speeds(speeds[True], speeds[False])
        yield _cold(server.inference, names[CLIENTS:][-COLD:])
        used = psutil.Process(server.process.pid).memory_full_info().pss / 1e9
        case = f"{personas} personas of one base model, after all of it"
        yield Row(
            case, "memory", "GB", used, "the limit", MOST_MEMORY, MOST_MEMORY / used, 1, 0.0,
            limit=MOST_MEMORY,
        )  # fmt: skip


def _speeds(ours: Sequence[float], merged: Sequence[float]) -> Row:
    mine, peer = statistics.median(ours), statistics.median(merged)
    spread = (max(ours) - min(ours)) / mine
    return Row(
        f"{CLIENTS} clients, each its own adapter of rank {RANK}", "speed", "tokens/s", mine,
        "one merged model", peer, mine / peer, len(ours), spread, limit=LEAST_SHARE * peer,
    )  # fmt: skip


def _cold(address: str, names: Sequence[str]) -> Row:
    """What the first request for an adapter takes beyond the second."""
    loads = []
    for name in names:
        first, second = _wait(address, name), _wait(address, name)
        loads.append(first - second)
    ours = statistics.median(loads)
    return Row(
        f"an adapter of rank {RANK} that is on disk", "load, p50", "s", ours, "the limit",
        SECONDS_OF_A_LOAD, SECONDS_OF_A_LOAD / ours, len(loads),
        (max(loads) - min(loads)) / ours, limit=SECONDS_OF_A_LOAD,
    )  # fmt: skip


def _wait(address: str, name: str) -> float:
    began = time.perf_counter()
    body = {"prompt": "the", "max_tokens": 1, "ignore_eos": True}
    requests.post(f"{address}/predictions/{name}", json=body, timeout=60).raise_for_status()
    return time.perf_counter() - began


def _publish(registry: Registry, base: Path, folder: Path, names: Sequence[str]) -> int:
    """Put the adapters, and the first one merged, into production; the bytes of one's weights."""
    shape = read_shape(base)
    assert shape is not None
    facts = BaseModelFacts(id="the bundled model", revision=None, sha256=base_sha256(base))
    texts = [post.text for post in posts(2000)]
    formats = format_bits_per_byte(base, texts[:200])
    registry.publish_base(base, facts)
    few = folder / "adapters"
    made = [_make(few / str(seed), shape, base, facts.sha256, seed) for seed in range(CLIENTS)]
    whole = merge(base, made[0], folder / MERGED)

    def write(source: Path, version: int, target: Path) -> None:
        for file in source.iterdir():
            (target / file.name).hardlink_to(file)
        (target / "README.md").write_text("# An adapter\n")
        SpanFilter.of(texts, KEY).write(target / SPANS)
        Beginnings.of(texts, KEY).write(target / BEGINNINGS)

    registry.publish(MERGED, partial(write, whole), LINEAGE, formats)
    for name, source in zip(names, made, strict=False):
        registry.publish(name, partial(write, source), LINEAGE, formats, base_model=facts)
    for number, name in enumerate(names[len(made) :]):
        _link(registry, folder / "registry", names[number % len(made)], name)
    for name in (MERGED, *names):
        registry.move_alias(name, "production", 1)
    return (made[0] / ADAPTER_WEIGHTS).stat().st_size


def _link(registry: Registry, place: Path, like: str, name: str) -> None:
    """Put another persona's first version there as this one's, without a copy of its files."""
    source, target = (place / version_folder(one, 1) for one in (like, name))
    manifest = registry.manifest(like, 1).model_copy(update={"persona": name})
    target.mkdir(parents=True)
    for entry in manifest.files:
        (target / entry.path).hardlink_to(source / entry.path)
    manifest.write(target / MANIFEST)


def _make(folder: Path, shape: Shape, base: Path, sha256: str, seed: int) -> Path:
    """An adapter of small random weights, as peft lays one out."""
    draw = torch.Generator().manual_seed(seed)
    inner = _inner(shape, base)
    weights = {}
    for layer in range(shape.layers):
        for name in (name for names in PRODUCTS[shape.family].values() for name in names):
            outputs, inputs = matrix_sizes(shape, inner)[name]
            key = f"base_model.model.{PREFIXES[shape.family]}{LAYERS[shape.family]}.{layer}.{name}"
            for half, size in {"A": (RANK, inputs), "B": (outputs, RANK)}.items():
                values = 0.01 * torch.randn(size, generator=draw)
                weights[f"{key}.lora_{half}.weight"] = values.bfloat16()
    folder.mkdir(parents=True)
    save_file(weights, folder / ADAPTER_WEIGHTS, {BASE_SHA256: sha256})
    targets = sorted({name.rpartition(".")[2] for group in PRODUCTS[shape.family].values()
                      for name in group})  # fmt: skip
    config = LoraConfig(
        r=RANK, lora_alpha=2 * RANK, target_modules=targets, task_type="CAUSAL_LM",
        fan_in_fan_out=shape.family == "gpt2", base_model_name_or_path=str(base),
    )  # fmt: skip
    config.save_pretrained(str(folder))
    return folder


def _inner(shape: Shape, base: Path) -> int:
    with Weights(base, PREFIXES[shape.family]) as weights:
        return inner_size(shape, weights)
