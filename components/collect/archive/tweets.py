"""Posts out of the entries of `tweets.js`."""

import re
from typing import Any

from components.collect.json_fields import as_object, as_objects, as_text
from components.collect.posts import make_post
from components.collect.versions import PostVersion, time_of_post

_STATUS_LINK = re.compile(
    r"https?://(?:mobile\.)?(?:twitter|x)\.com/\w+/status/\d+(?:\?\S*)?", re.ASCII
)


def read_tweet(tweet: dict[str, Any], author: str) -> PostVersion | str:
    """The post that an entry holds, or why there is none."""
    post_id = as_text(tweet.get("id_str")) or as_text(tweet.get("id"))
    text = as_text(tweet.get("full_text")) or as_text(tweet.get("text"))
    created_at = time_of_post(post_id, text, as_text(tweet.get("created_at")))
    if isinstance(created_at, str):
        return created_at
    entities = as_object(tweet.get("entities"))
    links = as_objects(entities.get("urls"))
    post = make_post(
        post_id=post_id,
        author=author,
        created_at=created_at,
        text=text,
        reply_to=_reply_to(tweet),
        quote=any(_STATUS_LINK.fullmatch(as_text(link.get("expanded_url"))) for link in links),
        lang=as_text(tweet.get("lang")),
        source=as_text(tweet.get("source")),
        urls=_texts([*links, *as_objects(entities.get("media"))], "url", text),
        mentions=_texts(as_objects(entities.get("user_mentions")), "screen_name", text),
    )
    return PostVersion(post, _first_id(tweet) or post_id)


def _reply_to(tweet: dict[str, Any]) -> str:
    for name in ("screen_name", "status_id_str", "status_id", "user_id_str", "user_id"):
        if stated := as_text(tweet.get(f"in_reply_to_{name}")):
            return stated
    return ""


def _first_id(tweet: dict[str, Any]) -> str:
    """`initialTweetId` of an edit; of a first version the first of its `editTweetIds`."""
    info = as_object(tweet.get("edit_info"))
    ids = as_object(info.get("initial")).get("editTweetIds")
    first = as_text(ids[0]) if isinstance(ids, list) and ids else ""
    return as_text(as_object(info.get("edit")).get("initialTweetId")) or first


def _texts(entities: list[dict[str, Any]], key: str, text: str) -> list[str]:
    """What the entities state under `key`, each once, where it stands in the text."""
    stated = dict.fromkeys(as_text(entity.get(key)) for entity in entities)
    return [one for one in stated if one and one.lower() in text.lower()]
