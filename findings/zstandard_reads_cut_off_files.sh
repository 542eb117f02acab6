#!/usr/bin/env bash
# python-zstandard 0.25.0: a reader takes a frame that is cut off for a whole one.
#
# `ZstdDecompressor.stream_reader` and `zstandard.open` give what they could decompress and then an empty
# read, as at the end of a whole file: a download that broke off loses its end without a word. gzip, bz2
# and lzma of the standard library raise EOFError there. `decompressobj` has `eof`, which tells.
#
# Seen: "stream_reader: 1048576 of 1100000 bytes, no error", the same of open, "decompressobj: eof is False".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check zstandard==0.25.0
"$folder/venv/bin/python" - <<'PYTHON'
import gzip
import io

import zstandard

WHOLE = b"0123456789\n" * 100_000
cut = zstandard.ZstdCompressor().compress(WHOLE)[:-4]

with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(cut)) as reader:
    read = len(reader.read())
print(f"stream_reader: {read} of {len(WHOLE)} bytes, no error")
assert 0 < read < len(WHOLE)

opened = len(zstandard.open(io.BytesIO(cut)).read())
print(f"open: {opened} of {len(WHOLE)} bytes, no error")
assert 0 < opened < len(WHOLE)

frame = zstandard.ZstdDecompressor().decompressobj()
frame.decompress(cut)
print(f"decompressobj: eof is {frame.eof}")
assert frame.eof is False

try:
    gzip.decompress(gzip.compress(WHOLE)[:-4])
except EOFError as error:
    print(f"gzip, for comparison: EOFError: {error}")
else:
    raise AssertionError("gzip has become as quiet")
PYTHON
