"""Files that appear whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole_file(target: Path, *, mode: int | None = None) -> Iterator[Path]:
    """Give a path beside `target` to write to; the file becomes `target` when the block ends well.

    A failed block leaves what stood at `target` as it was. Others may write the same file at the
    same time: one of them is the last. The folder is made if need be. With `mode` (as 0o600) the
    file has it from its first byte on.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}.draft")
    try:
        if mode is not None:
            os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        yield draft
        draft.replace(target)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
