"""How each server is asked for posts as long as `tokens`, drawn from the nucleus of TOP_P."""

import http.client
import json
import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

from bench.serving.load import Ask

PERSONA = "persona"
TOP_P = 0.95
PATIENCE = 900.0


def ours(url: str, personas: Sequence[str] = (PERSONA,)) -> Ask:
    """OpenAI's completions, streamed; the last piece says how many tokens were written.

    Requests ask the `personas` in turn.
    """
    turn = cycle(personas)

    def ask(prompt: str, n: int, tokens: int) -> Iterator[int]:
        options = {"n": n, "top_p": TOP_P, "ignore_eos": True}
        yield from _completion(url, next(turn), prompt, tokens, options)

    return ask


def transformers_serve(url: str, model: str) -> Ask:
    """The same dialect, without `n`: so many requests at once instead."""
    config = {"do_sample": True, "temperature": 1.0, "top_p": TOP_P, "top_k": 0, "eos_token_id": -1}

    def ask(prompt: str, n: int, tokens: int) -> Iterator[int]:
        options = {"generation_config": json.dumps(config | {"max_new_tokens": tokens})}
        pieces: queue.Queue[int | None] = queue.Queue()

        def one(_: int) -> None:
            try:
                for new in _completion(url, model, prompt, tokens, options):
                    pieces.put(new)
            finally:
                pieces.put(None)

        with ThreadPoolExecutor(n) as pool:
            done = pool.map(one, range(n))
            open_ones = n
            while open_ones:
                new = pieces.get()
                if new is None:
                    open_ones -= 1
                else:
                    yield new
            list(done)  # raises what went wrong

    return ask


def torchserve(url: str) -> Ask:
    """TorchServe's predictions, answered at once by torchserve_handler.py."""

    def ask(prompt: str, n: int, tokens: int) -> Iterator[int]:
        body = {"prompt": prompt, "n": n, "max_tokens": tokens, "top_p": TOP_P}
        for line in post(f"{url}/predictions/{PERSONA}", body):
            yield json.loads(line)["tokens"]

    return ask


def openvino(url: str) -> Ask:
    """Lines of openvino_server.py, each a number of tokens."""

    def ask(prompt: str, n: int, tokens: int) -> Iterator[int]:
        for line in post(url, {"prompt": prompt, "n": n, "max_tokens": tokens, "top_p": TOP_P}):
            yield int(line)

    return ask


def _completion(
    url: str, model: str, prompt: str, tokens: int, options: dict[str, Any]
) -> Iterator[int]:
    body = {"model": model, "prompt": prompt, "max_tokens": tokens, "stream": True}
    options = {"stream_options": {"include_usage": True}, **options}
    for line in post(f"{url}/v1/completions", body | options):
        if line.startswith(b"data: {"):
            piece = json.loads(line[len(b"data: ") :])
            if "error" in piece:
                raise RuntimeError(line.decode())
            if any(choice["text"] for choice in piece["choices"]):
                yield 0
            if piece.get("usage"):
                yield piece["usage"]["completion_tokens"]


def post(url: str, body: dict[str, Any]) -> Iterator[bytes]:
    """The lines of the answer as they come."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", parts.path or "/", json.dumps(body), headers)
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{url} answered {answer.status}: {answer.read()[:500]!r}")
        while line := answer.readline():
            if line.strip():
                yield line
    finally:
        connection.close()
