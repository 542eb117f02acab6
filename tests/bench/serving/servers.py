"""The servers that are compared, each started on the same model as its documents say."""

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from bench.made_posts import posts
from bench.serving import asking
from bench.serving.load import Ask
from support.processes import free_ports, running
from support.server_processes import server_process
from support.servers import LINEAGE

from components.lm.format_quality import format_bits_per_byte
from components.lm.precision import choose_precision
from components.registry import Registry
from components.storage import open_store
from components.text.spans import BEGINNINGS, SPANS, Beginnings, SpanFilter

HERE = Path(__file__).parent
READY_WITHIN = 120.0
OURS = "huggingtweets"
KEY = bytes(16)


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    ask: Ask
    process: int


@dataclass(frozen=True)
class Model:
    """The one model that all of them serve."""

    folder: Path
    """As safetensors."""
    int8: Path
    """As a GGUF file in int8."""
    registry: str
    """A registry in which it is in production."""


Start = Callable[[Model, Path], AbstractContextManager[Running]]


def servers(peers: Path, before: Path | None) -> dict[str, Start]:
    """Every server by its name.

    `peers` is the environment that holds those of others, `before` an earlier checkout of ours.
    """
    precision = choose_precision("auto", torch.device("cpu")).dtype
    earlier = {f"{OURS} before": partial(ours, before=before.absolute())} if before else {}
    return {
        OURS: ours,
        **earlier,
        "TorchServe 0.12, batches of 8": partial(torchserve, peers, 8),
        "TorchServe 0.12, batches of 32": partial(torchserve, peers, 32),
        f"transformers serve, {precision}": partial(transformers_serve, peers, precision),
        "OpenVINO GenAI, int8": partial(openvino, peers),
    }


def publish(folder: Path, uri: str) -> None:
    """Put the model into a registry's production as publish does: its dtypes measured, and what
    the output filter must know of its posts beside it."""
    texts = [post.text for post in posts(2000)]

    def write(version: int, target: Path) -> None:
        for file in folder.iterdir():
            (target / file.name).hardlink_to(file)
        (target / "README.md").write_text("# The base model\n")
        SpanFilter.of(texts, KEY).write(target / SPANS)
        Beginnings.of(texts, KEY).write(target / BEGINNINGS)

    formats = format_bits_per_byte(folder, texts[:200])
    registry = Registry(open_store(uri))
    version = registry.publish(asking.PERSONA, write, LINEAGE, formats).version
    registry.move_alias(asking.PERSONA, "production", version)


@contextmanager
def ours(model: Model, folder: Path, before: Path | None = None) -> Iterator[Running]:
    """`huggingtweets serve`, as it comes, or as another checkout has it, with its own registry."""
    registry, variables = model.registry, {}
    if before:
        registry = (folder / "registry").as_uri()
        variables = {"PYTHONPATH": f"{before}:{before / 'tests'}"}
        code = "import sys; from pathlib import Path; from bench.serving.servers import publish; "
        code += "publish(Path(sys.argv[1]), sys.argv[2])"
        subprocess.run(
            [sys.executable, "-c", code, model.folder, registry],
            env={**os.environ, **variables},
            cwd=before,
            check=True,
        )
    with server_process(registry, folder, "ours", variables=variables) as server:
        yield Running(asking.ours(server.inference), server.process.pid)


@contextmanager
def torchserve(peers: Path, batch: int, model: Model, folder: Path) -> Iterator[Running]:
    """TorchServe, whose one worker waits up to 50 ms for a batch and writes it to its end."""
    ports = free_ports(5)
    inference, management, metrics, grpc, grpc_management = ports
    settings = {
        "inference_address": f"http://127.0.0.1:{inference}",
        "management_address": f"http://127.0.0.1:{management}",
        "metrics_address": f"http://127.0.0.1:{metrics}",
        "grpc_inference_port": grpc,
        "grpc_management_port": grpc_management,
        "disable_token_authorization": "true",
        "job_queue_size": 1000,
        "model_store": folder,
        "load_models": "all",
        "models": json.dumps(
            {
                asking.PERSONA: {
                    "1.0": {
                        "marName": f"{asking.PERSONA}.mar", "minWorkers": 1, "maxWorkers": 1,
                        "batchSize": batch, "maxBatchDelay": 50, "responseTimeout": 900,
                    }
                }
            }
        ),
    }  # fmt: skip
    config = folder / "config.properties"
    config.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    _archive(peers, folder)
    environment = _environment(peers) | {"BENCH_MODEL": str(model.folder)}
    command = [peers / "bin/torchserve", "--start", "--foreground", "--ncs"]
    with running(
        [*command, "--ts-config", config],
        folder,
        lambda: _has_worker(management),
        ready_within=READY_WITHIN,
        environment=environment,
    ) as process:
        yield Running(asking.torchserve(f"http://127.0.0.1:{inference}"), process)


@contextmanager
def transformers_serve(
    peers: Path, precision: str, model: Model, folder: Path
) -> Iterator[Running]:
    """`transformers serve` with continuous batching, in the format that is faster here."""
    (port,) = free_ports(1)
    dtype = {"fp32": "float32", "bf16": "bfloat16"}[precision]
    options = ["--continuous-batching", "--device", "cpu", "--dtype", dtype]
    command = [peers / "bin/transformers", "serve", model.folder, *options, "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with running(
        [*command, "--host", "127.0.0.1"],
        folder,
        lambda: _answers(f"{url}/health") is not None,
        ready_within=READY_WITHIN,
        environment=_environment(peers),
    ) as process:
        yield Running(asking.transformers_serve(url, str(model.folder)), process)


@contextmanager
def openvino(peers: Path, model: Model, folder: Path) -> Iterator[Running]:
    """OpenVINO GenAI's continuous batching, see openvino_server.py."""
    (port,) = free_ports(1)
    command = [peers / "bin/python", HERE / "openvino_server.py", model.int8, str(port)]
    with running(command, folder, lambda: _listens(port), ready_within=READY_WITHIN) as process:
        url = f"http://127.0.0.1:{port}"
        greedy = {"prompt": "The capital of France is", "n": 1, "max_tokens": 4, "top_p": 0}
        said = b"".join(asking.post(url, greedy))
        if b" Paris" not in said:  # an exported model can be silently wrong
            raise RuntimeError(f"OpenVINO reads the model wrongly: it says {said!r}")
        yield Running(asking.openvino(url), process)


def _archive(peers: Path, folder: Path) -> None:
    """TorchServe's model archive: the handler alone, which finds the model by itself."""
    subprocess.run(
        [
            peers / "bin/torch-model-archiver", "--model-name", asking.PERSONA, "--version", "1.0",
            "--handler", HERE / "torchserve_handler.py", "--export-path", folder,
        ],
        check=True,
    )  # fmt: skip


def _environment(peers: Path) -> Mapping[str, str]:
    return {
        "PATH": f"{peers / 'bin'}:{os.environ['PATH']}",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }


def _has_worker(port: int) -> bool:
    said = _answers(f"http://127.0.0.1:{port}/models/{asking.PERSONA}")
    return said is not None and json.loads(said)[0]["workers"][0]["status"] == "READY"


def _answers(url: str) -> bytes | None:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bytes(answer.read())
    except OSError:
        return None


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
