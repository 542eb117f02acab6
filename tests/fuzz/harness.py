"""What every fuzzer does: find the code under test, keep the rules, start from seeds."""

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

with atheris.instrument_imports(include=["components.collect"]):
    from components.collect.archive.archive import read_archive  # noqa: F401
    from components.collect.spool import Spool  # noqa: F401
    from components.collect.tables.table import read_table  # noqa: F401
    from components.contracts.errors import BadInputError

LIMITS = ("-rss_limit_mb=1024", "-malloc_limit_mb=512", "-timeout=20", "-max_len=16384")
MOST_LINES = 5


def must_be_a_sentence(read: Callable[[], object]) -> None:
    """Reading gives something or one sentence of at most five lines; anything else is a finding."""
    try:
        read()
    except BadInputError as error:
        if len(str(error).splitlines()) > MOST_LINES or not str(error).isprintable():
            raise RuntimeError(f"not one sentence: {error!r}") from error


def fuzz(test: Callable[[bytes], None], seeds: Mapping[str, bytes]) -> None:
    """Run `test` on ever new inputs; further words of the command line go to libFuzzer."""
    with tempfile.TemporaryDirectory() as corpus:
        for name, data in seeds.items():
            (Path(corpus) / name).write_bytes(data)
        atheris.Setup([*sys.argv, *LIMITS, corpus], test)
        atheris.Fuzz()
