import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from components.evaluate.measures.characters import ngram_counts

texts = st.lists(st.text("abé🙂 ", max_size=12), min_size=1, max_size=5)


@given(texts)
def test_each_text_has_as_many_ngrams_as_scikit_learn_finds(given_texts: list[str]) -> None:
    plain = [" ".join(text.split()) for text in given_texts]  # its analyzer joins blanks
    counter = CountVectorizer(analyzer="char", ngram_range=(1, 4), lowercase=False)
    counts = ngram_counts([*plain, "a"])
    expected = counter.fit_transform([*plain, "a"])
    assert (counts.sum(axis=1) == expected.sum(axis=1)).all()
    # the columns are hashes, so they come in another order
    assert [sorted(row.data) for row in counts] == [sorted(row.data) for row in expected]
    assert len(np.unique(counts.indices)) == expected.shape[1]


def test_no_ngram_crosses_from_one_text_into_the_next() -> None:
    apart, together = ngram_counts(["ab", "cd"]), ngram_counts(["abcd"])
    assert apart.sum() == 6
    assert together.sum() == 10
