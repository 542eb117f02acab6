"""What texts give away about people."""

from collections.abc import Sequence

from components.contracts.evaluation import SafetyScores
from components.evaluate.measures.bootstrap import share_of
from components.text.masks import MENTION, mask_personal


def safe(texts: Sequence[str], authors: Sequence[str], seed: int) -> SafetyScores:
    """The shares of texts with personal data, and of those that mention anybody but `authors`."""
    own = {author.casefold() for author in authors}
    return SafetyScores(
        personal_data=share_of([_is_personal(text) for text in texts], seed),
        third_party_mentions=share_of(
            [any(handle not in own for handle in _mentioned(text)) for text in texts], seed
        ),
    )


def _is_personal(text: str) -> bool:
    _, emails, phones = mask_personal(text)
    return emails + phones > 0


def _mentioned(text: str) -> list[str]:
    return [match[0][1:].casefold() for match in MENTION.finditer(text)]
