import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.text.masks import LINK, mask_entities, mask_personal, without_entities


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to ada.l+x@mail.example.org.", "write to [email]."),
        ("ada [at] example [dot] org", "[email]"),
        ("ADA(at)example.org!", "[email]!"),
        ("jürgen@exämple.de", "[email]"),
        ("a@b.org.c@d.org", "[email][email]"),
        ("ADA [AT] EXAMPLE.ORG", "[email]"),
        ("meet @ada at noon", "meet @ada at noon"),
        ("follow @ada@social.example", "follow @ada@social.example"),
        ("5 apples@2.50", "5 apples@2.50"),
    ],
)
def test_email_addresses_are_masked(text: str, masked: str) -> None:
    assert mask_personal(text)[0] == masked


@pytest.mark.parametrize(
    "number",
    [
        "+44 20 7946 0958",
        "+1 650-253-0000",
        "+49 (30) 901820",
        "(650) 253-0000",
        "650-253-0000",
        "650.253.0000",
        "1-800-356-9377",
        "020 7946 0958",
        "01 42 68 53 00",
        "0142685300",
        "030 901820",
        "03-3210-7000",
        "(11) 91234-5678",
    ],
)
def test_phone_numbers_are_masked(number: str) -> None:
    assert mask_personal(f"ring {number}, now") == ("ring [phone], now", 0, 1)


def test_bare_digits_are_a_phone_number_where_the_words_say_so() -> None:
    assert mask_personal("call 6502530000!")[0] == "call [phone]!"
    assert mask_personal("post 6502530000!")[0] == "post 6502530000!"


@pytest.mark.parametrize(
    "text",
    [
        "in 2016, 2017 and 2018",
        "from 2016-12-01 to 2017-01-31",
        "on 01/02/2016 or 01.02.2016",
        "at 10:30:00 on 09-10-2011",
        "it costs $1,000,000.00",
        "10 000 000 people",
        "id 804403535312027648",
        "order 65025300 shipped",
        "pi is 3.14159265358979",
        "p = 0.0123456789",
        "01010101 01010101 in binary",
        "192.168.100.200 is local",
        "ISBN 978-3-16-148410-0",
        "the score was 21-19 25-23 15-10",
        "1 2 3 4 5 6 7 8 9 10",
        "call 911 or 112",
        "text YES to 88022",
        "£0800 for 1234",
        "100% of 1-2-3 4-5-6-7",
    ],
)
def test_other_numbers_are_not_masked(text: str) -> None:
    assert mask_personal(text) == (text, 0, 0)


def test_masks_are_counted() -> None:
    text = "a@b.org, c@d.org or +44 20 7946 0958 and 650-253-0000"
    assert mask_personal(text) == ("[email], [email] or [phone] and [phone]", 2, 2)


@given(st.text(st.sampled_from("ab17 +0@.()-[]"), max_size=40))
def test_masked_text_holds_nothing_to_mask(text: str) -> None:
    masked = mask_personal(text)[0]
    assert mask_personal(masked) == (masked, 0, 0)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("see https://t.co/abcdefghij.", "https://t.co/abcdefghij"),
        ("see https://t.co/abcdefghijand more", "https://t.co/abcdefghij"),
        ("見てhttps://t.co/abcdefghijです", "https://t.co/abcdefghij"),
        ("(https://example.org/a_(b)/c?d=e,f#g), yes", "https://example.org/a_(b)/c?d=e,f#g"),
        ("“http://example.org/x”", "http://example.org/x"),
        ("HTTP://EXAMPLE.ORG", "HTTP://EXAMPLE.ORG"),
        ("seepic.twitter.com/a1b2c3D4", "pic.twitter.com/a1b2c3D4"),
        ("at www.example.org!", "www.example.org"),
        ("bit.ly/x1Y", "bit.ly/x1Y"),
        ("https://", "https://"),
    ],
)
def test_links_end_where_they_end(text: str, link: str) -> None:
    found = LINK.search(text)
    assert found
    assert found[0] == link


@pytest.mark.parametrize("text", ["and/or", "a t.co", "orbit.ly/x", "e.g. 1/2", "www.", "http is"])
def test_what_is_no_link_is_left(text: str) -> None:
    assert not LINK.search(text)


def test_entities_become_one_word_each() -> None:
    text = "Hi @ada, .@bob #maths #数学 #1 a@b.org https://t.co/abcdefghij"
    assert mask_entities(text) == "Hi @user, .@user #tag #tag #1 a@b.org [link]"
    assert without_entities("@ada hi #maths").split() == ["hi"]
