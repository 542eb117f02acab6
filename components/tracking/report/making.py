"""Making the report on W&B's server: it alone can, as a report's blocks name its own ids."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from components.contracts.errors import BadInputError
from components.tracking.report.story import ReportContent

log = logging.getLogger(__name__)

SECONDS = 20
"""That the server may take to answer."""
LONGEST_TITLE = 128
"""Characters; W&B takes no more."""
OFFLINE = ("offline", "disabled", "dryrun")


def make_report(story: ReportContent) -> str:
    """Make a report of this model; where it is looked at.

    The key and the server are found as W&B finds them: WANDB_API_KEY, `wandb login`,
    WANDB_BASE_URL.

    Raises:
        BadInputError: W&B is switched off or cannot be reached, there is no key or a wrong one, or
            it holds no run of this model.
    """
    _refuse_offline(os.environ)
    wandb, wr = _libraries()
    with _as_sentences():
        api = _api(wandb)
        from components.tracking.report.blocks import blocks_of
        from components.tracking.report.runs import find_runs

        runs = find_runs(story, api)
        report = wr.Report(
            entity=runs.entity,
            project=runs.project,
            title=f"How {story.name} came to be"[:LONGEST_TITLE],
            description="Data, training, evaluation, samples and lineage of one model.",
            blocks=blocks_of(story, runs),
        )
        report.save()
        return str(report.url)


def _refuse_offline(environment: Mapping[str, str]) -> None:
    mode = environment.get("WANDB_MODE", "")
    if mode in OFFLINE:
        raise BadInputError(
            f"WANDB_MODE={mode}: a report is made on W&B's server; bring the runs there with "
            "`wandb sync wandb/offline-run-*`, then ask again with WANDB_MODE=online"
        )


def _libraries() -> tuple[Any, Any]:
    try:
        import wandb

        from components.tracking.report.library import wr
    except ImportError as error:
        raise BadInputError(
            "a report needs W&B's libraries: pip install 'huggingtweets[tracking]'"
        ) from error
    return wandb, wr


def _api(wandb: Any) -> Any:
    """W&B's public API with the key of the standard places; nobody is asked for one."""
    from wandb import env
    from wandb.sdk.lib import wbauth

    base_url = str(env.get_base_url(wandb.setup(wandb.Settings(silent=True)).settings.base_url))
    try:
        host = wbauth.HostUrl(base_url)
    except ValueError as error:
        raise BadInputError(
            f"WANDB_BASE_URL: {base_url!r} is not the address of a server"
        ) from error
    key = wbauth.authenticate_session(
        host=host, source="huggingtweets report", prompt=False, update_session=False
    )
    if key is None:
        raise BadInputError(
            f"there is no key for W&B at {base_url}; set WANDB_API_KEY, or log in once with "
            "`wandb login`"
        )
    return wandb.Api(timeout=SECONDS)


@contextmanager
def _as_sentences() -> Iterator[None]:
    """What W&B's client raises, in one sentence without the key."""
    from wandb import Error
    from wandb.sdk.lib.service.service_connection import WandbApiFailedError

    try:
        yield
    except (Error, WandbApiFailedError, TimeoutError) as error:
        said = " ".join(str(error).split())
        key = os.environ.get("WANDB_API_KEY")
        if key:
            said = said.replace(key, "…")
        raise BadInputError(f"W&B does not make the report: {said}") from error
