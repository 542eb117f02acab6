"""What columns of authors and of reposts are called, beyond the names in the common dumps."""

import re

_PERSON = "user|author|account|owner|poster|sender|creator|profile|actor|tweeter|person"
_OF_OTHERS = re.compile(  # whom a post answers, repeats, quotes or names; nobody
    r"(?:^|_)(?:in|to|reply|replies|replied|replying|retweet|retweets|retweeted|retweeter|rt|quote"
    r"|quoted|quoting|mention|mentions|mentioned|reblog|reblogged|repost|reposted|shared|parent"
    r"|root|original|conversation|referenced|includes|sourcetweet|media|entities|card|place|list"
    r"|community|contributors|tagged|target|liked|matched|via|follower|friend)(?:$|_)"
)
_HANDLE = re.compile(r"(?:^|_)(?:screen_?name|username|handle|acct)$")
_ACCOUNT_ID = re.compile(
    rf"(?:^|_)(?:(?:{_PERSON}|from)_?(?:rest_|twitter_|x_|numeric_)?(?:id|uuid|hash)|uid)"
    r"(?:_str|_string|_hash|_\$number_?long)?$|^id_(?:user|author|account)$"
)
_ENDS_IN_A_PERSON = re.compile(
    rf"(?:^|_)(?:(?:{_PERSON})(?:_(?:web_)?(?:page_|profile_)?(?:url|link))?|user_?name|screen_?name"
    r"|handle)$"
)


def field_of_person(plain: str) -> str | None:
    """`author` or `account_id` for a column that is called as those of handles or accounts are.

    `plain` is a column's plain name.
    """
    if _OF_OTHERS.search(plain):
        return None
    if _HANDLE.search(plain):
        return "author"
    return "account_id" if _ACCOUNT_ID.search(plain) else None


def names_a_person(plain: str) -> bool:
    """Whether a column is called after who wrote a post, as `tweet_author`."""
    return bool(_ENDS_IN_A_PERSON.search(plain)) and not _OF_OTHERS.search(plain)


_REPOST = "retweet|retweeted|rt|repost|reposted|reblog|reblogged"
_OF_REPOST = re.compile(
    rf"^(?:(?:tweet|post|status|legacy)_)?(?:{_REPOST})_(?:\w+_)?(?:id|id_str|user|username|name"
    r"|screen_?name|handle|author|account|from|of|text|full_text|tweet|post|link|url|uri|date"
    r"|created_at|timestamp)$"
)
_SAYS_NO_REPOST = re.compile(r"(?:^|_)(?:by|me|quote|quoted|count|counts|likes|num)(?:$|_)")
_SWITCH = re.compile(
    rf"^(?:is|was|native)_(?:\w+_)?(?:{_REPOST}|share|shared|boost|boosted)$"
    rf"|^(?:{_REPOST})(?:_(?:flag|indicator|bool|yn)|\?)$"
)
_TYPE = re.compile(
    r"^(?:\w+_)?(?:tweet|post|status|engagement|interaction|action|activity|message|entry"
    rf"|{_REPOST})_(?:type|kind|status)$|^(?:type|kind)_of_(?:tweet|post|status|message)s?$"
)


def flag_of_repost(plain: str) -> str | None:
    """Which flag of reposts a column is by its name, if any: what it holds, switch or type."""
    if _SAYS_NO_REPOST.search(plain):
        return None
    if _SWITCH.search(plain):
        return "repost_switch"
    if _TYPE.search(plain):
        return "repost_type"
    return "repost" if _OF_REPOST.search(plain) else None
