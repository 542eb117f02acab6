"""How well a model foretells posts that it has never seen."""

import logging
from collections.abc import Sequence

from components.contracts.errors import BadInputError
from components.contracts.reports import Measure
from components.evaluate.bootstrap import ratio
from components.lm.models import LanguageModel
from components.lm.score import post_bits
from components.runtime.progress import progress

POSTS_AT_A_TIME = 128

log = logging.getLogger(__name__)


def bits_per_byte(model: LanguageModel, texts: Sequence[str], seed: int, task: str) -> Measure:
    """Σ −log2 p(post + end) / Σ UTF-8 bytes of the posts: fewer bits, better foretold.

    Dividing by bytes makes models with different tokenizers comparable.

    Args:
        model: the model, which starts every post after its start token.
        texts: the posts, at least one, each of which the model can look at as a whole.
        seed: of the bootstrap.
        task: what to call this on the progress bar.
    """
    ordered = sorted(texts, key=len)  # posts of like length share the model's batches
    bits: list[float] = []
    with progress(task, len(ordered)) as advance:
        for start in range(0, len(ordered), POSTS_AT_A_TIME):
            batch = ordered[start : start + POSTS_AT_A_TIME]
            bits += post_bits(model, batch)
            advance(len(batch))
    return ratio(bits, [len(text.encode()) for text in ordered], seed)


def fitting(model: LanguageModel, texts: Sequence[str]) -> list[str]:
    """Those of `texts` that the model can look at as a whole; the log says how many are too long.

    Raises:
        BadInputError: none is.
    """
    sizes = [len(ids) for ids in model.encode(texts)]
    fit = [text for text, size in zip(texts, sizes, strict=True) if size + 1 <= model.max_positions]
    if not fit:
        raise BadInputError(
            "there is no test post that the model can be measured on: the dataset's test split is "
            f"empty or every post in it is longer than {model.max_positions} tokens; use more posts"
        )
    if len(fit) < len(texts):
        log.warning(
            "%d of %d test posts are longer than the model's %d tokens and left out of bits per "
            "byte", len(texts) - len(fit), len(texts), model.max_positions,
        )  # fmt: skip
    return fit
