"""One sample's events on their way out: text through the filter, log probabilities with it."""

from components.lm.engine.protocol import Event, FinishReason, TokenLogprob
from components.serve.filter.output_filter import OutputFilter, Piece, SampleFilter


class Outlet:
    """Takes a sample's events and says what of them may be shown.

    Tokens are shown once all of their text is, and not at all where a part of it is masked.
    """

    def __init__(self, rules: OutputFilter, prompt: str, *, echo: bool) -> None:
        self._rules = rules
        self._echo_expected = echo
        self._filter = SampleFilter(rules, "" if echo else prompt)
        self._base = self._filter.context
        """What to add to a token's offset for its place in the filter's text."""
        self._new = ""
        self._ready = ""
        self._ready_tokens: list[TokenLogprob] = []
        self._waiting: list[TokenLogprob] = []
        self._moved: list[tuple[Piece, int]] = []
        """Pieces that were shown, and where in what was shown they begin."""
        self._shown = 0
        self.finish_reason: FinishReason | None = None
        self.tokens = 0
        """Drawn so far."""

    def add(self, event: Event) -> None:
        """Take the sample's next event."""
        self.finish_reason = event.finish_reason
        self.tokens += event.tokens
        if self._echo_expected:  # the prompt is the client's own: it goes out as it came
            self._echo_expected = False
            self._ready, self._ready_tokens = event.text, list(event.logprobs)
            self._filter = SampleFilter(self._rules, event.text)
            self._shown = len(event.text)
            self._base = self._filter.context - len(event.text)
        else:
            self._new += event.text
            self._waiting += event.logprobs

    def show(self) -> tuple[str, tuple[TokenLogprob, ...]]:
        """What can be shown now and was not shown before: all that is left once it is finished."""
        final = self.finish_reason is not None
        text, tokens = self._ready, self._ready_tokens
        self._ready, self._ready_tokens = "", []
        for piece in self._filter.pieces(self._new, final=final):
            self._moved.append((piece, self._shown))
            self._shown += len(piece.shown)
            text += piece.shown
        self._new = ""
        return text, (*tokens, *self._settled_tokens(final))

    def _settled_tokens(self, final: bool) -> list[TokenLogprob]:
        done = self._moved[-1][0].end if self._moved else self._filter.context
        shown = []
        while self._waiting:
            token = self._waiting[0]
            start = token.offset + self._base
            if not final and start + len(token.token) > done:
                break
            self._waiting.pop(0)
            place = self._place(start, start + max(len(token.token), 1))
            if place is not None:
                shown.append(self._clean(token, place))
        return shown

    def _place(self, start: int, end: int) -> int | None:
        """Where the token stands in what is shown; None if a part of it is masked."""
        touched = [(p, at) for p, at in self._moved if p.start < end and start < p.end]
        if any(piece.masked for piece, _ in touched):
            return None
        if not touched:  # it has no text of its own
            return self._shown
        piece, at = touched[0]
        return at + start - piece.start

    def _clean(self, token: TokenLogprob, offset: int) -> TokenLogprob:
        """The token in its new place; what else was probable there is filtered by itself."""
        top = tuple(one for one in token.top if not self._rules.on or not self._rules.find(one[0]))
        return TokenLogprob(token.token, token.logprob, top, offset)
