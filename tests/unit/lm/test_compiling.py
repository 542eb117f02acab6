"""How a library in C comes to be, and what happens where it cannot."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from components.lm import compiling
from components.lm.compiling import CompilerError, Library, Unit


@pytest.fixture
def library(tmp_path: Path) -> Library:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "build.py").write_text("")
    (folder / "two.c").write_text('#include "more.h"\nint two(void) { return TWO; }\n')
    (folder / "more.h").write_text("#define TWO 2\n")
    return Library("two", folder, (Unit("two.c"),))


def test_what_a_compiler_refuses_is_told_in_one_line(
    library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\necho 'note: no' >&2; echo 'two.c:1: error: no' >&2; exit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setattr(compiling, "_compilers", lambda: [[str(compiler)]])
    with pytest.raises(CompilerError, match=r"^cc: two.c:1: error: no$"):
        library.build(tmp_path / "out" / "library.so")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no cc here")
def test_it_is_compiled_once_beside_its_source(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = library.made()
    assert made.parent == library.folder / "build"
    monkeypatch.setattr(compiling, "_compilers", list)
    assert library.made() == made


@pytest.mark.parametrize("name", ["two.c", "more.h", "build.py"])
def test_another_source_is_another_library(library: Library, tmp_path: Path, name: str) -> None:
    before = library.path(tmp_path)
    assert library.path(tmp_path) == before
    (library.folder / name).write_text("/* other */")
    assert library.path(tmp_path) != before


def test_another_header_of_others_is_another_library(library: Library, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    with_theirs = Library("two", library.folder, library.units, headers=(tmp_path / "theirs",))
    before = with_theirs.path(tmp_path)
    (tmp_path / "theirs" / "vectors.h").write_text("/* new */")
    assert with_theirs.path(tmp_path) != before


def test_it_lies_in_the_users_cache_where_its_folder_is_read_only(
    library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[Path] = []

    def write(self: Library, target: Path, extra: Sequence[str] = ()) -> None:
        if tmp_path / "cache" not in target.parents:
            raise PermissionError(13, "read-only")
        made.append(target)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(Library, "build", write)
    assert library.made() == made[0] == library.path(tmp_path / "cache" / "huggingtweets")
