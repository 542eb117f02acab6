"""How well a model predicts posts, in bits, by the decoder that serves it, in fp32."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

from components.lm.decoding.load import load_decoder
from components.lm.decoding.protocol import Chunk
from components.lm.devices import default_device
from components.lm.formats import Format
from components.lm.threads import limit_threads
from components.lm.tokenizer import load_tokenizer

TOKENS_A_STEP = 1024


class Scorer:
    """A model that tells how many bits it needs for posts."""

    def __init__(self, folder: Path) -> None:
        """Load the model in `folder`.

        Raises:
            BadInputError: the folder holds no such model.
        """
        limit_threads()
        self._tokenizer = load_tokenizer(folder)
        self._decoder = load_decoder(folder, Format(), default_device())

    def tokens(self, text: str) -> list[int]:
        """The tokens of a post, between those that begin and end it."""
        ids = self._tokenizer.encode(text)
        return [self._tokenizer.start_token_id, *ids, self._tokenizer.end_token_id]

    def bits(self, texts: Sequence[str]) -> Iterator[tuple[int, float]]:
        """The bits for each post: the sum of -log2 p over its tokens and the end token.

        They come as (number of the post, bits), short posts first; a post that is longer than the
        context length is left out. Every post is scored alone, after the start token. Posts of one
        length share a batch, so there is no padding that could change a figure.
        """
        posts = [self.tokens(text) for text in texts]
        for batch in self._batches([len(ids) for ids in posts]):
            yield from zip(batch, self._bits([posts[number] for number in batch]), strict=True)

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """The numbers of the posts, in batches of one length and of about TOKENS_A_STEP tokens."""
        by_length: dict[int, list[int]] = {}
        for number, length in enumerate(lengths):
            if length - 1 <= self._decoder.positions:  # the end token is never read
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
        logits = self._decoder.step([], [], [Chunk(0, ids[:-1], all_logits=True) for ids in posts])
        wanted = torch.tensor([ids[1:] for ids in posts], device=logits.device)
        nats = cross_entropy(logits, wanted.flatten(), reduction="none").view(len(posts), length)
        return [float(value) for value in nats.double().sum(dim=1) / math.log(2)]
