"""Whose words are whose: what is copied from others goes, the author's own words stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.raw_datasets import make_post

from components.prepare.cleaning import clean_default
from components.prepare.manual_retweets import cut_manual_retweets
from components.prepare.posts import Cleaned, Drop

L = "https://t.co/abcdefghij"
THEIRS = "geese have marched past my window all day"
OWN = "I could not have said it better"


def clean(text: str, *, keep_newlines: bool = False) -> Cleaned | Drop:
    return clean_default(make_post(text), replies_are_marked=False, keep_newlines=keep_newlines)


@pytest.mark.parametrize(
    "mark",
    [
        "RT @ann ", "RT: @ann ", "RT @ann:", "RT@ann:", "RT＠ann ", "ＲＴ ＠ann：", "rt @ann: ",
        ".RT @ann: ", "RT .@ann ", "MT @ann: ", "QT @ann: ", "PRT @ann: ", "RT @ann:\n",
        "RT @ann :\n\n", "RT\u00a0@ann:\u00a0", "RT @ ann: ", "RT \u200b@ann: ", "RT @\u200bann: ",
        "RT - @ann: ", "RT by @ann: ", "RT RT @ann: ", "Retweeting @ann: ", "Repost @ann: ",
        "♻ @ann ", "Quoting @ann: ", "🔄 @ann: ",
        "♻\ufe0f @ann: ", "♲ @ann@social.example: ", "RT @ann.bsky.example: ", "RT @ann, @eve: ",
        "@eve RT @ann: ", "#RT @ann: ", "(RT @ann: ", '"RT @ann: ',
        "“@ann: ", '"@ann: ', "'@ann: ", "‘@ann ", "«@ann: ", "„@ann: ", "“ @ann : ",
        "&quot;@ann: ", "@eve “@ann: ", "via @ann: ", "(via @ann) ",
    ],
)  # fmt: skip
def test_what_follows_a_mark_is_not_the_authors(mark: str) -> None:
    assert clean(mark + THEIRS) is Drop.MANUAL_RETWEET
    assert clean(f"So true! {mark}{THEIRS}") in (Drop.MANUAL_RETWEET, Drop.SHORT)


@pytest.mark.parametrize(
    "mark",
    [
        "RT @ann ", " RT @ann: ", ": RT @ann: ", " -> RT @ann: ", " >> RT @ann: ", " // RT @ann: ",
        " | RT @ann: ", " <- RT @ann: ", " (RT @ann: ", " #RT @ann: ", " MT @ann: ", " “@ann: ",
        ': "@ann: ', " RT @ann: RT @eve: ", f" {L} RT @ann: ", "\n\nRT @ann:\n", " ♻ @ann ",
    ],
)  # fmt: skip
def test_own_words_before_a_mark_stay_without_what_led_to_it(mark: str) -> None:
    assert clean(OWN + mark + THEIRS) == Cleaned(OWN, trimmed=(Drop.MANUAL_RETWEET,))


def test_own_words_before_a_mark_stay_as_they_are() -> None:
    for own in (f"{OWN} :(", f"{OWN} <3", f"{OWN}…", f"({OWN})", f"{OWN}!!"):
        assert clean(f"{own} RT @ann: {THEIRS}…") == Cleaned(own, trimmed=(Drop.MANUAL_RETWEET,))
    assert clean(f"@eve {OWN} RT @ann: {THEIRS}") == clean(f"{OWN} RT @ann: {THEIRS}")
    assert clean(f"{OWN} RT @ann: {L}") == Cleaned(OWN, trimmed=(Drop.MANUAL_RETWEET,))


@pytest.mark.parametrize(
    "quotation",
    [
        f"“@ann: {THEIRS}”", f'"@ann: {THEIRS}"', f"&quot;@ann: {THEIRS}&quot;",
        f"'@ann: they're off, {THEIRS}'", f"‘@ann {THEIRS}’", f"«@ann: {THEIRS}»",
        f"« @ann : {THEIRS} »", f"»@ann: {THEIRS}«", f"„@ann: {THEIRS}“", f"„@ann: {THEIRS}”",
        f"「@ann: {THEIRS}」", f'"RT @ann: {THEIRS}"', f'("@ann: {THEIRS}")', f'"@ann: {THEIRS}" -',
        f'"@ann: {THEIRS}" <--', f'"@ann: {THEIRS}"...', f'"@ann {THEIRS}"',
        f'"@ann: {THEIRS} {L}"',
        f'"@ann: the "great" {THEIRS}"', f'"@ann: the 6" {THEIRS}"', f'"@ann: a" "@eve: {THEIRS}"',
        f'"@ann: {THEIRS}" (via @eve)',
    ],
)  # fmt: skip
def test_own_words_after_a_quotation_stay(quotation: str) -> None:
    assert clean(f"{quotation} {OWN}") == Cleaned(OWN, trimmed=(Drop.MANUAL_RETWEET,))
    assert clean(f"{quotation} So true!") is Drop.MANUAL_RETWEET


def test_own_words_on_both_sides_of_a_quotation_stay_where_each_says_something() -> None:
    def own(text: str) -> str:
        cleaned = clean(text)
        assert isinstance(cleaned, Cleaned)
        return cleaned.text

    assert own(f"Now look here: “@ann: {THEIRS}” {OWN}") == f"Now look here: {OWN}"
    assert own(f"Ha! “@ann: {THEIRS}” {OWN}") == OWN
    assert own(f"“@ann: {THEIRS}” {OWN}, as “they” say") == f"{OWN}, as “they” say"
    kept = clean(f"Now look here\n“@ann: {THEIRS}”\n{OWN}", keep_newlines=True)
    assert isinstance(kept, Cleaned)
    assert kept.text == f"Now look here\n{OWN}"


def test_a_quotation_that_is_not_closed_goes_to_the_end() -> None:
    assert clean(f'"@ann: {THEIRS}. {OWN}') is Drop.MANUAL_RETWEET


@pytest.mark.parametrize(
    "credit",
    [
        "(via @ann)", f"(via @ann) {L}", f"{L} (via @ann)", "[via: @ann]", "via @ann",
        "- Via @ann!", "/via @ann #geese", "via @ann & @eve", "via @ann and @eve", f"via @ann {L}",
        f"via @ann: {L}", "(RT @ann)", "RT @ann", f"RT @ann {L}", "♻ @ann",
    ],
)  # fmt: skip
def test_what_stands_before_a_credit_is_not_the_authors(credit: str) -> None:
    assert clean(f"{THEIRS} {credit}") is Drop.MANUAL_RETWEET


def test_own_words_after_a_credit_stay() -> None:
    assert clean(f"{THEIRS} (via @ann) {OWN}") == Cleaned(OWN, trimmed=(Drop.MANUAL_RETWEET,))


@pytest.mark.parametrize(
    "text",
    [
        "RT if you agree with this",
        "please RT this if you can",
        "I just sent my first RT",
        "Thanks for the RT @ann and happy weekend",
        "Thanks for the RT @ann!",
        "I will RT @ann's poem tomorrow",
        "hey qt @ann how are you",
        "we climbed Mt @Fuji last week",
        "modern ART @ann is on tomorrow",
        "a broken heart @ann is no joke",
        "geese are the best of birds h/t @ann",
        "HT @ann: geese are the best",
        "geese are the best of birds (h/t @ann)",
        "my talk is via @meetings tomorrow",
        "my talk is via @meetings: bring a question",
        "a fine morning at the lake. Photo via @ann",
        "new figures on geese (graphic via @ann)",
        'He said "@bob: come here" and left',
        'I keep hearing "@ann is great" around here',
        '"@ann" is a good handle',
        '"Geese are lazy and surly" @ann explaining birds',
        '"We are not in one."@ann on the radio',
        '"Geese are lazy and surly" - @ann',
        "so @ann: what do you say",
        ".@ann is right about geese",
    ],
)
def test_what_only_looks_like_a_mark_stays(text: str) -> None:
    assert clean(text) == Cleaned(text)


def test_a_share_button_is_no_retweet() -> None:
    """It writes the title, the link and whose page it is; templates are found later."""
    assert clean(f"All about geese {L} via @paper") == Cleaned("All about geese via @paper")


def test_what_is_said_in_a_sentence_is_a_retweet_if_it_is_as_long_as_a_post() -> None:
    assert clean(f'He said "@bob: {THEIRS}" and left') is Drop.MANUAL_RETWEET


def test_scripts_without_blanks_are_measured_by_graphemes() -> None:
    kept = clean("本当にそう思います RT @ann: がちょうが歩いている")
    assert kept == Cleaned("本当にそう思います", trimmed=(Drop.MANUAL_RETWEET,))
    assert clean("そうRT @ann: がちょうが歩いている") is Drop.MANUAL_RETWEET


def test_a_reason_of_its_own_is_given_where_links_alone_remain() -> None:
    assert clean(f"{L} RT @ann: {THEIRS}") is Drop.MANUAL_RETWEET


def test_damage_of_somebody_elses_words_does_no_harm() -> None:
    assert clean(f"{OWN} MT @ann: ge\ufffdse") == Cleaned(OWN, trimmed=(Drop.MANUAL_RETWEET,))


PIECES = st.sampled_from(
    ["RT ", "RT @bob: ", "@ann ", "@", "via ", "(", ")", '"', "“", "”", "'", ": ", "\n", "> ", ".",
     L, " word", "word ", "the ", "…", "♻", "#", "寒い", "\u200b", "MT", "three own words "]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=5), max_size=15).map("".join)


@given(TEXTS, st.sampled_from([" RT @x: ", "\nRT @x: ", " rt @x: ", " MT @x: "]), st.booleans())
def test_the_words_after_a_retweet_never_stay(text: str, mark: str, keep_newlines: bool) -> None:
    cleaned = clean(f"{text}{mark}secret words of hers", keep_newlines=keep_newlines)
    assert isinstance(cleaned, Drop) or "secret" not in cleaned.text


@given(TEXTS)
def test_text_without_handles_is_left_alone(text: str) -> None:
    plain = text.replace("@", "").replace("＠", "")
    assert cut_manual_retweets(plain) == plain


@given(TEXTS)
def test_nothing_is_written_that_did_not_stand_there(text: str) -> None:
    rest = text = text.replace("\0", "")
    for part in filter(None, cut_manual_retweets(text).split("\0")):
        assert part in rest
        rest = rest.partition(part)[2]
