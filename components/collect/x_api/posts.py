"""Posts out of the X API's objects, in both of its spellings."""

from typing import Any

from components.collect.json_fields import as_object, as_objects, as_text
from components.collect.posts import make_post
from components.collect.versions import PostVersion, time_of_post


def read_api_post(stated: dict[str, Any], author: str, account_id: str) -> PostVersion | str:
    """The post that X states, or why there is none."""
    post_id = as_text(stated.get("id"))
    note = as_object(stated.get("note_tweet") or stated.get("note_post"))
    text = as_text(note.get("text")) or as_text(stated.get("text"))
    created_at = time_of_post(post_id, text, as_text(stated.get("created_at")))
    if isinstance(created_at, str):
        return created_at
    references = _references(stated)
    entities = as_object((note if note.get("text") else stated).get("entities"))
    known = {as_text(one.get("id")): as_text(one.get("username")) for one in _mentions(stated)}
    known[account_id] = author
    replied_to = as_text(stated.get("in_reply_to_user_id"))
    post = make_post(
        post_id=post_id,
        author=author,
        created_at=created_at,
        text=text,
        repost="retweeted" in references or "reposted" in references,
        reply_to=known.get(replied_to) or replied_to or references.get("replied_to", ""),
        quote="quoted" in references,
        lang=as_text(stated.get("lang")),
        source=as_text(stated.get("source")),
        urls=_stated(entities, "urls", "url"),
        mentions=_stated(entities, "mentions", "username"),
    )
    listed = stated.get("edit_history_tweet_ids") or stated.get("edit_history_post_ids")
    history = [as_text(one) for one in listed] if isinstance(listed, list) else []
    earlier = history[: history.index(post_id)] if post_id in history else []
    return PostVersion(post, next(filter(None, history), post_id), tuple(filter(None, earlier)))


def _references(stated: dict[str, Any]) -> dict[str, str]:
    """The ids of other posts by how this one refers to them."""
    listed = as_objects(stated.get("referenced_tweets") or stated.get("referenced_posts"))
    return {as_text(one.get("type")): as_text(one.get("id")) for one in listed}


def _mentions(stated: dict[str, Any]) -> list[dict[str, Any]]:
    return as_objects(as_object(stated.get("entities")).get("mentions"))


def _stated(entities: dict[str, Any], kind: str, key: str) -> list[str] | None:
    """What the entities name, each once; None where there are none to go by."""
    if not entities:
        return None
    return list(
        dict.fromkeys(filter(None, (as_text(e.get(key)) for e in as_objects(entities.get(kind)))))
    )
