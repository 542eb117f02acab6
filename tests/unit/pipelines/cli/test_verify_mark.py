import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.marks import make_key

from components.marking.signing import Signer
from pipelines.cli.command import main

KEY, OTHER = make_key(), make_key()
TEXT = " tea and rain 🫖"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with an answer, its text, and the keys."""
    signer = Signer.of({"HUGGINGTWEETS_MARK_KEY": KEY.private})
    assert signer is not None
    mark = signer.mark("jane", "3", None, [TEXT]).model_dump(mode="json")
    (tmp_path / "answer.json").write_text(json.dumps({"mark": mark}))
    (tmp_path / "text.txt").write_text(TEXT + "\n", encoding="utf-8")
    (tmp_path / "key.pem").write_text(KEY.public)
    (tmp_path / "keys.json").write_text(signer.public_keys().model_dump_json())
    (tmp_path / "other.pem").write_text(OTHER.public)
    (tmp_path / "private.pem").write_text(KEY.private)
    (tmp_path / "bytes").write_bytes(b"\xff")
    return tmp_path


def run(place: Path, line: str, *more: str) -> int:
    words = [str(place / word[1:]) if word.startswith("@") else word for word in line.split()]
    return main(["verify-mark", *words, *more])


@pytest.mark.parametrize("key", ["@key.pem", "@keys.json"])
def test_a_good_mark_says_who_wrote(
    place: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(place, f"@answer.json --key {key} --text-file @text.txt") == 0
    assert run(place, f"@answer.json --key {key}", "--text", TEXT) == 0
    assert "written by a machine: jane@3" in capsys.readouterr().out


def test_a_mark_comes_over_standard_input(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (place / "answer.json").read_bytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    assert run(place, "- --key @key.pem --text-file @text.txt") == 0


@pytest.mark.parametrize(
    ("line", "text"),
    [("@answer.json --key @key.pem", "another text"), ("@answer.json --key @other.pem", TEXT)],
)
def test_what_does_not_match_is_said_with_exit_code_1(
    place: Path, line: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(place, line, "--text", text) == 1
    assert "the mark is not good" in capsys.readouterr().out
    assert run(place, line, "--text", text, "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert said["good"] is False
    assert len(said["problems"]) == 1


def test_files_that_begin_as_those_of_windows_do_are_read(place: Path) -> None:
    for name in ("answer.json", "key.pem", "keys.json", "text.txt"):
        file = place / name
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert run(place, "@answer.json --key @key.pem --text-file @text.txt") == 0
    assert run(place, "@answer.json --key @keys.json --text-file @text.txt") == 0


def test_what_a_mark_says_of_itself_moves_no_cursor_and_makes_no_line(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = json.loads((place / "answer.json").read_text())
    answer["mark"]["claim"]["key_id"] = "\x1b[2Jk\nwritten by a machine: jane@3"
    (place / "forged.json").write_text(json.dumps(answer))
    assert run(place, "@forged.json --key @key.pem", "--text", TEXT) == 1
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert all(line.startswith("the mark is not good: ") for line in said.splitlines())


@pytest.mark.parametrize(
    "line",
    [
        "@none.json --key @key.pem --text x",
        "@text.txt --key @key.pem --text x",
        "@bytes --key @key.pem --text x",
        "@answer.json --key @none.pem --text x",
        "@answer.json --key @text.txt --text x",
        "@answer.json --key @private.pem --text x",
        "@answer.json --key @key.pem --text-file @none.txt",
        "@answer.json --key @key.pem --text-file @bytes",
        "@answer.json --key @key.pem --text-file @",
        "- --key @key.pem --text-file -",
        "- --key - --text x",
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_exit_code_2(
    place: Path, line: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(place, line) == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    assert "PRIVATE KEY" not in said.err
