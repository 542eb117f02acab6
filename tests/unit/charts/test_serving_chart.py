import json
from typing import Any, get_args

import pytest
from support.helm import CHARTS, WHEELS, of_kind, render, run_helm
from support.manifests import CUSTOM

from components.contracts.images import Target

CHART = "huggingtweets-serving"


def rendered(*arguments: str) -> list[Any]:
    return render(CHART, *arguments)


def container(*arguments: str) -> Any:
    pod = of_kind(rendered(*arguments), "Deployment")["spec"]["template"]["spec"]
    (only,) = pod["containers"]
    return only


def test_the_defaults_need_nothing_beyond_kubernetes_and_guard_the_pods() -> None:
    kinds = [manifest["kind"] for manifest in rendered()]
    assert not CUSTOM & set(kinds)
    assert {"PodDisruptionBudget", "NetworkPolicy", "ServiceAccount", "Service"} <= set(kinds)
    assert container()["image"] == "huggingtweets/serve-demo:0.1.0"


def test_a_registry_takes_the_demos_place() -> None:
    assert container("--set", "registry.uri=s3://b/r")["image"] == "huggingtweets/serve:0.1.0"
    config = of_kind(
        [m for m in rendered("--set", "registry.uri=s3://b/r") if "data" in m and "TS_" in str(m)],
        "ConfigMap",
    )
    assert config["data"]["HUGGINGTWEETS_REGISTRY"] == "s3://b/r"


def test_without_a_registry_or_the_demo_it_says_what_to_set() -> None:
    done = run_helm("4", "template", "x", str(CHARTS / CHART), "--set", "demo.enabled=false")
    assert done.returncode != 0
    assert "registry.uri" in done.stderr


def test_a_digest_stands_over_a_tag() -> None:
    digest = f"sha256:{'a' * 64}"
    given = ("--set", f"image.repository=r/serve,image.tag=t,image.digest={digest}")
    assert container(*given)["image"] == f"r/serve@{digest}"
    assert container(*given[:1], "image.repository=r/serve,image.tag=t")["image"] == "r/serve:t"


@pytest.mark.parametrize(
    "wrong",
    [
        *("replicas=2", "image.name=x", "serve.dtype=fp16", "image.digest=sha256:1"),
        *("registry.uri=b/r", "ingress.hosts[0].hots=x", "ingress.tls[0].secret=x"),
        *("startupProbe.periodSecond=1", "livenessProbe.httpGet.pfad=/", "readinessProbe.tcp=1"),
        *("readinessProbe.httpGet.port=0", "readinessProbe.httpGet.httpHeaders[0].key=a"),
        *("livenessProbe.successThreshold=2", "livenessProbe.periodSeconds=0"),
        *("service.port=65536", "resources.limit=x", "resources.limits.memory=4Gib"),
        *("cache.sizeLimit=10GB", "nameOverride=My", "fullnameOverride=a_b"),
        *("nodeSelector.gpu=true", "podAnnotations.turn=1", "podLabels.on=false"),
        *("tolerations[0].operator=Is", "serviceMonitor.interval=often", "pdb.maxUnavailable=x"),
    ],
)
@pytest.mark.parametrize("major", WHEELS)
def test_a_mistyped_value_is_refused(wrong: str, major: str) -> None:
    done = run_helm(major, "template", "x", str(CHARTS / CHART), "--set", wrong)
    assert done.returncode != 0
    last = wrong.partition("=")[0].rpartition(".")[2].partition("[")[0]
    assert last in done.stderr


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ('[{"name": "A", "value": 2}]', "value"),
        ('[{"name": "A", "value": true}]', "value"),
        ('[{"name": "A", "vlaue": "2"}]', "vlaue"),
        ('[{"value": "2"}]', "name"),
    ],
)
def test_a_variable_is_a_name_and_text(wrong: str, word: str) -> None:
    done = run_helm("4", "template", "x", str(CHARTS / CHART), "--set-json", f"extraEnv={wrong}")
    assert done.returncode != 0
    assert "extraEnv" in done.stderr
    assert word in done.stderr


