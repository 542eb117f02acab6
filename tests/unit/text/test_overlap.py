import pytest

from components.text.ngrams import RunIndex
from components.text.overlap import Overlap, overlap

POST = "one two three four five six seven eight nine ten"
INDEX = RunIndex([POST, "short one", "eleven twelve"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (POST, Overlap(eight_gram=True, half=True, exact=True)),
        ("ONE, two… three four five six seven eight nine TEN!", Overlap(True, True, True)),
        ("one two three four five six seven eight", Overlap(True, True, False)),
        ("one two three four five six seven", Overlap(False, True, False)),
        ("one two three four five a b c d e", Overlap(False, True, False)),
        ("one two three four five a b c d e f", Overlap(False, False, False)),
        ("one two three four a", Overlap(False, False, False)),
        ("short one", Overlap(False, False, True)),
        ("nine ten eleven twelve", Overlap(False, False, False)),
        ("", Overlap(False, False, False)),
    ],
)
def test_the_three_ways_of_copying(text: str, expected: Overlap) -> None:
    assert overlap(text, INDEX) == expected
