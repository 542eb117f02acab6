import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from support.marks import KeyPair, make_key

from components.contracts.errors import BadInputError
from components.marking.canonical import canonical
from components.marking.checking import check_mark, find_mark
from components.marking.keys import public_key_of, read_public_keys
from components.marking.signing import Signer

KEY, OTHER = make_key(), make_key()
TEXTS = ("The rain knows my name.", " Half a tea 🫖\nand a garden")


def signer(key: KeyPair = KEY) -> Signer:
    found = Signer.of({"HUGGINGTWEETS_MARK_KEY": key.private})
    assert found is not None
    return found


MARK: dict[str, Any] = signer().mark("jane", "3", "ab" * 32, TEXTS).model_dump(mode="json")


def problems(mark: Any, text: str = TEXTS[0], key: KeyPair = KEY) -> list[str]:
    found = find_mark(json.dumps(mark), "mark.json")
    return check_mark(found, text, read_public_keys(key.public, "key.pem"))


def test_a_mark_is_good_for_each_of_its_texts() -> None:
    for text in TEXTS:
        assert problems(MARK, text) == []
    claim = MARK["claim"]
    assert claim["ai_generated"] is True
    assert claim["digital_source_type"].endswith("/trainedAlgorithmicMedia")
    assert (claim["persona"], claim["version"]) == ("jane", "3")
    assert claim["manifest_sha256"] == "ab" * 32
    assert claim["claim_generator"].startswith("huggingtweets/")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_end_of_a_files_last_line_is_allowed_for(end: str) -> None:
    assert problems(MARK, TEXTS[0] + end) == []


@pytest.mark.parametrize(
    "text", ["", TEXTS[0].upper(), TEXTS[0] + " ", TEXTS[0] + "\n\n", "".join(TEXTS)]
)
def test_another_text_is_known(text: str) -> None:
    assert problems(MARK, text) == ["it was made for another text"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("persona", "john"),
        ("version", "4"),
        ("manifest_sha256", None),
        ("created_at", "2020-01-01T00:00:00Z"),
        ("text_sha256", [*MARK["claim"]["text_sha256"], "00" * 32]),
        ("something", "new"),
    ],
)
def test_a_changed_claim_is_known(name: str, value: object) -> None:
    changed = MARK | {"claim": MARK["claim"] | {name: value}}
    assert problems(changed) == [
        "its signature is not under this claim: one of the two was changed"
    ]


@pytest.mark.parametrize("signature", ["", "x", "ä", "A" * 86, "A" * 1000])
def test_a_changed_signature_is_known(signature: str) -> None:
    (problem,) = problems(MARK | {"signature": signature})
    assert "signature" in problem


def test_another_key_is_known() -> None:
    (problem,) = problems(MARK, key=OTHER)
    assert MARK["claim"]["key_id"] in problem
    forged = signer(OTHER).mark("jane", "3", None, TEXTS).model_dump(mode="json")
    forged["claim"]["key_id"] = MARK["claim"]["key_id"]
    assert len(problems(forged)) == 1


def test_what_a_later_version_says_beside_is_signed_too() -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    made = Signer.of({"HUGGINGTWEETS_MARK_KEY": pem})
    assert made is not None
    claim = made.mark("jane", "3", None, TEXTS).claim.model_dump(mode="json") | {"new": [1, "ü"]}
    from components.marking.canonical import to_base64url

    mark = {"claim": claim, "signature": to_base64url(key.sign(canonical(claim)))}
    keys = {public_key_of(key.public_key()).kid: key.public_key()}
    assert check_mark(find_mark(json.dumps(mark), "m"), TEXTS[0], keys) == []


@pytest.mark.parametrize(
    "answer",
    [
        {"model": "jane", "mark": MARK},
        {"parameters": {"ai_generated": True, "mark": json.dumps(MARK)}},
        MARK,
    ],
)
def test_a_mark_is_found_in_an_answer(answer: object) -> None:
    assert problems(answer) == []


@pytest.mark.parametrize("prefix", ["", "data: "])
def test_a_mark_is_found_at_the_end_of_a_stream(prefix: str) -> None:
    events = [{"index": 0, "text": "a"}, {"index": 0, "text": "b", "mark": MARK}]
    text = "\n\n".join(prefix + json.dumps(event) for event in events) + "\n\ndata: [DONE]\n\n"
    assert check_mark(find_mark(text, "s"), TEXTS[0], read_public_keys(KEY.public, "k")) == []


