"""What plain transformers, in the environment that runs this, reads in model folders.

`python tests/support/plain_transformers.py FOLDER...`, the texts on standard input as a JSON list.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

WRITTEN = 24


class Reading(NamedTuple):
    """What one version of transformers reads."""

    version: str
    ids: list[list[int]]
    """The token ids of each text, as the tokenizer gives them."""
    nats: float
    """Per token, over all texts."""
    greedy: list[str]
    """How it goes on after each text."""
    inputs: list[str]
    """What the tokenizer gives a model."""
    end: int
    """The id of the token that ends a text."""


def read_with(python: str | Path, folders: Sequence[Path], texts: Sequence[str]) -> list[Reading]:
    """What the transformers of this Python's environment reads in each of the folders."""
    answer = subprocess.run(
        [python, __file__, *folders],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        env={"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    return [Reading(**one) for one in json.loads(answer.stdout)]


def _read(folder: str, texts: list[str]) -> dict[str, Any]:
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    nats = tokens = 0.0
    greedy = []
    with torch.inference_mode():
        for text in texts:
            given = tokenizer(text, return_tensors="pt")
            ids = given["input_ids"]
            scored = torch.cat([ids, torch.tensor([[tokenizer.eos_token_id]])], dim=1)
            count = scored.shape[1] - 1
            nats += float(model(input_ids=scored, labels=scored).loss) * count
            tokens += count
            out = model.generate(**given, do_sample=False, max_new_tokens=WRITTEN)
            greedy.append(tokenizer.decode(out[0][ids.shape[1] :], skip_special_tokens=True))
    return {
        "version": transformers.__version__,
        "ids": [tokenizer(text)["input_ids"] for text in texts],
        "nats": nats / tokens,
        "greedy": greedy,
        "inputs": sorted(given),
        "end": tokenizer.eos_token_id,
    }


if __name__ == "__main__":
    given = json.load(sys.stdin)
    json.dump([_read(folder, given) for folder in sys.argv[1:]], sys.stdout)
