import json
from pathlib import Path

import pytest
from bench import report


def test_a_bench_writes_the_agreed_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    row = report.Row("GPT-2", "speed", "tokens/s", 300.0, "the peer", 100.0, 3.0, 5, 0.1)
    document = json.loads(report.write_report("train", [row]).read_bytes())
    assert (tmp_path / "train.json").is_file()
    assert document.keys() == {"schema_version", "machine", "rows"}
    assert document["schema_version"] == 1
    assert document["machine"].keys() == {"processor", "cores"}
    keys = "case metric unit ours peer_name peer ratio runs spread limit"
    assert [list(row) for row in document["rows"]] == [keys.split()]
    assert "GPT-2" in capsys.readouterr().out
