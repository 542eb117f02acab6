"""Lines that quote somebody: those that begin with `> `, as in e-mail and Markdown."""

import re

# ">text" and ">" alone quote nothing, nor do faces: ">_<".
_QUOTED = re.compile(r"^ {0,3}> .*[^\W_]", re.MULTILINE)
_LINES = re.compile(r"^ {0,3}>(?:[ >].*)?(?:\n|\Z)", re.MULTILINE)


def cut_quoted_lines(text: str) -> str:
    """Cut the lines that begin with `> ` and, in such a text, those of `>` alone and of `>> `.

    A text without any is returned itself.
    """
    if ">" not in text or not _QUOTED.search(text):
        return text
    return _LINES.sub("", text)
