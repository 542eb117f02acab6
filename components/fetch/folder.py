"""A base model from a folder."""

from pathlib import Path

from components.contracts.artifacts import FETCH_REPORT
from components.contracts.reports import FetchReport
from components.fetch.check import check_kind
from components.fetch.found import Found, stated_license, take


def fetch_folder(source: Path, target: Path) -> Found:
    """Copy the model in `source`; one that was fetched before keeps its name and revision.

    Raises:
        BadInputError: `source` holds no causal language model.
    """
    check_kind(source)
    take(source.iterdir(), target)
    if (source / FETCH_REPORT).is_file():
        before = FetchReport.read(source / FETCH_REPORT)
        return Found(before.id, "folder", before.revision, before.license)
    return Found(source.resolve().name, "folder", license=stated_license(source))
