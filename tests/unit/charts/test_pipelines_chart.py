from typing import Any

import pytest
import yaml
from support.helm import CHARTS, of_kind, render, run_helm

CHART = "huggingtweets-pipelines"
STORE = str(CHARTS / CHART / "ci" / "store-values.yaml")


def rules(manifests: list[Any]) -> list[Any]:
    return [rule for each in manifests if each["kind"] == "Role" for rule in each["rules"]]


@pytest.mark.parametrize("values", [(), ("--values", STORE)])
def test_nothing_reaches_beyond_its_namespace(values: tuple[str, ...]) -> None:
    manifests = render(CHART, *values)
    assert not any(each["kind"].startswith("Cluster") for each in manifests)
    assert all("*" not in str(rule) for rule in rules(manifests))


def test_secrets_can_be_read_by_name_alone() -> None:
    secrets = [rule for rule in rules(render(CHART, "--values", STORE)) if "secrets" in str(rule)]
    assert [(rule["resourceNames"], rule["verbs"]) for rule in secrets] == [(["store"], ["get"])]
    assert not [rule for rule in rules(render(CHART)) if "secrets" in str(rule)]


def test_the_deploy_step_may_watch_pods_where_personas_are_served() -> None:
    manifests = render(CHART, "--values", STORE)
    there = {
        each["metadata"]["namespace"]: each["subjects"]
        for each in manifests
        if each["kind"] == "RoleBinding" and each["metadata"]["name"].endswith("-deploy")
    }
    assert set(there) == {"serving", "staging"}
    account = of_kind(manifests, "ServiceAccount")["metadata"]
    for subjects in there.values():
        assert [(each["name"], each["namespace"]) for each in subjects] == [
            (account["name"], account["namespace"])
        ]


def test_steps_find_the_store() -> None:
    config = of_kind(render(CHART, "--values", STORE), "ConfigMap")
    assert config["metadata"]["name"] == "kfp-launcher"
    assert config["data"]["defaultPipelineRoot"] == "s3://personas/pipelines"
    s3 = yaml.safe_load(config["data"]["providers"])["s3"]["default"]
    assert s3["endpoint"] == "http://seaweedfs.store:8333"
    assert s3["disableSSL"] is True
    assert s3["credentials"]["secretRef"]["secretName"] == "store"


def test_without_a_secret_the_account_itself_is_known_to_the_store() -> None:
    given = ("--set", "store.pipelineRoot=gs://personas/pipelines")
    config = of_kind(render(CHART, *given), "ConfigMap")
    providers = yaml.safe_load(config["data"]["providers"])
    assert providers == {"gs": {"default": {"credentials": {"fromEnv": True}}}}


def test_the_roles_may_be_bound_to_the_account_of_kubeflow() -> None:
    manifests = render(CHART, "--set", "serviceAccount.create=false,serviceAccount.name=runner")
    assert not [each for each in manifests if each["kind"] == "ServiceAccount"]
    bound = [each["subjects"] for each in manifests if each["kind"] == "RoleBinding"]
    assert {one["name"] for subjects in bound for one in subjects} == {"runner"}


def test_the_notes_submit_as_the_account_that_has_the_roles() -> None:
    done = run_helm("4", "install", "x", str(CHARTS / CHART), "--dry-run=client")
    assert done.returncode == 0, done.stderr
    assert "--service-account x " in done.stdout


def test_an_account_that_is_not_made_must_be_named() -> None:
    given = ("--set", "serviceAccount.create=false")
    done = run_helm("4", "template", "x", str(CHARTS / CHART), *given)
    assert done.returncode != 0
    assert "serviceAccount.name" in done.stderr


def test_the_account_pulls_the_steps_images() -> None:
    given = ("--set", "imagePullSecrets[0].name=pull")
    account = of_kind(render(CHART, *given), "ServiceAccount")
    assert account["imagePullSecrets"] == [{"name": "pull"}]
    assert "imagePullSecrets" not in of_kind(render(CHART), "ServiceAccount")
    other = ("--set", "serviceAccount.create=false,serviceAccount.name=runner")
    done = run_helm("4", "template", "x", str(CHARTS / CHART), *given, *other)
    assert done.returncode != 0
    assert "kubectl patch serviceaccount runner --namespace default" in done.stderr
