import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.raw_datasets import make_post

from components.prepare.cleaning import clean_default
from components.prepare.posts import Cleaned, Drop

L = "https://t.co/abcdefghij"
FAMILY = "👩\u200d👩\u200d👧"


def outcome(
    text: str, *, marked: bool = False, keep_newlines: bool = False, **facts: Any
) -> Cleaned | Drop:
    return clean_default(
        make_post(text, **facts), replies_are_marked=marked, keep_newlines=keep_newlines
    )


def clean(text: str, **facts: Any) -> str:
    cleaned = outcome(text, **facts)
    assert isinstance(cleaned, Cleaned), cleaned
    return cleaned.text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("RT @bob: one two three", Drop.RETWEET),
        (f"@bob @eve {L}", Drop.EMPTY),
        ("", Drop.EMPTY),
        ("\u200b\ufeff \u202e", Drop.EMPTY),
        ("nice one", Drop.SHORT),
        ("nice one #maths @bob", Drop.SHORT),
        ("?! ... --- :", Drop.SHORT),
        ("寒いね", Drop.SHORT),
        ("a post that is cut off in the mid…", Drop.TRUNCATED),
        (f"a post that is cut off in the mid… {L}", Drop.TRUNCATED),
        ("a post with lost ch\ufffdracters in it", Drop.DAMAGED),
        ("one two three &#0;", Drop.DAMAGED),
    ],
)
def test_a_post_is_left_out_for_the_right_reason(text: str, reason: Drop) -> None:
    assert outcome(text) is reason


@pytest.mark.parametrize(
    "text",
    [
        "I wonder what comes next...",
        "one two three",
        "😂 😂 lol",
        "今日は寒い",
        "ฉันรักคุณ",
        "iPhoneを買った",
        "C# is fine",
        "first… then second",
    ],
)
def test_what_says_something_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("@bob @eve_1 that is right", "that is right"),
        ("@bob: that is right", "that is right"),
        ("@bob @eve - that is right", "that is right"),
        ("@bobそれは正しいです", "それは正しいです"),
        ("@bob's book is right", "@bob's book is right"),
        (".@bob is quite right", ".@bob is quite right"),
        ("so @bob is right", "so @bob is right"),
    ],
)
def test_leading_mentions_go_where_replies_are_not_marked(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_leading_mentions_go_from_replies_alone_where_these_are_marked() -> None:
    text = "@bob is right again"
    assert clean(text, marked=True) == text
    assert clean(text, marked=True, reply_to="bob") == "is right again"
    assert clean(text, marked=True, kind="reply") == "is right again"
    assert clean(text, marked=True, kind="quote", reply_to="1") == "is right again"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("he said &quot;go&quot; &amp; &#39;went&#39;", "he said \"go\" & 'went'"),
        ("write &amp;lt; for less", "write &lt; for less"),
        ("one &gt; two &lt; three", "one > two < three"),
    ],
)
def test_entities_are_unescaped_once(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_line_breaks_become_blanks_or_stay() -> None:
    text = f" one \r\n\r\n\n two\t three \n{L}\nfour\u2028five "
    assert clean(text) == "one two three four five"
    assert clean(text, keep_newlines=True) == "one\n\ntwo three\n\nfour\nfive"


def test_a_pointer_at_the_end_of_a_line_goes_where_lines_are_kept() -> None:
    text = f"Read this: {L}\nMore to come"
    assert clean(text, keep_newlines=True) == "Read this\nMore to come"
    assert clean(text) == "Read this: More to come"


def test_joiners_and_selectors_stay_and_controls_go() -> None:
    text = f"we {FAMILY} love ❤️ it\u202e \u2066\u200f\ufeffمی\u200cخواهم\x07"
    assert clean(text) == f"we {FAMILY} love ❤️ it می\u200cخواهم"


def test_wrong_decodings_are_undone_and_style_is_not() -> None:
    assert clean("itâ€™s the best cafÃ© here") == "it’s the best café here"
    styled = "“ｆｕｌｌ ｗｉｄｔｈ” ﬁne… isn’t it ①"
    assert clean(styled) == styled
    assert clean("un cafe\u0301 pour moi") == "un café pour moi"


def test_personal_data_is_masked_and_counted() -> None:
    assert outcome("write to a@b.org or +44 20 7946 0958") == Cleaned(
        "write to [email] or [phone]", emails=1, phones=1
    )


@pytest.mark.parametrize(
    "token",
    [
        "<|endoftext|>", "<|im_start|>", "<s>", "</s>", "<pad>", "<unk>", "[INST]", "[/INST]",
        "[CLS]", "[MASK]", "<<SYS>>", "<start_of_turn>", "<extra_id_0>", "<｜end▁of▁sentence｜>",
        "<0x0A>", "<repo_name>", "<|", "[TOOL_CALLS]", "&lt;|endoftext|&gt;", "<|end\u202eoftext|>",
        "<S>",
    ],
)  # fmt: skip
def test_no_text_is_a_special_token(token: str) -> None:
    text = clean(f"one two three{token}four")
    assert not re.search(r"<(?=[|｜/\w])|\[(?=[/A-Z])", text)


@pytest.mark.parametrize(
    "text",
    ["I <3 you all", "so <sarcasm>good</sarcasm> now", "one [sic] two three", "if a<b and c>d"],
)
def test_ordinary_brackets_stay(text: str) -> None:
    assert clean(text) == text


PIECES = st.sampled_from(
    ["@bob ", "word", " ", "\n", L, ":", "via ", "(", ")", "…", "&amp;", "&lt;", "<|", "<s>", "#x ",
     "\u202e", FAMILY, "寒", "+44 20 7946 0958", "a@b.org", "RT @a: ", "-", "→", "\ufe0f", '"', ".",
     "> "]
)  # fmt: skip


@given(
    st.lists(PIECES | st.text(max_size=5), max_size=20).map("".join), st.booleans(), st.booleans()
)
def test_cleaning_never_fails_and_leaves_no_disturbance(
    text: str, marked: bool, keep_newlines: bool
) -> None:
    cleaned = outcome(text, marked=marked, keep_newlines=keep_newlines)
    if isinstance(cleaned, Cleaned):
        assert not re.search("[\0\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffd]", cleaned.text)
        assert cleaned.text == cleaned.text.strip()
        assert "https://" not in cleaned.text
        assert keep_newlines or " ".join(cleaned.text.split()) == cleaned.text


@given(st.lists(PIECES, max_size=20).map("".join), st.booleans())
@example(f'<s>{L}"@bob word@bob word', False)
@example(f'{L}" @bob word word word', False)
@example('"  @bob word word word', True)
@example(f'word. {L}.{L}"@bob word word', False)
@example(f'! {L}{L}{L} "@bob: word word" word', False)
@example(f'word "@bob {L}: word word word', True)
def test_clean_text_stays_as_it_is(text: str, keep_newlines: bool) -> None:
    cleaned = outcome(text, keep_newlines=keep_newlines)
    marks = r"@|RT|> |.*\bvia @\w+\W*(#x\W*)*$"  # what the cut of a link makes a mark of
    if isinstance(cleaned, Cleaned) and not re.match(marks, cleaned.text, re.DOTALL):
        assert outcome(cleaned.text, keep_newlines=keep_newlines) == Cleaned(cleaned.text)