@pytest.mark.parametrize("inside", ["\u2028", "\u2029", "\x85"])
def test_what_ends_a_line_elsewhere_ends_no_event_of_a_stream(inside: str) -> None:
    text = f"rain{inside}and tea"
    event = {"text": text, "mark": signer().mark("jane", "3", None, [text]).model_dump(mode="json")}
    stream = f"data: {json.dumps(event, ensure_ascii=False)}\r\n\r\n"
    assert check_mark(find_mark(stream, "s"), text, read_public_keys(KEY.public, "k")) == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "3", "null", "{}", "[" * 100_000, '{"mark": 3}', '{"mark": "{"}'),
        *('{"claim": {}, "signature": ""}', '{"claim": 3}', '{"parameters": []}'),
        json.dumps(MARK | {"signature": 3}),
        json.dumps(MARK | {"claim": MARK["claim"] | {"ai_generated": False}}),
        json.dumps(MARK | {"claim": MARK["claim"] | {"format": "other/1"}}),
        json.dumps(MARK | {"claim": MARK["claim"] | {"new": 0.5}}),
        json.dumps(MARK | {"claim": MARK["claim"] | {"new": "\ud800"}}),
        '{"claim": {"a": ' + "[" * 5000 + "]" * 5000 + '}, "signature": ""}',
    ],
)
def test_what_is_no_mark_is_said_in_one_sentence(text: str) -> None:
    with pytest.raises(BadInputError, match=r"^mark.json ") as caught:
        find_mark(text, "mark.json")
    assert "\n" not in str(caught.value)


@given(st.text())
def test_nothing_is_taken_for_a_mark_by_chance(text: str) -> None:
    with pytest.raises(BadInputError):
        find_mark(text, "mark.json")


def test_a_set_of_web_keys_checks_as_pem_does() -> None:
    published = signer().public_keys().model_dump_json()
    assert read_public_keys(published, "k").keys() == read_public_keys(KEY.public, "k").keys()
    one = json.loads(published)["keys"][0]
    assert read_public_keys(json.dumps(one), "k").keys() == {one["kid"]}
    mixed = {"keys": [{"kty": "RSA", "n": "x"}, one, 3]}
    assert read_public_keys(json.dumps(mixed), "k").keys() == {one["kid"]}


def test_a_key_has_the_thumbprint_of_the_standard() -> None:
    """The example of RFC 8037, appendices A.2 and A.3."""
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    found = read_public_keys(json.dumps({"kty": "OKP", "crv": "Ed25519", "x": x}), "k")
    assert list(found) == ["kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"]


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "{}", "{", '{"keys": []}', '{"keys": 3}', '{"keys": [{}]}', KEY.private),
        '{"crv": "Ed25519", "x": "AA"}',
        '{"crv": "Ed25519", "x": "!"}',
    ],
)
def test_what_is_no_public_key_is_said(text: str) -> None:
    with pytest.raises(BadInputError, match="key.pem ") as caught:
        read_public_keys(text, "key.pem")
    assert "PRIVATE" not in str(caught.value)


def pem_of(key: Any, password: bytes = b"") -> str:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)
    return pem.decode()


@pytest.mark.parametrize(
    "text",
    [
        *("secret-words", KEY.public, KEY.private[:60]),
        pem_of(generate_private_key(SECP256R1())),
        pem_of(Ed25519PrivateKey.generate(), b"password"),
    ],
    ids=("words", "public", "cut", "another-curve", "with-a-password"),
)
def test_a_key_that_cannot_sign_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(BadInputError, match="^HUGGINGTWEETS_MARK_KEY ") as caught:
        Signer.of({"HUGGINGTWEETS_MARK_KEY": text})
    assert text.strip().splitlines()[0] not in str(caught.value)
    assert "openssl genpkey" in str(caught.value)


def test_without_a_key_nothing_is_signed() -> None:
    assert Signer.of({}) is None
    assert Signer.of({"HUGGINGTWEETS_MARK_KEY": " "}) is None


def test_a_key_in_a_file_is_followed_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(KEY.private)
    made = Signer.of({"HUGGINGTWEETS_MARK_KEY_FILE": str(file)})
    assert made is not None
    first = made.mark("jane", "1", None, TEXTS).claim.key_id
    file.write_text("half a k")
    assert made.mark("jane", "1", None, TEXTS).claim.key_id == first
    file.write_text(OTHER.private)
    second = made.mark("jane", "1", None, TEXTS).claim.key_id
    assert second != first
    assert [key.kid for key in made.public_keys().keys] == [second, first]


def test_the_canonical_form_is_that_of_the_standard() -> None:
    """Of RFC 8785: order of keys, escapes, and that nothing else is escaped."""
    text = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/"
    assert canonical({"b": [1, None, True], "a": text}) == (
        '{"a":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/","b":[1,null,true]}'.encode()
    )
    with pytest.raises(ValueError, match="fraction"):
        canonical({"a": [1.5]})
