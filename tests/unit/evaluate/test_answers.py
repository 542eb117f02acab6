from pathlib import Path

import pytest

from components.contracts.errors import BadInputError
from components.evaluate.answers import read_answers


def file(folder: Path, text: str) -> Path:
    path = folder / "samples.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


def test_texts_are_read_whatever_else_a_line_says(tmp_path: Path) -> None:
    lines = '{"text": "tea", "id": 7}\n\n{"prompt": "I", "text": " wait"}\n{"text": ""}\n'
    answers = read_answers(file(tmp_path, lines))
    assert answers.texts == ["tea", ""]
    assert [sample.prompt for sample in answers.samples] == ["", "I", ""]


def test_texts_after_prompts_alone_are_judged_whole(tmp_path: Path) -> None:
    assert read_answers(file(tmp_path, '{"prompt": "I", "text": " wait"}')).texts == ["I wait"]


@pytest.mark.parametrize("line", ['{"body": "tea"}', '["tea"]', '{"text": 5}', "tea", "[" * 9999])
def test_a_line_of_something_else_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(BadInputError, match=r"samples\.jsonl, line 2: "):
        read_answers(file(tmp_path, f'{{"text": "tea"}}\n{line}\n'))


def test_no_texts_and_no_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="holds no texts"):
        read_answers(file(tmp_path, "\n"))
    with pytest.raises(BadInputError, match="cannot read"):
        read_answers(tmp_path / "missing")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInputError, match="not UTF-8"):
        read_answers(tmp_path / "binary")
