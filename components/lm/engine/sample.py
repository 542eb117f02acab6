"""One sample in the making."""

from collections.abc import Iterator, Sequence

from torch import Tensor

from components.lm.engine.logprobs import logprob_of
from components.lm.engine.protocol import Event, FinishReason, Sampling, TokenLogprob
from components.lm.engine.text import Detokenizer, TextFlow
from components.lm.sampling import draws
from components.lm.tokenizer import Tokenizer


class RunningSample:
    """Takes tokens, gives events."""

    def __init__(
        self, index: int, sampling: Sampling, tokenizer: Tokenizer, prompt: Sequence[int]
    ) -> None:
        """A sample that goes on after the tokens `prompt`."""
        self.index, self.sampling = index, sampling
        self.tokens: list[int] = []
        """What was drawn, the end left out."""
        self.finished = False
        self._tokenizer = tokenizer
        self._detokenizer = Detokenizer(tokenizer, prompt)
        self._flow = TextFlow(sampling.stop)
        self._offset = 0  # of its text, behind the echoed prompt
        self._untold = 0  # tokens since the last event
        self._logprobs: list[TokenLogprob] = []

    def draws(self) -> Iterator[float]:
        """What the next token is drawn with."""
        return draws(self.sampling.seed, self.index, len(self.tokens))

    def echo(self, prompt: str, logprobs: Sequence[TokenLogprob]) -> Event:
        """The prompt as the sample's first text; the last, too, if it is to have no tokens."""
        self._offset = len(prompt)
        self.finished = self.sampling.max_tokens == 0
        reason: FinishReason | None = "length" if self.finished else None
        return Event(self.index, prompt, reason, 0, tuple(logprobs))

    def add(self, token: int, logits: Tensor) -> Event | None:
        """Take the token drawn from `logits` [vocabulary]; an event if something is to be said."""
        ends = token in (self._tokenizer.end_token_id, self._tokenizer.start_token_id)
        if ends and not self.sampling.ignore_eos:
            return self._end("stop")
        self.tokens.append(token)
        self._untold += 1
        self._note(token, logits)
        if self._flow.add(self._detokenizer.add(token)):
            return self._end("stop")
        if len(self.tokens) >= self.sampling.max_tokens:
            return self._end("length")
        text = self._flow.show()
        return self._event(text, None) if text else None

    def _end(self, reason: FinishReason) -> Event:
        self.finished = True
        return self._event(self._flow.end(reason), reason)

    def _event(self, text: str, reason: FinishReason | None) -> Event:
        until = self._offset + self._flow.shown
        told = [known for known in self._logprobs if known.offset < until]
        self._logprobs = self._logprobs[len(told) :]
        tokens, self._untold = self._untold, 0
        return Event(self.index, text, reason, tokens, tuple(told))

    def _note(self, token: int, logits: Tensor) -> None:
        """Keep the token's log probability until its text is shown."""
        if self.sampling.logprobs is None:
            return
        offset = self._offset + len(self._flow.text)
        self._logprobs.append(
            logprob_of(self._tokenizer, logits, token, self.sampling.logprobs, offset)
        )