def test_a_probe_may_be_of_another_kind() -> None:
    given = '{"httpGet": null, "exec": {"command": ["true"]}}'
    only = container("--set-json", f"livenessProbe={given}")
    assert "httpGet" not in only["livenessProbe"]
    both = run_helm(
        "4", "template", "x", str(CHARTS / CHART), "--set", "livenessProbe.tcpSocket.port=http"
    )
    assert both.returncode != 0


def test_a_gpu_takes_the_image_that_can_use_it() -> None:
    gpu = (r"--set", r"resources.limits.nvidia\.com/gpu=1")
    assert container(*gpu, "--set", "registry.uri=s3://b/r")["image"] == (
        "huggingtweets/serve-gpu:0.1.0"
    )
    assert container(*gpu, "--set", "image.repository=r/own")["image"] == "r/own:0.1.0"
    demo = run_helm("4", "template", "x", str(CHARTS / CHART), *gpu)
    assert demo.returncode != 0
    assert "registry.uri" in demo.stderr


def test_every_image_that_it_names_by_itself_is_one_that_is_made() -> None:
    dockerfile = (CHARTS.parent / "images" / "Dockerfile").read_text()
    helpers = (CHARTS / CHART / "templates" / "_helpers.tpl").read_text()
    for target in ("serve", "serve-gpu", "serve-demo"):
        assert target in helpers
        assert f"AS {target}\n" in dockerfile
        assert target in get_args(Target)


def test_pods_keep_the_restricted_standard() -> None:
    for manifest in (
        of_kind(rendered(), "Deployment")["spec"]["template"],
        of_kind(rendered(), "Pod"),
    ):
        pod = manifest["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for each in pod["containers"]:
            allowed = each["securityContext"]
            assert allowed["allowPrivilegeEscalation"] is False
            assert allowed["readOnlyRootFilesystem"] is True
            assert allowed["capabilities"] == {"drop": ["ALL"]}


def test_the_test_pod_stays_for_its_log() -> None:
    annotations = of_kind(rendered(), "Pod")["metadata"]["annotations"]
    assert annotations["helm.sh/hook-delete-policy"] == "before-hook-creation"


def test_an_upgrade_drops_no_request() -> None:
    deployment = of_kind(
        rendered("--set", "serve.drainDelay=7,serve.drainTimeout=60"), "Deployment"
    )
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    pod = deployment["spec"]["template"]["spec"]
    stop = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > stop + 7 + 60
    probes = {pod["containers"][0][f"{name}Probe"]["httpGet"]["path"] for name in PROBES}
    assert probes == {"/startupz", "/livez", "/readyz"}


PROBES = ("startup", "liveness", "readiness")


def test_a_changed_setting_starts_new_pods() -> None:
    def checksum(*arguments: str) -> str:
        template = of_kind(rendered(*arguments), "Deployment")["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/config"])

    assert checksum() != checksum("--set", "serve.slots=3")


def test_a_route_leads_to_the_service() -> None:
    route = of_kind(rendered("--set", "httpRoute.enabled=true"), "HTTPRoute")["spec"]
    backend = {"name": "words-huggingtweets-serving", "port": 8080}
    match = {"path": {"type": "PathPrefix", "value": "/"}}
    assert route["parentRefs"] == [{"name": "gateway"}]
    assert route["rules"] == [{"matches": [match], "backendRefs": [backend]}]
    given = '[{"filters":[{"type":"RequestMirror"}]},{}]'
    more = ("--set", "httpRoute.enabled=true", "--set-json", f"httpRoute.rules={given}")
    mirrored, plain = of_kind(rendered(*more), "HTTPRoute")["spec"]["rules"]
    assert mirrored["filters"] == [{"type": "RequestMirror"}]
    assert plain == {"backendRefs": [backend]}


def test_selectors_stay_the_same_whatever_labels_are_given() -> None:
    plain = of_kind(rendered(), "Deployment")["spec"]
    labelled = of_kind(rendered("--set", "podLabels.team=words"), "Deployment")["spec"]
    assert labelled["selector"] == plain["selector"]
    assert labelled["template"]["metadata"]["labels"]["team"] == "words"
    assert of_kind(rendered(), "Service")["spec"]["selector"] == plain["selector"]["matchLabels"]


