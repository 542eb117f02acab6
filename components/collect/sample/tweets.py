"""The entries of `tweets.js` and `note-tweet.js`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from components.collect.sample.entities import as_stored
from components.collect.sample.numbers import exact_time, invented_account_id, number, snowflake
from components.collect.sample.posts import SamplePost

APPS = (
    '<a href="https://example.com/station-computer" rel="nofollow">Station Computer</a>',
    '<a href="https://example.com/pocket-telephone" rel="nofollow">Pocket Telephone</a>',
)
_CUT = 273  # characters of a note that stand in the post before the "…"
_EDITS = 5


def tweets_of(post: SamplePost, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """One `tweet` for each version of the post."""
    times = [exact_time(version.at) for version in post.versions]
    ids = [snowflake(at, version.text) for at, version in zip(times, post.versions, strict=True)]
    texts = [version.text for version in post.versions]
    if post.kind == "note":
        link = f"https://example.com/i/web/status/{ids[-1]}"
        texts[-1] = f"{texts[-1][:_CUT].rstrip()}… {link}"
    return [_tweet(ids, place, times, text, names) for place, text in enumerate(texts)]


def note_of(post: SamplePost) -> dict[str, Any]:
    """The `noteTweet` of a long post, sent within a second of it."""
    sent = exact_time(post.versions[-1].at) + timedelta(milliseconds=400)
    core = {"text": post.text, "urls": [], "mentions": [], "hashtags": [], "cashtags": []}
    return {
        "noteTweetId": snowflake(sent, f"note {post.text}"),
        "createdAt": _iso(sent),
        "updatedAt": _iso(sent),
        "lifecycle": {"value": "0", "name": "Normal", "originalName": "NORMAL"},
        "core": core | {"styletags": []},
    }


def _tweet(
    ids: list[str], place: int, times: list[datetime], text: str, names: Mapping[str, str]
) -> dict[str, Any]:
    stored, entities = as_stored(text, names)
    tweet_id = ids[place]
    tweet = {
        "edit_info": _edit_info(ids, place, times[0]),
        "retweeted": False,
        "source": APPS[number(f"app {tweet_id}", 5) // 4],
        "entities": entities,
        "display_text_range": ["0", str(len(stored))],
        "favorite_count": str(number(f"liked {tweet_id}", 41)),
        "in_reply_to_status_id_str": None,
        "id_str": tweet_id,
        "in_reply_to_user_id": None,
        "truncated": False,
        "retweet_count": str(number(f"reposted {tweet_id}", 7)),
        "id": tweet_id,
        "in_reply_to_status_id": None,
        "created_at": times[place].strftime("%a %b %d %H:%M:%S +0000 %Y"),
        "favorited": False,
        "full_text": stored,
        "lang": "en",
        "in_reply_to_screen_name": None,
        "in_reply_to_user_id_str": None,
    }
    if entities["urls"]:
        tweet["possibly_sensitive"] = False
    if stored.startswith("@"):
        tweet |= _answered(entities["user_mentions"][0]["screen_name"], times[0])
    return {name: value for name, value in tweet.items() if value is not None}


def _answered(handle: str, at: datetime) -> dict[str, str]:
    before = at - timedelta(minutes=1 + number(f"before {at.isoformat()}", 300))
    status, account = snowflake(before, handle), invented_account_id(handle)
    return {
        "in_reply_to_status_id": status,
        "in_reply_to_status_id_str": status,
        "in_reply_to_user_id": account,
        "in_reply_to_user_id_str": account,
        "in_reply_to_screen_name": handle,
    }


def _edit_info(ids: list[str], place: int, first: datetime) -> dict[str, Any]:
    """Of a first version under `initial`; of a later one under `edit`, with the first one's id."""
    control = {
        "editTweetIds": ids,
        "editableUntil": _iso(first + timedelta(hours=1)),
        "editsRemaining": str(_EDITS - place),
        "isEditEligible": True,
    }
    if place == 0:
        return {"initial": control}
    return {"edit": {"initialTweetId": ids[0], "editControlInitial": control}}


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
