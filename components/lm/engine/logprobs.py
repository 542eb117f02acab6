"""Log probabilities of tokens, as the model alone has them: no temperature, no nucleus."""

from collections.abc import Sequence

from torch import Tensor

from components.lm.engine.protocol import TokenLogprob
from components.lm.engine.text import Detokenizer, token_text
from components.lm.tokenizer import Tokenizer


def logprob_of(
    tokenizer: Tokenizer, logits: Tensor, token: int, count: int, offset: int
) -> TokenLogprob:
    """What `logits` [vocabulary] say of `token`, which begins at `offset`, and `count` others."""
    logprobs = logits.float().log_softmax(dim=-1)
    best = logprobs.topk(min(count, len(logprobs)))
    top = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return TokenLogprob(
        token_text(tokenizer, token),
        float(logprobs[token]),
        tuple((token_text(tokenizer, other), value) for other, value in top),
        offset,
    )


class PromptLogprobs:
    """The log probabilities of a prompt's tokens, gathered as it is read in pieces."""

    def __init__(self, tokenizer: Tokenizer, ids: Sequence[int], count: int) -> None:
        """`ids` begin with the start token, which has none; `count` others are given each."""
        self._tokenizer, self._ids, self._count = tokenizer, ids, count
        self._detokenizer = Detokenizer(tokenizer, ids[:1])
        self._offset = 0
        self.found: list[TokenLogprob] = []

    def read(self, logits: Tensor) -> None:
        """Take the logits [tokens, vocabulary] after the next tokens of the prompt."""
        for own in logits:
            if len(self.found) + 1 == len(self._ids):
                return  # what follows the last token is drawn
            token = self._ids[len(self.found) + 1]
            self.found.append(logprob_of(self._tokenizer, own, token, self._count, self._offset))
            self._offset += len(self._detokenizer.add(token))
