from components.evaluate.measures.memorisation import memorised
from components.text.ngrams import RunIndex

POST = "one two three four five six seven eight nine ten"


def test_every_output_counts_in_the_share() -> None:
    shares = memorised([POST, "", "hi", "short one"], RunIndex([POST, "short one"]), seed=0)
    assert (shares.eight_gram.value, shares.half.value, shares.exact.value) == (0.25, 0.25, 0.5)
