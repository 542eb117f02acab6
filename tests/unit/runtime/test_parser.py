import argparse

import pytest

from components.runtime.parser import CommandParser


def parser() -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = CommandParser(prog="cook")
    commands = made.add_subparsers(metavar="COMMAND", required=True)
    bake = commands.add_parser("bake")
    bake.add_argument("--flour", required=True)
    bake.add_argument("--degrees", type=int, default=180)
    bake.add_argument("--no-lid", action="store_true")
    bake.add_argument("--note")
    show = commands.add_parser("show")
    show.add_argument("dish")
    show.add_argument("--sort", choices=("name", "time"))
    return made


def slip(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line that a slip gets."""
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(words)
    assert caught.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    return line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bake",), "the following arguments are required: --flour"),
        (("bake", "--flour"), "argument --flour: expected one argument"),
        (("bake", "--flour", "--note", "x"), "argument --flour: expected one argument"),
        (("bake", "--flour", "rye", "--degrees", "hot"), "argument --degrees: invalid int value"),
        (("bake", "--flour", "rye", "bread"), "unrecognized arguments: bread"),
        (("bake", "--n", "x"), "ambiguous option: --n could match --no-lid, --note"),
        (("show",), "the following arguments are required: dish"),
        (("show", "a\nb", "c\nd"), "unrecognized arguments: c d"),
    ],
)
def test_a_slip_is_one_line_that_names_the_help(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    line = slip(capsys, *words)
    assert line.startswith(f"cook {words[0]}: error: {said}")
    assert line.endswith(f" (see cook {words[0]} --help)")


@pytest.mark.parametrize(
    "word", ["--fluor", "--fluor=rye", "-flour", "—flour", "–flour", "--Flour"]
)
def test_a_misspelt_flag_is_told_before_the_one_that_it_leaves_missing(
    capsys: pytest.CaptureFixture[str], word: str
) -> None:
    line = slip(capsys, "bake", word, "rye")
    assert f"cook bake: error: unrecognized arguments: {word}; did you mean --flour?" in line


def test_a_flag_like_none_is_told_without_a_guess(capsys: pytest.CaptureFixture[str]) -> None:
    assert "unrecognized arguments: --xyzzy (see" in slip(capsys, "bake", "--xyzzy", "1")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "cook: error: the following arguments are required: COMMAND (see cook --help)"),
        (("--verbose", "bake"), "cook: error: unrecognized arguments: --verbose (see cook --help)"),
        (("bkae", "--flour", "rye"), "invalid choice: 'bkae' (choose from 'bake', 'show'); did "),
        (("show", "pie", "--sort", "tme"), "(choose from 'name', 'time'); did you mean time? (see"),
    ],
)
def test_commands_and_choices_are_told_likewise(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert said in slip(capsys, *words)


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (("--deg", "200"), "degrees", 200),
        (("--degrees", "-5"), "degrees", -5),
        (("--note", "--with a blank"), "note", "--with a blank"),
        (("--note=--lid",), "note", "--lid"),
        (("--note", "—"), "note", "—"),
    ],
)
def test_what_argparse_takes_is_taken(words: tuple[str, ...], name: str, value: object) -> None:
    assert getattr(parser().parse_args(["bake", "--flour", "rye", *words]), name) == value


def test_what_follows_two_hyphens_is_no_flag() -> None:
    assert parser().parse_args(["show", "--", "--pie"]).dish == "--pie"


def test_whoever_asks_for_help_gets_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(["bake", "--fluor", "rye", "--help"])
    assert caught.value.code == 0
    assert "--degrees" in capsys.readouterr().out
