"""Libraries in C that lie beside their Python code: compiled once, and found again.

With `cc` where there is one, else with zig's clang from the wheel `ziglang`.
"""

import ctypes
import hashlib
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from components.runtime.files import whole_file

log = logging.getLogger(__name__)

FLAGS = (
    "-std=gnu11", "-O3", "-fPIC", "-fvisibility=hidden", "-ffp-contract=fast", "-fno-math-errno",
    "-Wall", "-Wextra", "-Wno-psabi", "-pthread",
)  # fmt: skip
AVX2 = ("-mavx2", "-mfma")
AVX512 = (*AVX2, "-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mavx512vnni")
ZIG_TARGET = ("-target", "x86_64-linux-gnu.2.17")


class CompilerError(Exception):
    """There is no compiler here, or it cannot compile the library."""


@dataclass(frozen=True)
class Unit:
    """A file, and the flags that it is compiled with beside `FLAGS`."""

    name: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Library:
    """What a library is made of."""

    name: str
    folder: Path
    """Where its files lie."""
    units: tuple[Unit, ...]
    headers: tuple[Path, ...] = ()
    """Folders of others whose headers it includes."""

    def path(self, folder: Path) -> Path:
        """Where it lies in `folder`: its name holds the hash of all that it is made of."""
        return folder / f"{self.name}-{self._hash()}.so"

    def made(self) -> Path:
        """The library, compiled now if it was not at set-up.

        It lies beside its source or, where that cannot be written to, in the user's cache.

        Raises:
            CompilerError: no compiler was found that compiles it.
        """
        here, own = self.path(self.folder / "build"), self.path(_cache())
        for path in (here, own):
            if path.exists():
                return path
        try:
            self.build(here)
        except OSError:
            self.build(own)
            return own
        return here

    def build(self, target: Path, extra: Sequence[str] = ()) -> None:
        """Compile it, with `extra` flags, to `target`; it appears whole or not at all.

        Raises:
            CompilerError: no compiler was found that compiles it.
        """
        _make(self, target, ("-shared", *extra), self.units)

    def build_program(self, source: Path, target: Path, extra: Sequence[str]) -> None:
        """Compile a program of its code and of `source`, which calls it.

        Raises:
            CompilerError: no compiler was found that compiles it.
        """
        _make(self, target, extra, (*self.units, Unit(str(source))))

    def _hash(self) -> str:
        digest = hashlib.sha256()
        for path in sorted([*self.folder.glob("*.[ch]"), self.folder / "build.py", Path(__file__)]):
            digest.update(path.read_bytes())
        for folder in self.headers:
            for path in sorted(folder.glob("*.h")):
                digest.update(path.read_bytes())
        return digest.hexdigest()[:16]


def load_library(
    library: Library, declare: Callable[[ctypes.CDLL], object], instead: str
) -> ctypes.CDLL | None:
    """The library, its functions declared, compiled now if it was not at set-up.

    None where it cannot be; then it is said what happens `instead`.
    """
    try:
        loaded = ctypes.CDLL(str(library.made()))
    except (CompilerError, OSError) as error:
        log.warning("%s: %s", instead, error)
        return None
    declare(loaded)
    return loaded


def build_beside_its_source(library: Library) -> int:
    """Compile it where set-up wants it; the exit code, after a sentence where it cannot be."""
    try:
        library.build(library.path(library.folder / "build"))
    except CompilerError as error:
        print(f"{library.name} in C cannot be compiled: {error}", file=sys.stderr)
        return 1
    return 0


def _make(library: Library, target: Path, extra: Sequence[str], units: Sequence[Unit]) -> None:
    said = []
    for compiler in _compilers():
        with TemporaryDirectory() as folder:
            try:
                made = _compile(compiler, library, extra, units, Path(folder))
            except (OSError, subprocess.CalledProcessError) as error:
                said.append(f"{Path(compiler[0]).name}: {_first_error(error)}")
                continue
            with whole_file(target) as draft:
                shutil.copy(made, draft)
            return
    raise CompilerError("; ".join(said) or "there is neither cc nor the wheel ziglang")


def _compilers() -> list[list[str]]:
    found = []
    if cc := shutil.which("cc"):
        found.append([cc])
    if importlib.util.find_spec("ziglang") is not None:
        found.append([sys.executable, "-m", "ziglang", "cc", *ZIG_TARGET])
    return found


def _compile(
    compiler: Sequence[str],
    library: Library,
    extra: Sequence[str],
    units: Sequence[Unit],
    folder: Path,
) -> Path:
    includes = [word for place in (library.folder, *library.headers) for word in ("-I", place)]
    objects = []
    for number, unit in enumerate(units):
        objects.append(made := folder / f"{number}.o")
        source = library.folder / unit.name
        _run([*compiler, *FLAGS, *unit.flags, *extra, *includes, "-c", source, "-o", made])
    linked = folder / "linked"
    _run([*compiler, "-pthread", *extra, "-o", linked, *objects, "-lm"])
    return linked


def _first_error(error: OSError | subprocess.CalledProcessError) -> str:
    """One line of what a compiler said."""
    said = error.stderr if isinstance(error, subprocess.CalledProcessError) else ""
    lines = [line for line in said.splitlines() if "error" in line]
    return lines[0].strip() if lines else str(error)


def _run(command: Sequence[str | Path]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "huggingtweets"