@pytest.mark.parametrize(
    ("given", "open_to_all"), [("ingress.enabled=true", True), ("ingress.enabled=false", False)]
)
def test_who_may_come_in(given: str, open_to_all: bool) -> None:
    policy = of_kind(rendered("--set", given), "NetworkPolicy")
    requests, deploy, metrics = policy["spec"]["ingress"]
    assert ("from" not in requests) == open_to_all
    assert [port["port"] for port in requests["ports"]] == [8080]
    assert deploy["from"][0]["podSelector"]["matchLabels"] == {"huggingtweets/role": "deploy"}
    assert [port["port"] for port in deploy["ports"]] == [8080, 8081]
    assert [port["port"] for port in metrics["ports"]] == [8082]
    assert metrics["from"][0]["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "monitoring"
    }


def test_secrets_come_by_name_and_never_as_values() -> None:
    values = CHARTS / CHART / "ci" / "s3-values.yaml"
    only = container("--values", str(values))
    named = {entry["name"]: entry for entry in only["env"]}
    assert named["AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"]["name"] == "store"
    assert named["HUGGINGTWEETS_MANAGEMENT_TOKEN_FILE"]["value"].startswith("/var/run/secrets/")
    assert "inference-token" in named["HUGGINGTWEETS_INFERENCE_TOKEN_FILE"]["value"]


def test_the_key_for_marks_is_a_file_of_its_secret() -> None:
    assert "MARK_KEY" not in str(rendered())
    given = ("--set", "marking.existingSecret=signing")
    pod = of_kind(rendered(*given), "Deployment")["spec"]["template"]["spec"]
    (volume,) = (one for one in pod["volumes"] if one["name"] == "mark-key")
    assert volume["secret"]["secretName"] == "signing"
    (mount,) = (one for one in container(*given)["volumeMounts"] if one["name"] == "mark-key")
    named = {entry["name"]: entry for entry in container(*given)["env"]}
    (item,) = volume["secret"]["items"]
    path = f"{mount['mountPath']}/{item['path']}"
    assert named["HUGGINGTWEETS_MARK_KEY_FILE"]["value"] == path
    assert mount["readOnly"] is True


def test_a_token_for_requests_needs_the_secret_that_holds_it() -> None:
    done = run_helm("4", "template", "x", str(CHARTS / CHART), "--set", "auth.inference=true")
    assert done.returncode != 0
    assert "auth.existingSecret" in done.stderr


@pytest.mark.parametrize(
    ("uri", "variable"),
    [("gs://b/r", "STORAGE_EMULATOR_HOST"), ("s3://b/r", "AWS_ENDPOINT_URL_S3")],
)
def test_an_endpoint_comes_by_its_librarys_name(uri: str, variable: str) -> None:
    manifests = rendered("--set", f"registry.uri={uri},registry.endpoint=http://store:1")
    (data,) = [m["data"] for m in manifests if "TS_INFERENCE_ADDRESS" in m.get("data", {})]
    assert data[variable] == "http://store:1"


def test_personas_become_arguments() -> None:
    assert container("--set", "personas={ann,bob}")["args"] == ["--persona=ann", "--persona=bob"]


def test_scaling_takes_the_number_of_pods_over() -> None:
    values = str(CHARTS / CHART / "ci" / "public-values.yaml")
    manifests = rendered("--values", values)
    assert "replicas" not in of_kind(manifests, "Deployment")["spec"]
    metrics = of_kind(manifests, "HorizontalPodAutoscaler")["spec"]["metrics"]
    assert [metric["type"] for metric in metrics] == ["Resource", "Pods"]


def test_the_dashboard_is_json_and_asks_for_our_metrics() -> None:
    (board,) = [m for m in rendered() if m["metadata"].get("labels", {}).get("grafana_dashboard")]
    (text,) = board["data"].values()
    panels = json.loads(text)["panels"]
    assert all(
        "huggingtweets_" in target["expr"] or "ts_" in target["expr"]
        for panel in panels
        for target in panel["targets"]
    )


def test_the_notes_say_the_next_three_commands() -> None:
    done = run_helm(
        "4", "install", "words", str(CHARTS / CHART), "--dry-run=client", "--namespace", "here"
    )
    assert done.returncode == 0, done.stderr
    for command in ("rollout status", "helm test words", "port-forward service/words-"):
        assert command in done.stdout
