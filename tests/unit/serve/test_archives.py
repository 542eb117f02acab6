import stat
import zipfile
from pathlib import Path

import pytest

from components.contracts.errors import BadInputError
from components.serve.archives.read import archive_facts, unpack_archive

MANIFEST = '{"model": {"modelName": "jane", "modelVersion": "2.0"}}'
WEIGHTS = "model.safetensors"


def write_archive(path: Path, *further: zipfile.ZipInfo, content: bytes = b"{}") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("MAR-INF/MANIFEST.json", MANIFEST)
        archive.writestr(WEIGHTS, b"weights")
        for member in further:
            archive.writestr(member, content)
    return path


def refuse(path: Path, sentence: str) -> None:
    with pytest.raises(BadInputError, match=sentence):
        archive_facts(path)
    (path.parent / "out").mkdir()
    with pytest.raises(BadInputError, match=sentence):
        unpack_archive(path, path.parent / "out")
    assert not list((path.parent / "out").iterdir())


def test_an_archive_says_its_name_and_comes_out_as_it_went_in(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.mar", zipfile.ZipInfo("deep/config.json"))
    facts = archive_facts(path)
    assert (facts.name, facts.version) == ("jane", "2.0")
    unpack_archive(path, tmp_path / "out")
    assert (tmp_path / "out" / WEIGHTS).read_bytes() == b"weights"
    assert (tmp_path / "out/deep/config.json").read_bytes() == b"{}"
    assert not (tmp_path / "out/MAR-INF").exists()


@pytest.mark.parametrize(
    "name", ["../a.json", "/a.json", "a/../../b.json", "C:/a.json", "a\\b.json", "a//b.json"]
)
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    refuse(write_archive(tmp_path / "x.mar", zipfile.ZipInfo(name)), "may not be in a model")


def test_a_name_with_a_zero_byte_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.mar", zipfile.ZipInfo("a.json_.py"))
    path.write_bytes(path.read_bytes().replace(b"a.json_.py", b"a.json\0.py"))
    refuse(path, "may not be in a model")


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    refuse(write_archive(tmp_path / "x.mar", link, content=b"/etc/passwd"), "is a link")


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.mar", zipfile.ZipInfo("a.json"))
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    refuse(path, "is encrypted")


def test_a_bomb_among_large_weights_is_refused(tmp_path: Path) -> None:
    bomb = zipfile.ZipInfo("a.json")
    bomb.compress_type = zipfile.ZIP_DEFLATED
    refuse(write_archive(tmp_path / "x.mar", bomb, content=bytes(4 << 20)), "more than|200 times")


def test_an_odd_packing_is_refused(tmp_path: Path) -> None:
    odd = zipfile.ZipInfo("a.json")
    odd.compress_type = zipfile.ZIP_LZMA
    refuse(write_archive(tmp_path / "x.mar", odd), "packed in a way")


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.mar", zipfile.ZipInfo("./model.safetensors"))
    refuse(path, "two files of one name")


def test_a_damaged_file_is_said_in_one_sentence(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.mar")
    path.write_bytes(path.read_bytes().replace(b"weights", b"WEIGHTS"))
    with pytest.raises(BadInputError, match="x.mar is damaged"):
        unpack_archive(path, tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut off"])
def test_what_is_no_zip_is_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.mar").write_bytes(content)
    with pytest.raises(BadInputError, match=r"x.mar is not a model archive"):
        archive_facts(tmp_path / "x.mar")
