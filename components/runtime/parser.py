"""A command's words: a slip is said in one line, with what was probably meant and whom to ask."""

import argparse
import difflib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, takewhile
from typing import Any, NoReturn

_FLAG = re.compile(r"[-–—]+(?![\d.])[^\s=]+")
"""What was meant as a flag, and is no negative number; some editors join hyphens to a dash."""


class CommandParser(argparse.ArgumentParser):
    """The parser of every command; those of the commands below it are of the same kind."""

    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong, and exit with 2."""
        said = " ".join(message.split())
        self.exit(2, f"{self.prog}: error: {said} (see {self.prog} --help)\n")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, and refuse what belongs to nothing.

        By itself argparse names first what is missing, which may only be misspelt, and it blames
        `huggingtweets` for the words of `huggingtweets run`.
        """
        words = sys.argv[1:] if args is None else list(args)
        if not {"-h", "--help"} & set(words):  # whoever asks for help gets it
            self._refuse([*self._unknown_flags(words)])
        given, rest = super().parse_known_args(words, namespace)
        self._refuse(rest)
        return given, rest

    def _unknown_flags(self, words: Sequence[str]) -> Iterator[str]:
        """The flags among the words that this parser does not know, and that are no values."""
        own: Iterable[str] = takewhile(lambda word: word != "--", words)
        if self._subparsers:  # what comes after the command is for its own parser
            own = takewhile(_FLAG.match, own)
        for before, word in pairwise(["", *own]):
            flag = word.partition("=")[0]
            is_flag = _FLAG.fullmatch(flag) and " " not in word and not self._takes_value(before)
            if is_flag and not any(known.startswith(flag) for known in self._option_string_actions):
                yield word

    def _takes_value(self, word: str) -> bool:
        """Whether the word is a flag with its value in the next one."""
        action = self._option_string_actions.get(word)
        return action is not None and action.nargs != 0

    def _refuse(self, unknown: Sequence[str]) -> None:
        if unknown:
            near = _nearest(map(_as_flag, unknown), self._option_string_actions)
            self.error(f"unrecognized arguments: {' '.join(unknown)}{near}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            error.message += _nearest([str(value)], map(str, action.choices or ()))
            raise


def _as_flag(word: str) -> str:
    """`--base-model` for `—base_model=tiny`; what was not meant as a flag stays as it is."""
    flag = word.partition("=")[0]
    return "--" + flag.lstrip("-–—").replace("_", "-") if _FLAG.fullmatch(flag) else word


def _nearest(words: Iterable[str], known: Iterable[str]) -> str:
    """The known words that are most like these, as the end of a sentence; empty for none."""
    known = list(known)
    near = [found for word in words for found in difflib.get_close_matches(word, known, n=1)]
    return f"; did you mean {', '.join(dict.fromkeys(near))}?" if near else ""
