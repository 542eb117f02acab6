"""How the library comes to be, and what happens where it cannot."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.contracts.errors import BadInputError
from components.lm.decoding.native import build, library
from components.lm.decoding.native.build import CompilerError, library_path


@pytest.fixture
def unloaded() -> Iterator[None]:
    """As if this process had not loaded the library yet."""
    library._found.cache_clear()
    yield
    library._found.cache_clear()


def test_without_a_compiler_torch_writes_and_the_log_says_so_in_one_line(
    unloaded: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(build, "_compilers", list)
    monkeypatch.setattr(library, "library_path", lambda folder: tmp_path / "none.so")
    assert not library.available()
    assert not library.available()
    with pytest.raises(RuntimeError, match="decoder in C"):
        library.load()
    (line,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "neither cc nor" in line.getMessage()
    assert "\n" not in line.getMessage()


def test_what_a_compiler_refuses_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text(
        "#!/bin/sh\necho 'note: none' >&2; echo 'step.c:1: error: no' >&2; exit 1\n"
    )
    compiler.chmod(0o755)
    monkeypatch.setattr(build, "_compilers", lambda: [[str(compiler)]])
    with pytest.raises(CompilerError, match=r"^cc: step.c:1: error: no$"):
        build.build(tmp_path / "library.so")
    assert [path.name for path in tmp_path.iterdir()] == ["cc"]


def test_another_source_is_another_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = library_path(tmp_path)
    assert library_path(tmp_path) == before
    (tmp_path / "cpu.c").write_text("int other;\n")
    monkeypatch.setattr(build, "HERE", tmp_path)
    (tmp_path / "build.py").write_text("")
    assert library_path(tmp_path) != before


def test_it_lies_in_the_users_cache_where_its_folder_is_read_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[Path] = []

    def write(target: Path) -> None:
        if tmp_path not in target.parents:
            raise PermissionError(13, "read-only")
        made.append(target)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(library, "build", write)
    monkeypatch.setattr(library, "HERE", Path("/proc/nowhere"))
    assert library._made() == made[0] == library_path(tmp_path / "huggingtweets")


@pytest.mark.skipif(not library.levels(), reason="the decoder in C cannot be compiled here")
@pytest.mark.parametrize("cap", ["plain", "avx2", "avx512", ""])
def test_instructions_are_capped_by_a_variable(cap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.LEVEL_VARIABLE, cap)
    here = library.levels()
    assert library.level() == (cap if cap in here else here[-1])
    assert library.available() == (library.level() != "plain")


@pytest.mark.skipif(not library.levels(), reason="the decoder in C cannot be compiled here")
def test_another_cap_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.LEVEL_VARIABLE, "avx3")
    with pytest.raises(BadInputError, match="is avx3; it must be plain, avx2, avx512"):
        library.available()
