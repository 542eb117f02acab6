"""How well a model predicts posts, in bits, by the decoder that serves it."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

from components.lm.decoding.load import load_decoder
from components.lm.decoding.protocol import Chunk
from components.lm.devices import default_device
from components.lm.engine.protocol import fits_context
from components.lm.formats import Format
from components.lm.threads import limit_threads
from components.lm.tokenizer import load_tokenizer

TOKENS_A_STEP = 1024
EXACT = Format()


class Scorer:
    """A model that tells how many bits it needs for posts."""

    def __init__(
        self,
        folder: Path,
        weight_dtype: Format = EXACT,
        device: torch.device | None = None,
    ) -> None:
        """Load the model in `folder`; `device` is a GPU where there is one if left out.

        Raises:
            BadInputError: the folder holds no such model.
        """
        limit_threads()
        self.tokenizer = load_tokenizer(folder)
        self._decoder = load_decoder(folder, weight_dtype, device or default_device())

    def fits(self, tokens: int) -> bool:
        """Whether a post of so many tokens, the one that ends it included, can be scored."""
        return fits_context(tokens, self._decoder.positions)

    def bits(self, texts: Sequence[str]) -> Iterator[tuple[int, float]]:
        """The bits for each post: the sum of -log2 p over its tokens and the end token.

        They come as (number of the post, bits), short posts first; a post that is longer than the
        context length is left out. Every post is scored alone, after the start token. Posts of one
        length share a batch, so there is no padding that could change a figure.
        """
        posts = [self.tokenizer.post(text) for text in texts]
        for batch in self._batches([len(ids) for ids in posts]):
            yield from zip(batch, self._bits([posts[number] for number in batch]), strict=True)

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """The numbers of the posts, in batches of one length and of about TOKENS_A_STEP tokens."""
        by_length: dict[int, list[int]] = {}
        for number, length in enumerate(lengths):
            if self.fits(length):
                by_length.setdefault(length, []).append(number)
        for length, numbers in sorted(by_length.items()):
            size = max(1, TOKENS_A_STEP // length)
            for first in range(0, len(numbers), size):
                yield numbers[first : first + size]

    @torch.inference_mode()
    def _bits(self, posts: Sequence[list[int]]) -> list[float]:
        """Bits of each of these posts, all of one length, their first token given."""
        length = len(posts[0]) - 1
        self._decoder.resize(len(posts), length)
        bits = torch.zeros(len(posts), dtype=torch.double)
        for start in range(0, length, TOKENS_A_STEP):  # the logits of a long post take memory
            end = min(start + TOKENS_A_STEP, length)
            chunks = [Chunk(start, ids[start:end], all_logits=True) for ids in posts]
            logits = self._decoder.step([], [], chunks)
            wanted = torch.tensor([ids[start + 1 : end + 1] for ids in posts], device=logits.device)
            nats = cross_entropy(logits, wanted.flatten(), reduction="none").view(wanted.shape)
            bits += nats.double().sum(dim=1).cpu() / math.log(2)
        return bits.tolist()
