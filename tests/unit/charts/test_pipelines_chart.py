import argparse
import json
import os
import shlex
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from support.helm import CHARTS, WHEELS, of_kind, render, run_helm
from support.helm_api import HelmApi

from pipelines.cli.submit import add_submitting_commands

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


def test_the_train_step_may_make_trainjobs_where_that_is_asked_for() -> None:
    def of_trainer(*values: str) -> dict[str, list[str]]:
        found = [each for each in render(CHART, *values) if each["kind"] == "Role"]
        (named,) = [each for each in found if each["metadata"]["name"].endswith("-trainer")] or [{}]
        return {rule["resources"][0]: rule["verbs"] for rule in named.get("rules", [])}

    assert of_trainer() == {}
    assert of_trainer("--set", "trainer.enabled=true") == {
        "trainjobs": ["create", "get", "delete"],
        "pods": ["get", "list"],
        "pods/log": ["get"],
    }


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


def notes(said: str) -> list[str]:
    """The commands that the notes print."""
    return [line.strip() for line in said.partition("NOTES:")[2].splitlines() if line[:3] == "   "]


def launcher_of_kubeflow(namespace: str = "kubeflow") -> dict[str, Any]:
    metadata = {"name": "kfp-launcher", "namespace": namespace, "labels": {"app": "kfp"}}
    data = {"defaultPipelineRoot": "", "other": "kept"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@pytest.mark.parametrize("major", WHEELS)
def test_it_installs_beside_a_standalone_kubeflow(api: HelmApi, major: str) -> None:
    api.create(launcher_of_kubeflow(), "kubectl-client-side-apply")
    given = ("pipelines", str(CHARTS / CHART), "--values", STORE)
    for verb in ("install", "upgrade"):
        said = api.helm(major, verb, *given, namespace="kubeflow")
        there = api.get("ConfigMap", "kfp-launcher", "kubeflow")
        assert there
        assert there["data"] == launcher_of_kubeflow()["data"]
        [patch] = [line for line in notes(said) if " patch " in line]
        words = shlex.split(patch)
        assert words[:6] == [
            *("kubectl", "--namespace", "kubeflow"),
            *("patch", "configmap", "kfp-launcher"),
        ]
        expected = of_kind(render(CHART, "--values", STORE), "ConfigMap")["data"]
        patched = json.loads(words[words.index("--patch") + 1])["data"]
        assert {key: text.strip() for key, text in patched.items()} == {
            key: text.strip() for key, text in expected.items()
        }
    api.helm(major, "uninstall", "pipelines", namespace="kubeflow")
    assert api.get("ConfigMap", "kfp-launcher", "kubeflow")


@pytest.mark.skipif(not shutil.which("kubectl"), reason="there is no kubectl on the PATH")
def test_the_patch_works_as_it_is_printed(api: HelmApi) -> None:
    api.create(launcher_of_kubeflow())
    hard = ("--set", "store.region=o'clock", "--values", STORE)
    said = api.helm("4", "install", "p", str(CHARTS / CHART), *hard, namespace="kubeflow")
    [patch] = [line for line in notes(said) if " patch " in line]
    environment = {**os.environ, "KUBECONFIG": str(api.kubeconfig)}
    subprocess.run(["bash", "-c", patch], env=environment, check=True, capture_output=True)
    there = api.get("ConfigMap", "kfp-launcher", "kubeflow")
    assert there
    assert there["data"]["defaultPipelineRoot"] == "s3://personas/pipelines"
    assert there["data"]["other"] == "kept"
    assert yaml.safe_load(there["data"]["providers"])["s3"]["default"]["region"] == "o'clock"


@pytest.mark.parametrize("major", WHEELS)
def test_its_own_launcher_follows_upgrades(api: HelmApi, major: str) -> None:
    given = ("pipelines", str(CHARTS / CHART), "--set")
    assert "patch configmap" not in api.helm(major, "install", *given, "store.region=a")
    assert "patch configmap" not in api.helm(major, "upgrade", *given, "store.region=b")
    there = api.get("ConfigMap", "kfp-launcher")
    assert there
    assert yaml.safe_load(there["data"]["providers"])["s3"]["default"]["region"] == "b"


@pytest.mark.parametrize("major", WHEELS)
def test_two_releases_of_one_name_deploy_to_one_namespace(api: HelmApi, major: str) -> None:
    given = ("pipelines", str(CHARTS / CHART), "--set", "deploy.servingNamespaces={serving}")
    for namespace in ("one", "two"):
        api.helm(major, "install", *given, namespace=namespace)
    roles = {name for (place, kind, name) in api.objects if (place, kind) == ("serving", "Role")}
    assert len(roles) == 2


def test_what_lies_elsewhere_is_never_another_releases() -> None:
    def elsewhere(namespace: str, release: str) -> set[str]:
        given = ("--set", "deploy.servingNamespaces={serving}", "--namespace", namespace)
        found = render(CHART, *given, release=release)
        return {m["metadata"]["name"] for m in found if m["metadata"]["namespace"] == "serving"}

    assert elsewhere("a-b", "c").isdisjoint(elsewhere("a", "b-c"))
    assert elsewhere("a", "b.c").isdisjoint(elsewhere("a", "b-c"))


def test_the_notes_print_lines_for_a_shell() -> None:
    for values in ("defaults", "google", "store"):
        file = str(CHARTS / CHART / "ci" / f"{values}-values.yaml")
        more = ("--namespace", "team", "--values", file, "--dry-run=client")
        lines = notes(run_helm("4", "install", "x", str(CHARTS / CHART), *more).stdout)
        assert lines
        for line in lines:
            subprocess.run(["bash", "-n", "-c", line], check=True)
        [submit] = [line for line in lines if line.startswith("huggingtweets")]
        parser = argparse.ArgumentParser()
        add_submitting_commands(parser.add_subparsers())
        given = parser.parse_args(shlex.split(submit)[1:])
        assert (given.namespace, given.service_account, given.wait) == ("team", "x", True)
    assert any("go-template='{{.data.AWS_ACCESS_KEY_ID | base64decode}}'" in line for line in lines)


@pytest.mark.parametrize(
    ("endpoint", "forwarded"),
    [
        ("http://store1", "--namespace team port-forward service/store1 8333:80 "),
        ("http://weed.store:9000", "--namespace store port-forward service/weed 8333:9000 "),
        ("http://weed.s3.svc.cluster.local:9", "--namespace s3 port-forward service/weed 8333:9 "),
        ("http://10.0.0.1:9000", None),
        ("http://s3.example.org:9000", None),
        ("https://minio.example", None),
    ],
)
def test_the_notes_reach_a_store_that_only_pods_reach(endpoint: str, forwarded: str | None) -> None:
    given = ("--set", f"store.endpoint={endpoint}", "--namespace", "team", "--dry-run=client")
    lines = notes(run_helm("4", "install", "x", str(CHARTS / CHART), *given).stdout)
    [exported] = [line for line in lines if "AWS_ENDPOINT_URL_S3=" in line]
    assert exported.endswith("http://localhost:8333" if forwarded else endpoint)
    assert any("8333:" in line for line in lines) == bool(forwarded)
    assert any(forwarded in line for line in lines if forwarded) == bool(forwarded)


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
