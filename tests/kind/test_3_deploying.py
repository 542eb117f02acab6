"""New versions, while requests flow."""

import time

from support.kind.pods import under_load
from support.kind.serving import NAMESPACE, PERSONA, URL, Served

FOLLOWED_WITHIN = 15.0
QUIET_SECONDS = 10.0


def test_a_new_version_is_promoted_while_requests_flow(served: Served) -> None:
    before, version = served.points_to("production"), served.publish()
    with under_load(served.cluster, NAMESPACE, URL) as answers:
        report = served.deploy(version)
    assert report.outcome == "moved"
    assert report.production == version
    assert len(report.pods) == 2
    for pod in report.pods:
        assert pod.ready
        assert pod.followed
        assert pod.post
    assert served.points_to("production") == version
    answers.all_well()
    assert set(answers.versions) == {str(before), str(version)}


def test_a_bad_version_never_reaches_a_user_and_is_reported(served: Served) -> None:
    before, version = served.points_to("production"), served.publish()
    served.spoil(version)
    with under_load(served.cluster, NAMESPACE, URL) as answers:
        report = served.deploy(version, "--serving-timeout", "45", expect=1)
    assert report.outcome == "refused"
    assert report.production == before == served.points_to("production")
    assert served.points_to("candidate") != version
    assert "did not load version" in (report.problem or "")
    assert all(not pod.loaded and pod.problem for pod in report.pods)
    answers.all_well()
    assert set(answers.versions) == {str(before)}


def test_a_rollback_is_followed(served: Served) -> None:
    first, version = served.points_to("production"), served.publish()
    served.deploy(version)
    with under_load(served.cluster, NAMESPACE, URL) as answers:
        with served.registry() as registry:
            assert registry.rollback(PERSONA, "production").version == first
        time.sleep(FOLLOWED_WITHIN + QUIET_SECONDS)
    answers.all_well()
    old, new = answers.versions[str(version)], answers.versions[str(first)]
    assert old["last"] < new["last"] - QUIET_SECONDS / 2
