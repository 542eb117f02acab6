"""Whether there is enough text to train on, and what else a reader of the report should know."""

from components.contracts.errors import BadInputError
from components.contracts.reports import PostCounts
from components.prepare.counts import describe
from components.prepare.posts import Drop
from components.prepare.splits import FEWEST_POSTS

FEWEST_CHARACTERS = 6_000
"""Less text than this is refused: there is nothing to learn a voice from."""
GOOD_CHARACTERS = 40_000
"""Less text than this is accepted with a warning."""


def check_enough(characters: int, per_author: dict[str, PostCounts], total: PostCounts) -> None:
    """Refuse too little text.

    Raises:
        BadInputError: it says how much there is, how much is needed and where the posts went.
    """
    poorest = min(per_author, key=lambda author: _without_balance(per_author[author]))
    if _without_balance(per_author[poorest]) < FEWEST_POSTS:
        elsewhere = f", or leave @{poorest} out" if len(per_author) > 1 else ""
        raise BadInputError(
            f"of @{poorest} {describe(per_author[poorest])}: at least {FEWEST_POSTS} posts of each "
            f"author are needed; collect more{elsewhere}"
        )
    if characters < FEWEST_CHARACTERS:
        raise BadInputError(
            f"{describe(total)}, which hold {characters:,} characters: {FEWEST_CHARACTERS:,} are "
            f"needed at the least, {GOOD_CHARACTERS:,} are good; collect more posts"
        )


def warnings_about(
    characters: int, per_author: dict[str, PostCounts], collected: dict[str, int]
) -> tuple[str, ...]:
    """What is odd about the dataset, a sentence each.

    Args:
        characters: of all kept texts together.
        per_author: the counts by author.
        collected: how many posts each author's raw datasets promise.
    """
    said = []
    if characters < GOOD_CHARACTERS:
        said.append(
            f"there are only {characters:,} characters of text; from {GOOD_CHARACTERS:,} on the "
            "model learns a voice well"
        )
    for author, counts in per_author.items():
        if counts.downloaded != collected[author]:
            said.append(
                f"the raw datasets of @{author} promise {collected[author]:,} posts and hold "
                f"{counts.downloaded:,}"
            )
        if damaged := counts.other.get(Drop.DAMAGED, 0):
            said.append(
                f"{damaged:,} posts of @{author} hold broken characters and were left out; "
                "a source in its first encoding would give them back"
            )
        if balance := counts.other.get(Drop.BALANCE, 0):
            said.append(f"{balance:,} older posts of @{author} were left out for an equal share")
    return tuple(said)


def _without_balance(counts: PostCounts) -> int:
    """How many posts remained before each author was given an equal share."""
    return counts.kept + counts.other.get(Drop.BALANCE, 0)
