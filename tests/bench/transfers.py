"""One bulk transfer in a process of its own, so that its peak memory can be read.

`python transfers.py WHO WAY URI FOLDER` prints `{"seconds", "peak_mb"}`; WHO is `ours` or `peer`.
"""

import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from components.storage import open_store
from components.storage.transfer import download_folder, upload_folder

WORKERS = 8
LARGE = 32 << 20


def ours(way: str, uri: str, folder: Path) -> Callable[[], None]:
    """Our transfer of the folder, ready to go."""
    store = open_store(uri)
    store.put("warm-up", b"")  # opens a connection, as listing does for the peers
    if way == "up":
        return lambda: upload_folder(store, folder, "folder")
    return lambda: download_folder(store, "folder", folder)


def peer(way: str, uri: str, folder: Path) -> Callable[[], None]:
    """The library's own transfer of the folder, ready to go."""
    scheme, _, rest = uri.partition("://")
    bucket, _, prefix = rest.partition("/")
    return {"file": _copy, "s3": _s3, "gs": _gcs}[scheme](way, bucket, prefix + "/folder/", folder)


def _copy(way: str, host: str, path: str, folder: Path) -> Callable[[], None]:
    there = Path("/", path)
    source, target = (folder, there) if way == "up" else (there, folder)
    return lambda: shutil.copytree(source, target) and None


def _s3(way: str, bucket: str, prefix: str, folder: Path) -> Callable[[], None]:
    """boto3's transfers through one manager, as `upload_file` makes one for each file."""
    import boto3
    from boto3.s3.transfer import TransferConfig, create_transfer_manager

    client = boto3.client("s3")
    _keys_s3(client, bucket, "warm-up")
    config = TransferConfig(max_concurrency=WORKERS)

    def go() -> None:
        with create_transfer_manager(client, config) as manager:
            if way == "up":
                futures = [
                    manager.upload(str(path), bucket, prefix + name)
                    for name, path in _files(folder).items()
                ]
            else:
                futures = [
                    manager.download(bucket, key, _place(folder, key, prefix))
                    for key in _keys_s3(client, bucket, prefix)
                ]
            for future in futures:
                future.result()

    return go


def _gcs(way: str, bucket_name: str, prefix: str, folder: Path) -> Callable[[], None]:
    """transfer_manager: many files at once, and large ones in chunks on the way down."""
    from google.cloud.storage import Client, transfer_manager

    bucket = Client().bucket(bucket_name)
    list(bucket.list_blobs(prefix="warm-up"))
    threads = {"worker_type": transfer_manager.THREAD, "max_workers": WORKERS}

    def go() -> None:
        if way == "up":
            results = transfer_manager.upload_many_from_filenames(
                bucket,
                list(_files(folder)),
                source_directory=str(folder),
                blob_name_prefix=prefix,
                **threads,
            )
        else:
            blobs = list(bucket.list_blobs(prefix=prefix))
            small = [
                (blob, _place(folder, blob.name, prefix)) for blob in blobs if blob.size < LARGE
            ]
            results = transfer_manager.download_many(small, **threads)
            for blob in (blob for blob in blobs if blob.size >= LARGE):
                transfer_manager.download_chunks_concurrently(
                    blob, _place(folder, blob.name, prefix), **threads
                )
        for result in results:
            if isinstance(result, Exception):
                raise result

    return go


def _files(folder: Path) -> dict[str, Path]:
    return {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }


def _keys_s3(client: object, bucket: str, prefix: str) -> Sequence[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)  # type: ignore[attr-defined]
    return [each["Key"] for page in pages for each in page.get("Contents", ())]


def _place(folder: Path, key: str, prefix: str) -> str:
    path = folder / key.removeprefix(prefix)
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.fspath(path)


def main(who: str, way: str, uri: str, folder: str) -> None:
    """Make one transfer and say how it went."""
    go = {"ours": ours, "peer": peer}[who](way, uri, Path(folder))
    start = time.perf_counter()
    go()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
