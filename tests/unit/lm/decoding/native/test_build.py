"""How the library comes to be, and what happens where it cannot."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from components.contracts.errors import BadInputError
from components.lm import compiling
from components.lm.decoding.native import library


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
    monkeypatch.setattr(compiling, "_compilers", list)
    monkeypatch.setattr(library, "DECODER", replace(library.DECODER, folder=tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "build.py").touch()
    assert not library.available()
    assert not library.available()
    with pytest.raises(RuntimeError, match="decoder in C"):
        library.load()
    (line,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "neither cc nor" in line.getMessage()
    assert "\n" not in line.getMessage()


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
