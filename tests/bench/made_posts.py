"""Made-up posts in any number, for benches: as mixed as real timelines, word for word invented."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from components.contracts.posts import Post

START = datetime(2012, 1, 1, tzinfo=UTC)
_SYLLABLES = (
    "ba be bi bo da de di do fa fe ka ke ki ko la le li lo ma me mi mo na ne ni no ra re ri"
)
_ACCENTS = ("é", "ü", "ñ", "ç", "😀", "❤️", "’", "“", "”", "…", "—", "日本", "👍🏽")
_ESCAPED = ("&amp;", "&lt;3", "&gt;", "&quot;yes&quot;")


def words(count: int = 30_000) -> list[str]:
    """So many words."""
    draw, parts = random.Random(1), _SYLLABLES.split()
    return ["".join(draw.choices(parts, k=draw.choice((1, 2, 2, 3, 3, 4)))) for _ in range(count)]


def texts(count: int) -> Iterator[str]:
    """Texts as X gives them: 15% reposts, 30% replies, a third with links, 2% said before."""
    draw, vocabulary = random.Random(2), words()
    weights = list(accumulate(1 / (rank + 2.7) for rank in range(len(vocabulary))))  # Zipf's law
    said: list[str] = []
    for _ in range(count):
        if said and draw.random() < 0.02:
            yield draw.choice(said)
            continue
        length = min(45, max(1, int(draw.lognormvariate(2.5, 0.6))))
        text = " ".join(draw.choices(vocabulary, cum_weights=weights, k=length))
        text = _decorated(text.capitalize(), draw)
        if len(said) < 1_000:
            said.append(text)
        yield text


def _decorated(text: str, draw: random.Random) -> str:
    if draw.random() < 0.15:
        return f"RT @{_handle(draw)}: {text}"
    if draw.random() < 0.3:
        text = " ".join(f"@{_handle(draw)}" for _ in range(draw.choice((1, 1, 2)))) + " " + text
    if draw.random() < 0.15:
        text += " " + draw.choice(_ACCENTS)
    if draw.random() < 0.1:
        text += " " + draw.choice(_ESCAPED)
    if draw.random() < 0.1:
        text += f" #{_handle(draw)}"
    if draw.random() < 0.05:
        text = text.replace(" ", "\n", 1)
    if draw.random() < 0.33:
        text += f" https://t.co/{draw.getrandbits(40):010x}"
    return text


def _handle(draw: random.Random) -> str:
    return f"user{draw.randrange(500)}"


def posts(count: int, author: str = "ann") -> Iterator[Post]:
    """Posts of one author, an hour apart, oldest first."""
    for number, text in enumerate(texts(count)):
        yield Post(
            id=str(10**17 + number * 4096),
            author=author,
            created_at=START + timedelta(minutes=7 * number),
            text=text,
            kind="repost" if text.startswith("RT @") else "reply" if text[0] == "@" else "original",
            reply_to="user" if text[0] == "@" else None,
            source="Web",
            lang="en",
        )


def archive_entries(count: int) -> Iterator[str]:
    """Entries of `tweets.js`, each about as large as X's own."""
    for number, post in enumerate(posts(count)):
        tweet = {
            "edit_info": {
                "initial": {
                    "editTweetIds": [post.id],
                    "editableUntil": post.created_at.isoformat(),
                    "editsRemaining": "5",
                    "isEditEligible": True,
                }
            },
            "retweeted": False,
            "source": '<a href="https://example.org" rel="nofollow">Web</a>',
            "entities": {"hashtags": [], "symbols": [], "user_mentions": [], "urls": []},
            "display_text_range": ["0", str(len(post.text))],
            "favorite_count": str(number % 97),
            "id_str": post.id,
            "truncated": False,
            "retweet_count": str(number % 31),
            "id": post.id,
            "created_at": post.created_at.strftime("%a %b %d %H:%M:%S +0000 %Y"),
            "favorited": False,
            "full_text": post.text,
            "lang": "en",
        }
        yield json.dumps({"tweet": tweet}, indent=2)
