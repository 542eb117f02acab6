"""Where the posts went: counted, and said in words."""

from collections.abc import Mapping

from components.contracts.reports import PostCounts
from components.prepare.posts import Drop

_IN_WORDS = {
    Drop.RETWEET: "retweets",
    Drop.REPOST: "marked as reposts",
    Drop.MANUAL_RETWEET: "retweets by hand",
    Drop.QUOTED_LINES: "of quoted lines",
    Drop.SHORT: "short",
    Drop.EMPTY: "empty",
    Drop.TRUNCATED: "cut off by the source",
    Drop.DUPLICATE: "near-duplicates",
    Drop.DAMAGED: "damaged",
    Drop.SAME_ID: "with an id read before",
    Drop.TEMPLATE: "from a template",
    Drop.BALANCE: "left out for an equal share",
}


def post_counts(dropped: Mapping[Drop, int], kept: int) -> PostCounts:
    """The counts for a report; a reason that has no key of its own there is one of `other`."""
    counts = {reason.value: n for reason, n in sorted(dropped.items()) if n}
    own = {reason: counts.pop(reason) for reason in PostCounts.model_fields if reason in counts}
    return PostCounts(downloaded=sum(dropped.values()) + kept, other=counts, kept=kept, **own)


def describe(counts: PostCounts) -> str:
    """Where the posts went, in words: `12 of 40 posts remain (20 retweets, 8 short)`."""
    numbers = {**counts.other, **counts.model_dump(exclude={"other"})}
    gone = ", ".join(
        f"{n:,} {words}" for why, words in _IN_WORDS.items() if (n := numbers.get(why))
    )
    return f"{counts.kept:,} of {counts.downloaded:,} posts remain" + (f" ({gone})" if gone else "")
