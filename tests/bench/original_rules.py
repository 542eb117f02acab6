"""The peer of cleaning: the original huggingtweets' five rules, written as the original is.

Told apart on purpose from our own `classic` preset, which must give the same posts faster.
"""

import json
import re
from pathlib import Path

FEWEST_WORDS = 3


def unescaped(text: str) -> str:
    """The three entities that the original knows, as their characters."""
    return text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")


def without_links(text: str) -> str:
    """The text without links, its white space collapsed."""
    for start in ("http:", "https:"):
        text = re.sub(f" {start}\\S+", "", text)
        text = re.sub(f"{start}\\S+ ", "", text)
        text = re.sub(f"\n{start}\\S+ ", "", text)
        text = re.sub(f"\n{start}\\S+", "", text)
        text = re.sub(f"{start}\\S+", "", text)
    text = re.sub(" +", " ", text)
    return " ".join(text.split()).strip()


def is_boring(text: str) -> bool:
    """Whether the text has fewer than three words that are no links, mentions or hashtags."""
    words = [
        word for word in text.split() if not any(m in word.lower() for m in ("http", "@", "#"))
    ]
    return len(words) < FEWEST_WORDS


def clean(texts: list[str]) -> list[str]:
    """The texts that the original would train on."""
    own = [text for text in texts if not re.match(r"RT @\w+: ", text)]
    cleaned = [without_links(unescaped(text)) for text in own]
    return [text for text in cleaned if not is_boring(text)]


def prepare(posts: Path, out: Path) -> int:
    """The whole job: read posts.jsonl, clean, write what is left; gives how many that is."""
    with posts.open(encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    cleaned = clean(texts)
    with out.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in cleaned)
    return len(cleaned)
