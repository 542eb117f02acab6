"""What is judged: what models answer when they are asked, or the texts of a file."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from components.contracts.errors import BadInputError
from components.contracts.posts import Sample
from components.evaluate.config import EvaluateConfig
from components.evaluate.formats import measure_formats
from components.evaluate.measures.bits_per_byte import BASE, CHAMPION, FINETUNED, score
from components.evaluate.sampling import NO_PROMPT, SAMPLES_A_PROMPT, draw_samples

BASE_SHARE = 4
"""One sample of the base model for so many of the fine-tuned one: it is far off, which few show."""


class Answers(NamedTuple):
    """What the models, or a file, have to say."""

    samples: list[Sample]
    """Those with a prompt, then those without."""
    scores: Mapping[str, Sequence[float]] = {}
    """The bits for each test post by the model's name."""
    base_texts: Sequence[str] = ()
    """What the base model writes without a prompt."""
    formats: Mapping[str, float] = {}
    """The bits per byte that the model needs by dtype."""

    @property
    def texts(self) -> list[str]:
        """The generated posts to measure: those without a prompt, or all if there are none."""
        return [sample.text for sample in self.samples if not sample.prompt] or [
            sample.prompt + sample.text for sample in self.samples
        ]


def ask_models(
    config: EvaluateConfig,
    test: Sequence[str],
    *,
    model: Path,
    base_model: Path | None,
    champion: Path | None,
) -> Answers:
    """Score all models on the `test` posts and let the first two write; one is in memory at a time.

    Raises:
        BadInputError: a folder holds no model, or the prompts are too long for it.
    """
    scores = {FINETUNED: score(model, test, "finetuned")}
    formats = measure_formats(model, test, scores[FINETUNED])
    wanted = dict.fromkeys(config.prompts, SAMPLES_A_PROMPT) | {NO_PROMPT: config.samples}
    samples = draw_samples(model, formats, config, wanted, "generate")
    base_texts: list[str] = []
    if base_model:
        scores[BASE] = score(base_model, test, "base")
        few = {NO_PROMPT: -(-config.samples // BASE_SHARE)}
        written = draw_samples(base_model, formats, config, few, "generate")
        base_texts = [one.text for one in written]
    if champion:
        scores[CHAMPION] = score(champion, test, "champion")
    return Answers(samples, scores, base_texts, formats)


def read_answers(file: Path) -> Answers:
    """Read texts from JSON lines with `text`, which may have a `prompt`; other keys are ignored.

    Raises:
        BadInputError: the file is missing, holds no text, or a line is something else.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BadInputError(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"{file} is not UTF-8 text: {error.reason}") from error
    samples = list(_parsed(file, lines))
    if not samples:
        raise BadInputError(f"{file} holds no texts; give JSON lines with the key `text`")
    return Answers(samples)


def _parsed(file: Path, lines: Sequence[str]) -> Iterator[Sample]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = _json(line)
        text, prompt = (row.get("text"), row.get("prompt", "")) if row else (None, "")
        if not isinstance(text, str) or not isinstance(prompt, str):
            raise BadInputError(
                f"{file}, line {number}: it is not a JSON object with a `text`, "
                'as {"text": "hello"}'
            )
        cut = row.get("finish_reason") == "length"
        yield Sample(
            prompt=prompt, index=number - 1, text=text, finish_reason="length" if cut else "stop"
        )


def _json(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
