"""Compiles the library: `python -m components.lm.decoding.native.build`.

With `cc` where there is one, else with zig's clang from the wheel `ziglang`.
"""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
COMMON = ("choose.c", "cpu.c", "library.c", "pool.c", "step.c")
OF_A_LEVEL = (
    "activations.c", "adapters.c", "attention.c", "draw.c", "level.c", "norms.c", "quantize.c",
)  # fmt: skip
"""Compiled once for each level of instructions."""
LEVELS = {
    "plain": (),
    "avx2": ("-mavx2", "-mfma"),
    "avx512": (
        "-mavx2", "-mfma", "-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mavx512vnni",
    ),
}  # fmt: skip
FLAGS = (
    "-std=gnu11", "-O3", "-fPIC", "-fvisibility=hidden", "-ffp-contract=fast", "-fno-math-errno",
    "-Wall", "-Wextra", "-Wno-psabi",
)  # fmt: skip
ZIG_TARGET = ("-target", "x86_64-linux-gnu.2.17")


class CompilerError(Exception):
    """There is no compiler here, or it cannot compile the library."""


def library_path(folder: Path) -> Path:
    """Where the library of this source lies in `folder`: its name holds the source's hash."""
    return folder / f"decoder-{_source_hash()}.so"


def build(target: Path, extra: Sequence[str] = ()) -> None:
    """Compile the library, with `extra` flags, to `target`; it appears whole or not at all.

    Raises:
        CompilerError: no compiler was found that compiles it.
    """
    _make(target, ("-shared", *extra), ())


def build_program(source: Path, target: Path, extra: Sequence[str]) -> None:
    """Compile a program of the library's code and of `source`, which calls it.

    Raises:
        CompilerError: no compiler was found that compiles it.
    """
    _make(target, extra, (source,))


def _make(target: Path, extra: Sequence[str], sources: Sequence[Path]) -> None:
    said = []
    for compiler in _compilers():
        with TemporaryDirectory() as folder:
            try:
                made = _compile(compiler, extra, sources, Path(folder))
            except (OSError, subprocess.CalledProcessError) as error:
                said.append(f"{Path(compiler[0]).name}: {_first_error(error)}")
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            beside = target.with_suffix(f".{Path(folder).name}")
            shutil.copy(made, beside)
            beside.replace(target)
            return
    raise CompilerError("; ".join(said) or "there is neither cc nor the wheel ziglang")


def _source_hash() -> str:
    """Of all that the library is made of."""
    digest = hashlib.sha256()
    for path in sorted([*HERE.glob("*.[ch]"), HERE / "build.py"]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _compilers() -> list[list[str]]:
    found = []
    if cc := shutil.which("cc"):
        found.append([cc])
    if importlib.util.find_spec("ziglang") is not None:
        found.append([sys.executable, "-m", "ziglang", "cc", *ZIG_TARGET])
    return found


def _compile(
    compiler: Sequence[str], extra: Sequence[str], sources: Sequence[Path], folder: Path
) -> Path:
    plain = [*FLAGS, *extra, "-DLEVEL=plain"]
    objects = [
        _object(compiler, plain, source, folder / f"{source.stem}.o")
        for source in (*(HERE / name for name in COMMON), *sources)
    ]
    for level, flags in LEVELS.items():
        every = [*FLAGS, *flags, f"-DLEVEL={level}", *extra]
        for name in (*OF_A_LEVEL, f"product_{level}.c"):
            made = folder / f"{Path(name).stem}-{level}.o"
            objects.append(_object(compiler, every, HERE / name, made))
    linked = folder / "linked"
    _run([*compiler, "-pthread", *extra, "-o", linked, *objects, "-lm"])
    return linked


def _object(compiler: Sequence[str], flags: Sequence[str], source: Path, made: Path) -> Path:
    _run([*compiler, *flags, "-pthread", "-I", HERE, "-c", source, "-o", made])
    return made


def _first_error(error: OSError | subprocess.CalledProcessError) -> str:
    """One line of what a compiler said."""
    said = error.stderr if isinstance(error, subprocess.CalledProcessError) else ""
    lines = [line for line in said.splitlines() if "error" in line]
    return lines[0].strip() if lines else str(error)


def _run(command: Sequence[str | Path]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def main() -> int:
    """Compile the library beside its source; the exit code."""
    try:
        build(library_path(HERE / "build"))
    except CompilerError as error:
        print(f"the decoder in C cannot be compiled: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
