"""`huggingtweets verify-mark`: is this text what the mark says a machine wrote?"""

import argparse
import json
import sys
from pathlib import Path

from components.contracts.errors import BadInputError
from components.runtime.errors import one_line
from components.runtime.flags import a_path
from components.text.terminal import printable

STDIN = Path("-")


def add_verify_mark_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    """Add `verify-mark` to the command line."""
    about = "check a signed statement that a machine wrote a text"
    parser = commands.add_parser("verify-mark", help=about, description=about)
    parser.add_argument(
        "mark", type=a_path, metavar="MARK", help="a mark, or an answer that holds one; - for stdin"
    )
    text = parser.add_mutually_exclusive_group(required=True)
    text.add_argument("--text", metavar="TEXT", help="the text")
    text.add_argument("--text-file", type=a_path, metavar="FILE", help="a file that holds it")
    parser.add_argument(
        "--key",
        type=a_path,
        required=True,
        metavar="FILE",
        help="the public key: PEM, or what a server answers at /v1/marks/keys",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=verify_mark)


def verify_mark(given: argparse.Namespace) -> int:
    """Check the mark and say what came of it: 0 where it is good, 1 where it is not.

    Raises:
        BadInputError: what was given cannot be used.
    """
    from components.marking.checking import check_mark, find_mark
    from components.marking.keys import read_public_keys

    _once_from_stdin(given.mark, given.text_file, given.key)
    keys = read_public_keys(_read(given.key), str(given.key))
    where = "standard input" if given.mark == STDIN else str(given.mark)
    found = find_mark(_read(given.mark), where)
    text = given.text if given.text is not None else _read(given.text_file)
    problems = check_mark(found, text, keys)
    claim = found.mark.claim
    if given.json:
        said = {"good": not problems, "problems": problems, "claim": claim.model_dump(mode="json")}
        print(json.dumps(said, ensure_ascii=False, indent=2))
    elif problems:
        print("\n".join(f"the mark is not good: {_harmless(one)}" for one in problems))
    else:
        when = f"{claim.created_at:%Y-%m-%d %H:%M:%S} UTC"
        who = _harmless(f"{claim.persona}@{claim.version}, {when}, {claim.key_id}")
        print(f"written by a machine: {who}")
    return 1 if problems else 0


def _once_from_stdin(*paths: Path | None) -> None:
    """Refuse standard input for two things: the first would leave nothing for the second."""
    if paths.count(STDIN) > 1:
        raise BadInputError("standard input (-) holds one thing: name a file for the other")


def _harmless(said: str) -> str:
    """On one line: what a mark says of itself may be anybody's words."""
    return printable(one_line(said))


def _read(path: Path) -> str:
    """The text of a file, its line ends untouched.

    Raises:
        BadInputError: it cannot be read, or is not UTF-8.
    """
    try:
        data = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
        return data.decode()
    except OSError as error:
        raise BadInputError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path} is not UTF-8 text") from error
