"""What llama.cpp, by its own server in the wheel xllamacpp, makes of a GGUF file.

`python tests/support/llama_cpp.py FILE`, what is asked on standard input as JSON.
"""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

WRITTEN = 24
ALL = 1 << 20
"""More than a vocabulary has tokens."""


class Reading(NamedTuple):
    """What llama.cpp reads."""

    ids: list[list[int]]
    """The token ids of each text, with what it puts before them."""
    greedy: list[str]
    """How it goes on after each text."""
    nats: list[float]
    """Of each list of token ids that was to be scored, but its first token."""


def read_with_llama_cpp(
    python: str | Path, file: Path, texts: Sequence[str], scored: Sequence[Sequence[int]] = ()
) -> Reading:
    """What llama.cpp in this Python's environment reads in a GGUF file."""
    answer = subprocess.run(
        [python, __file__, file],
        input=json.dumps({"texts": texts, "scored": scored}),
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    return Reading(**json.loads(answer.stdout.splitlines()[-1]))


class _Server:
    def __init__(self, file: str) -> None:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = file
        params.n_ctx = 128
        params.n_parallel = 1
        params.cpuparams.n_threads = 1
        params.warmup = False
        self.server = xllamacpp.Server(params)

    def ask(self, path: str, **body: Any) -> Any:
        request = urllib.request.Request(
            self.server.listening_address + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def ids(self, text: str) -> list[int]:
        """What looks like a special token is read letter by letter."""
        asked = {"content": text, "add_special": True, "parse_special": False}
        found: list[int] = self.ask("/tokenize", **asked)["tokens"]
        return found

    def goes_on(self, text: str) -> str:
        answer = self.ask("/completion", prompt=text, n_predict=WRITTEN, temperature=0)
        return str(answer["content"])

    def nats(self, ids: list[int]) -> float:
        return sum(self._nats_of(ids[:here], ids[here]) for here in range(1, len(ids)))

    def _nats_of(self, before: list[int], token: int) -> float:
        """What the token costs here; its probability is among those of all tokens."""
        asked = {"prompt": before, "n_predict": 1, "temperature": 0, "n_probs": ALL}
        (step,) = self.ask("/completion", **asked)["completion_probabilities"]
        return next(-float(one["logprob"]) for one in step["top_logprobs"] if one["id"] == token)


def _main(file: str, texts: list[str], scored: list[list[int]]) -> None:
    server = _Server(file)
    read = {
        "ids": [server.ids(text) for text in texts],
        "greedy": [server.goes_on(text) for text in texts],
        "nats": [server.nats(ids) for ids in scored],
    }
    print("\n" + json.dumps(read), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1], **json.load(sys.stdin))
