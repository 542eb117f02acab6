import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance
from sklearn.feature_extraction.text import CountVectorizer

from components.contracts.evaluation import Surface
from components.evaluate.measures.surface import surface

texts = st.lists(st.text("ab !?#@A", min_size=1, max_size=12), min_size=1, max_size=8)


@settings(max_examples=30)
@given(texts, texts)
def test_the_distances_are_scipys(ours: list[str], theirs: list[str]) -> None:
    found = surface(ours, theirs, seed=0)
    lengths = [[len(text) for text in side] for side in (ours, theirs)]
    assert found.length.value == pytest.approx(wasserstein_distance(*lengths), abs=1e-6)
    marks = [[text.count("!") for text in side] for side in (ours, theirs)]
    assert found.exclamations.value == pytest.approx(wasserstein_distance(*marks), abs=1e-6)


def test_the_divergence_of_trigrams_is_scipys() -> None:
    ours, theirs = ["the early bird", "a lamp hums"], ["the late bird", "no lamp"]
    counter = CountVectorizer(analyzer="char", ngram_range=(3, 3), lowercase=False)
    counts = counter.fit_transform([*ours, *theirs]).toarray()
    expected = jensenshannon(counts[:2].sum(axis=0), counts[2:].sum(axis=0), base=2) ** 2
    assert surface(ours, theirs, seed=0).trigrams.value == pytest.approx(expected, abs=1e-6)


def test_equal_texts_look_alike_and_a_distance_lies_within_its_interval() -> None:
    same = surface(["Tea at noon! 🫖"] * 20, ["Tea at noon! 🫖"] * 20, seed=0)
    assert {getattr(same, name).value for name in Surface.model_fields} == {0.0}
    far = surface(["TEA!!! 🫖🫖"] * 20, ["perhaps some tea, later"] * 20, seed=0)
    for name in Surface.model_fields:
        measure = getattr(far, name)
        assert 0 <= measure.low <= measure.value <= measure.high, name
    assert far.emoji.value == 2
    assert far.exclamations.value == 3
    assert far.capitals.value == 3


def test_a_family_is_one_emoji() -> None:
    found = surface(["👩‍👩‍👧 and 🇩🇪 and 1️⃣"], ["nothing"], seed=0)
    assert found.emoji.value == 3
