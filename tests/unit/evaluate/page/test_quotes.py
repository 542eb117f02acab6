from support.judged import make_judge

from components.contracts.posts import Sample
from components.evaluate.page.quotes import longest_copies, parts_of, samples_by_prompt, typical
from components.text.ngrams import SharedRun

POST = "Every evening we carry the old lamp down to the harbour wall"


def sample(text: str, prompt: str = "", index: int = 0) -> Sample:
    return Sample(prompt=prompt, index=index, text=text, finish_reason="stop")


def test_the_shared_words_are_marked_in_both_texts() -> None:
    judge = make_judge([POST, "something else entirely"])
    texts = ["Look: we carry the OLD lamp down, friends", "the harbour is closed"]
    (copy,) = longest_copies(texts, judge)
    assert copy.words == 6
    assert copy.text == ("Look: ", "we carry the OLD lamp down", ", friends")
    assert copy.post == ("Every evening ", "we carry the old lamp down", " to the harbour wall")


def test_the_longest_come_first_and_equal_texts_once() -> None:
    judge = make_judge([POST])
    longer, shorter = "carry the old lamp down to the harbour", "carry the old lamp down"
    copies = longest_copies([shorter, longer, shorter], judge)
    assert [copy.words for copy in copies] == [8, 5]


def test_samples_are_grouped_and_copies_marked() -> None:
    judge = make_judge([POST])
    copied = sample(" we carry the old lamp down to the harbour wall", prompt="Every evening")
    groups = samples_by_prompt([copied, *(sample("own words", index=n) for n in range(12))],
                               judge.training)  # fmt: skip
    assert list(groups) == ["Every evening", ""]
    assert len(groups[""]) == 10
    (shown,) = groups["Every evening"]
    assert shown.copied
    assert shown.parts[1] == "we carry the old lamp down to the harbour wall"
    assert not groups[""][0].copied


def test_parts_make_up_the_text_whatever_it_holds() -> None:
    for text in ("", "…", "İİ one two", "e\u0301a b c"):
        for run in (SharedRun(0, 0, None), SharedRun(0, 2, None), SharedRun(3, 9, None)):
            assert "".join(parts_of(text, run)).replace("é", "e\u0301") == text


def test_the_most_typical_are_the_likeliest() -> None:
    own = [f"the quiet garden keeps its own hours, day {number}" for number in range(40)]
    judge = make_judge(own)
    texts = [*own[:8], *(f"BUY NOW!!! OFFER {number} ENDS SOON!!!" for number in range(8))]
    most, least = typical(texts, judge)
    assert all(one.text in own for one in most)
    assert all("BUY" in one.text for one in least)
    assert most[0].chance > 0.5 > least[0].chance
    assert typical(texts[:5], judge) == ([], [])
