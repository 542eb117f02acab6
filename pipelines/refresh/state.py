"""Accounts' posts between two refreshes, where no disk stays: a pod's next one finds them here."""

import logging
from pathlib import Path

from components.contracts.artifacts import COLLECT_REPORT, POSTS, RAW_DATASET
from components.contracts.reports import CollectReport
from components.runtime.folders import home_path, whole_folder
from components.storage import open_store
from components.storage.transfer import download_files, upload_files

log = logging.getLogger(__name__)

ACCOUNTS = ("x-api:", "bluesky:", "mastodon:")
"""How reports call sources that are accounts: of files all posts are read each time."""


def fetch_state(uri: str, out: Path) -> None:
    """Write the raw-datasets at `uri` into OUT, where they are not there.

    Raises:
        StorageError: the place cannot be read.
    """
    if "://" not in uri:
        home_path(uri).mkdir(parents=True, exist_ok=True)
    store = open_store(uri)
    for name in store.folders():
        folder = out / RAW_DATASET / name
        found = [stat for stat in store.list(f"{name}/") if stat.key.count("/") == 1]
        is_whole = {f"{name}/{POSTS}", f"{name}/{COLLECT_REPORT}"} <= {stat.key for stat in found}
        if is_whole and not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with whole_folder(folder) as draft:
                download_files(store, found, draft, f"{name}/")
            log.info("the posts of %s that were collected before are in %s", name, folder)


def keep_state(uri: str, out: Path) -> None:
    """Write the raw-datasets of accounts in OUT to `uri`, each report last.

    Raises:
        StorageError: the place cannot be written.
    """
    store = open_store(uri)
    for report in sorted((out / RAW_DATASET).glob(f"*/{COLLECT_REPORT}")):
        if CollectReport.read(report).source.startswith(ACCOUNTS):
            folder, name = report.parent, report.parent.name
            others = {f"{name}/{file.name}": file for file in folder.iterdir() if file != report}
            upload_files(store, dict(sorted(others.items())))
            upload_files(store, {f"{name}/{COLLECT_REPORT}": report})
