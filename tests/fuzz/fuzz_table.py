"""Any file as a table."""

import gzip
import json
import tempfile
from pathlib import Path

import harness
import pyarrow as pa
import pyarrow.parquet as pq

from components.collect.config import TableSource

CONFIG = TableSource(table="t", consent="fictional", author="ann")
_FILE = Path(tempfile.mkdtemp()) / "table"


def test(data: bytes) -> None:
    """Read the bytes as a file."""
    _FILE.write_bytes(data)
    harness.must_be_a_sentence(_read)


def _read() -> None:
    with harness.Spool() as spool:
        collected = harness.read_table(_FILE, "t", CONFIG, spool)
        assert list(spool.posts(collected.author))


def _parquet() -> bytes:
    sink = pa.BufferOutputStream()
    columns = {"id": [1, 2], "date": ["2016-01-01", "2016-01-02"], "text": ["a", "b"]}
    pq.write_table(pa.table(columns), sink)
    return bytes(sink.getvalue())


ROW = {"id": 1, "date": "2016-01-01", "text": "hello", "user": {"username": "ann"}}
CSV = 'id,created_at,text,user\n1,2016-01-01,"a ""quoted"", b",ann\n8.04E+17,10/16/17 22:59,x,ann\n'
SEEDS = {
    "csv": CSV.encode(),
    "tabs": CSV.replace(",", "\t").encode("utf-16"),
    "mac": "id;date;text\n1;2016-01-01;Voilà “ça”\n".encode("mac_roman"),
    "lines": "\n".join(json.dumps({**ROW, "id": n}) for n in range(3)).encode(),
    "array": json.dumps([ROW, {**ROW, "id": "x", "isDeleted": "t"}]).encode(),
    "gzip": gzip.compress(CSV.encode()),
    "zstd": bytes(pa.Codec("zstd").compress(CSV.encode())),
    "parquet": _parquet(),
}

if __name__ == "__main__":
    harness.fuzz(test, SEEDS)
