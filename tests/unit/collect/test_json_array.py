import io
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.collect import json_array
from components.collect.json_array import ArrayText
from components.contracts.errors import BadInputError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def items(text: str, at_once: int = 1 << 20) -> list[Any]:
    file = io.StringIO(text)
    return list(ArrayText(lambda size: file.read(min(size, at_once)), "f").items())


@settings(deadline=None)
@given(st.lists(VALUES, max_size=6), st.integers(1, 40), st.booleans(), st.sampled_from([None, 1]))
def test_any_array_in_any_pieces_is_what_json_says(
    values: list[Any], at_once: int, escaped: bool, indent: int | None
) -> None:
    text = json.dumps(values, ensure_ascii=escaped, indent=indent)
    assert items(f" {text} ;\n", at_once) == values


@settings(deadline=None)
@given(st.text('[]{},:"\\0123456789.eE+- truefalsn\n', max_size=40), st.integers(1, 9))
def test_what_json_refuses_is_refused(text: str, at_once: int) -> None:
    try:
        whole = json.loads(text.rstrip().removesuffix(";"))
    except ValueError:
        whole = None
    if isinstance(whole, list):
        assert items(text, at_once) == whole
    else:
        with pytest.raises(BadInputError):
            items(text, at_once)


@pytest.mark.parametrize(
    "text", ["", "{}", "7", "[1", "[1,", "[1,]", "[1 2]", "[1] x", "[" * 99_999, '["a']
)
def test_damage_is_one_sentence(text: str) -> None:
    with pytest.raises(BadInputError, match="^f (holds no list|is cut off or damaged)"):
        items(text)


def test_an_item_beyond_all_bounds_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_array, "MAX_ITEM", 1_000)
    monkeypatch.setattr(json_array, "CHUNK", 100)
    file = io.StringIO('["' + "a" * 100_000 + '"]')
    with pytest.raises(BadInputError, match="more than 1,000 characters"):
        list(ArrayText(file.read, "f").items())
    assert file.tell() < 10_000


def test_the_beginning_is_matched_once() -> None:
    text = ArrayText(io.StringIO("x = [1]").read, "f")
    found = text.match(re.compile(r"(\w) = "))
    assert found is not None
    assert found[1] == "x"
    assert list(text.items()) == [1]
