"""Small published versions to push, made up."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from components.contracts.evaluation import EvaluationReport
from components.contracts.lineage import Lineage
from components.contracts.pushing import PushReport
from components.contracts.registry import Manifest
from components.registry import Registry
from support.finished import make_evaluation_report

Push = Callable[..., PushReport]
CARD = """---
language:
- en
license: apache-2.0
library_name: transformers
tags:
- huggingtweets
base_model: made-up/tiny
pipeline_tag: text-generation
widget:
- text: My dream is
model-index:
- name: jane
  results: []
---

# Jane 🤖 AI Bot

Version {version} of jane.

```python
model = "."  # the folder of this card, or the model's name on the Hub
```
"""
STAYS = {
    "spans.bloom": b"keyed hashes",
    "beginnings.bloom": b"keyed hashes",
    "post-hashes.json": b'{"posts": []}',
    "model.py": b"print()",
    ".eval_results/all.yaml": b"- value: 1",
}
"""Files of a version that are nobody's business on the Hub."""
LINEAGE = Lineage.model_validate(
    {
        "collect": {"ann": {"account_id": "17"}},
        "fetch": {"id": "made-up/tiny", "source": "hub", "license": "apache-2.0"},
    }
)


def evaluation(*, passed: bool = True) -> bytes:
    """The evaluation of a version that passed the gate, or did not."""
    report: EvaluationReport = make_evaluation_report(passed=passed)
    return report.to_json().encode()


def publish_version(
    registry: str,
    persona: str = "jane",
    files: Mapping[str, bytes | None] | None = None,
    lineage: Any = LINEAGE,
) -> Manifest:
    """Publish the next version of a persona; `files` replaces some of its files, or takes them."""

    def write(version: int, folder: Path) -> None:
        made: dict[str, bytes | None] = {
            "README.md": CARD.replace("{version}", str(version)).encode(),
            "model.safetensors": b"the weights of version %d" % version,
            "config.json": b'{"model_type": "gpt2"}',
            "tokenizer.json": b"{}",
            "train.json": b"{}",
            "evaluation.json": evaluation(),
            "report-public.html": b"<p>it quotes nobody</p>",
            **STAYS,
            **(files or {}),
        }
        for name, content in made.items():
            if content is not None:
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(content)

    return Registry.open(registry).publish(persona, write, lineage)
