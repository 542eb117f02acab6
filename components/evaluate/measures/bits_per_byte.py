"""How well models predict posts that they have never seen."""

import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from components.contracts.errors import BadInputError
from components.contracts.evaluation import BitsPerByte, Measure
from components.evaluate.measures.bootstrap import ratio
from components.evaluate.measures.byte_model import ByteModel
from components.lm.score import Scorer
from components.runtime.progress import progress

FINETUNED, BASE, CHAMPION, BYTE5 = "finetuned", "base", "champion", "byte5"

log = logging.getLogger(__name__)


def score(model: Path, texts: Sequence[str], task: str) -> list[float]:
    """The bits that the model needs for each text and its end, after its start token.

    NaN for a text that is longer than the context length.

    Args:
        model: the model's folder.
        texts: the posts.
        task: what to call this on the progress bar.

    Raises:
        BadInputError: the folder holds no such model.
    """
    bits = [math.nan] * len(texts)
    scorer = Scorer(model)
    with progress(task, len(texts)) as advance:
        for number, value in scorer.bits(texts):
            bits[number] = value
            advance(1)
    return bits


def bits_per_byte(
    scores: Mapping[str, Sequence[float]],
    bytes_of_author: ByteModel,
    test: Sequence[str],
    others: Sequence[str],
    seed: int,
) -> tuple[BitsPerByte, dict[str, Measure]]:
    """Σ −log2 p(post + end) / Σ UTF-8 bytes of the test posts, for each model and the byte model.

    Dividing by bytes makes models with different tokenizers comparable. All are compared on the
    posts that fit the context length of every model.

    Args:
        scores: the bits for each test post by the model's name, as `score` gives them.
        bytes_of_author: the byte model of the training posts.
        test: the posts, at least one.
        others: other authors' posts, at least one.
        seed: of the bootstrap.

    Returns:
        The figures, and the fine-tuned model's minus each other's, post by post: what is hard for
        one model is hard for all, so a difference is surer than either figure.

    Raises:
        BadInputError: no post is short enough.
    """
    kept = _scored_by_all(scores, len(test))
    texts = [test[at] for at in kept]
    sizes = [len(text.encode()) for text in texts]
    bits = {name: [found[at] for at in kept] for name, found in scores.items()}
    bits[BYTE5] = bytes_of_author.post_bits(texts)
    measures = {name: ratio(found, sizes, seed) for name, found in bits.items()}
    strangers = ratio(
        bytes_of_author.post_bits(others), [len(text.encode()) for text in others], seed
    )
    ours = bits.pop(FINETUNED, None)
    differences = {
        name: ratio([a - b for a, b in zip(ours, theirs, strict=True)], sizes, seed)
        for name, theirs in bits.items()
        if ours is not None
    }
    return BitsPerByte(**measures, others=strangers), differences


def _scored_by_all(scores: Mapping[str, Sequence[float]], posts: int) -> list[int]:
    kept = [at for at in range(posts) if all(math.isfinite(bits[at]) for bits in scores.values())]
    if not kept:
        raise BadInputError(
            "there is no test post that the model can be measured on: every one is longer than the "
            "context length; use a model with a longer one"
        )
    if len(kept) < posts:
        log.warning(
            "%d of %d test posts are longer than the context length and left out of bits per "
            "byte", posts - len(kept), posts,
        )  # fmt: skip
    return kept
