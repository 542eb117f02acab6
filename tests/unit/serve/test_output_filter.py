import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.serve.filter.copied import places_of_words
from components.serve.filter.output_filter import OutputFilter, SampleFilter
from components.text.masks import EMAIL
from components.text.ngrams import words_of
from components.text.phones import phone_spans
from components.text.spans import Beginnings, SpanFilter

POST = "the quiet garden keeps its own hours and we bring tea to the rain"
PLAIN = OutputFilter(frozenset({"gardener"}))
SPANS = SpanFilter.of([POST], bytes(16))
STRICT = OutputFilter(frozenset({"gardener"}), SPANS, Beginnings.of([POST], bytes(16)))
OLDER = OutputFilter(frozenset({"gardener"}), SPANS)

NASTY = st.lists(
    st.sampled_from(
        [
            *(
                "@bob",
                "@",
                "＠",
                "@gardener",
                "_x",
                "bob",
                "a@b.com",
                ".org",
                " [at] ",
                "(at)",
                "[dot]",
            ),
            *(
                "650-253-0000",
                "+44 20 7946 0958",
                "(650) 253-0000",
                "0612345678",
                "call ",
                "1",
                "-",
            ),
            *(
                ",",
                ".",
                " ",
                " ",
                "'",
                "’s",
                "é",
                "e\u0301",
                "👍",
                "👨‍👩‍👧",
                "ก",
                "日本",
                "\n",
                "%",
                "/",
            ),
            *POST.split(),
            *(f" {word} " for word in POST.split()),
            "own hours and we bring tea to the",
            "THE Quiet garden, keeps its: own hours and",
        ]
    ),
    max_size=14,
).map("".join)
COPIES = st.lists(
    st.tuples(
        st.integers(0, 6), st.integers(5, 14), st.sampled_from([" ", ", ", "'", " x ", " 1 "])
    ).map(lambda part: " ".join(POST.split()[part[0] : part[1]]) + part[2]),
    max_size=4,
).map("".join)
TEXTS = st.one_of(NASTY, COPIES)


def in_parts(rules: OutputFilter, prompt: str, text: str, size: int) -> str:
    sample = SampleFilter(rules, prompt)
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    shown = [sample.push(part, final=False) for part in parts]
    return "".join(shown) + sample.push("", final=True)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([PLAIN, STRICT, OLDER]), TEXTS, TEXTS, st.integers(1, 9))
def test_a_stream_shows_what_the_whole_text_would(
    rules: OutputFilter, prompt: str, text: str, size: int
) -> None:
    assert in_parts(rules, prompt, text, size) == rules.apply(prompt, text)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_nothing_of_it_comes_through(text: str) -> None:
    shown = STRICT.apply("", text)
    assert not EMAIL.search(shown)
    assert not phone_spans(shown)
    assert not [name for name in re.findall(r"[@＠]+(\w+)", shown) if name != "gardener"]
    runs = words_of(shown)
    assert not [at for at in range(len(runs) - 7) if runs[at : at + 8] in STRICT.spans]  # type: ignore[operator]


@given(st.text(st.sampled_from("ab'’ éE\u0301ﬁǅ한ᄒ\u1161\u11abß👍-1"), max_size=30))
def test_words_are_those_of_the_measure_and_stand_where_it_says(text: str) -> None:
    words = places_of_words(text)
    assert tuple(word.text for word in words) == words_of(text)
    for word in words:
        assert words_of(text[word.start : word.end]) == (word.text,)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hi @Bob_1, all well?", "hi [mention], all well?"),
        ("as @gardener says", "as @gardener says"),
        ("write to jane.doe@example.org today", "write to [email] today"),
        ("jane [at] example [dot] org", "[email]"),
        ("call +44 20 7946 0958 now", "call [phone] now"),
        ("it cost 1,500 in 2019", "it cost 1,500 in 2019"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert PLAIN.apply("", text) == shown


def test_a_memorised_span_is_left_out_whole() -> None:
    assert STRICT.apply("", f"I say {POST}, always") == "I say [quote], always"
    seven = "keeps its own hours and we bring"
    assert STRICT.apply("", seven) == seven


def test_what_a_find_bares_is_found_too() -> None:
    run = "keeps its own hours and we bring tea"
    assert STRICT.apply("", f"{run}(650) 253-0000, he says") == "[quote][phone], he says"
    assert STRICT.apply("", f"0612345678'{run}, he says") == "[phone]'[quote], he says"
    assert STRICT.apply("", f"so @bob {run}(650) 253-0000") == "so [mention] [quote][phone]"
    mentioned = "keeps its own hours @bob and we bring tea to"
    assert STRICT.apply("", mentioned) == mentioned.replace("@bob", "[mention]")


def test_a_span_that_the_prompt_begins_is_left_out_too() -> None:
    begun = "the quiet garden keeps its own hours"
    assert STRICT.apply(begun, " and we sing") == "[quote] sing"


def test_a_mention_that_the_prompt_begins_is_left_out_too() -> None:
    assert PLAIN.apply("hello @bo", "bby, hi") == "[mention], hi"


def test_plain_words_stream_without_waiting_for_the_end() -> None:
    sample = SampleFilter(PLAIN, "")
    assert sample.push("My dream is a lamp", final=False) == "My dream is a "
    assert sample.push(" that reads", final=False) == "lamp that "


def test_only_what_may_become_a_copied_run_is_held_back() -> None:
    sample = SampleFilter(STRICT, "")
    assert sample.push("My dream is a lamp that reads", final=False) == "My dream is a lamp "
    assert sample.push(" the quiet garden keeps its own", final=False) == "that reads "
    assert sample.push(" and", final=False) == ""
    assert sample.push(" we", final=False) == "the quiet garden keeps its own "
    older = SampleFilter(OLDER, "")
    assert older.push("My dream is a lamp that reads", final=False) == ""


def test_the_operator_can_switch_it_off() -> None:
    off = OutputFilter(on=False)
    assert off.apply("", "@bob +44 20 7946 0958") == "@bob +44 20 7946 0958"
