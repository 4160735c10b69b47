"""The official Python client: every verb, watches, patches, errors."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException

from tests.api.real import Server

META = client.V1ObjectMeta
MANY = 30


@pytest.fixture(scope="module")
def api_client(server: Server) -> Any:
    return config.new_client_from_config(config_file=str(server.kubeconfig))


@pytest.fixture
def core(api_client: Any) -> Any:
    return client.CoreV1Api(api_client)


@pytest.fixture
def apps(api_client: Any) -> Any:
    return client.AppsV1Api(api_client)


def pod(name: str) -> Any:
    container = client.V1Container(name="c", image="nginx:1.25")
    spec = client.V1PodSpec(containers=[container], termination_grace_period_seconds=1)
    return client.V1Pod(metadata=META(name=name, labels={"app": name}), spec=spec)


def test_every_verb_on_a_config_map(core: Any) -> None:
    made = core.create_namespaced_config_map("default", client.V1ConfigMap(metadata=META(name="py"), data={"a": "b"}))
    assert made.metadata.uid
    made.data["c"] = "d"
    assert core.replace_namespaced_config_map("py", "default", made).data == {"a": "b", "c": "d"}
    stale = core.replace_namespaced_config_map
    with pytest.raises(ApiException) as conflict:
        stale("py", "default", made)
    assert (conflict.value.status, conflict.value.reason) == (409, "Conflict")
    patched = core.patch_namespaced_config_map("py", "default", {"data": {"a": None, "e": "f"}})
    assert patched.data == {"c": "d", "e": "f"}
    assert "py" in [item.metadata.name for item in core.list_namespaced_config_map("default").items]
    assert core.read_namespaced_config_map("py", "default").data["e"] == "f"
    deleted = core.delete_namespaced_config_map("py", "default")
    # Newer clients give what the server sent, older ones a V1Status.
    assert (deleted["status"] if isinstance(deleted, dict) else deleted.status) == "Success"
    with pytest.raises(ApiException) as missing:
        core.read_namespaced_config_map("py", "default")
    assert missing.value.status == 404


def test_a_list_in_pages(core: Any) -> None:
    for index in range(MANY):
        body = client.V1ConfigMap(metadata=META(name=f"page{index:02d}", labels={"page": "1"}))
        core.create_namespaced_config_map("default", body)
    names: list[str] = []
    token = None
    while True:
        part = core.list_namespaced_config_map("default", label_selector="page=1", limit=7, _continue=token)
        names += [item.metadata.name for item in part.items]
        token = part.metadata._continue
        if not token:
            break
    assert names == [f"page{index:02d}" for index in range(MANY)]
    core.delete_collection_namespaced_config_map("default", label_selector="page=1")
    assert core.list_namespaced_config_map("default", label_selector="page=1").items == []


def test_a_watch_until_a_pod_runs_and_is_gone(core: Any) -> None:
    core.create_namespaced_pod("default", pod("seen"))
    phases: list[str] = []
    stream = watch.Watch()
    for event in stream.stream(core.list_namespaced_pod, "default", label_selector="app=seen", timeout_seconds=30):
        told = event["object"]
        if event["type"] == "DELETED":
            break
        phases.append(told.status.phase)
        if told.status.phase == "Running" and not told.metadata.deletion_timestamp:
            core.delete_namespaced_pod("seen", "default")
    else:
        pytest.fail("the watch ended before the pod was gone")
    assert phases[0] == "Pending"
    assert "Running" in phases


def test_scale_and_status_of_a_deployment(apps: Any) -> None:
    template = client.V1PodTemplateSpec(metadata=META(labels={"app": "py"}), spec=pod("x").spec)
    spec = client.V1DeploymentSpec(replicas=1, selector={"matchLabels": {"app": "py"}}, template=template)
    apps.create_namespaced_deployment("default", client.V1Deployment(metadata=META(name="py"), spec=spec))
    assert apps.read_namespaced_deployment_scale("py", "default").spec.replicas == 1
    apps.patch_namespaced_deployment_scale("py", "default", {"spec": {"replicas": 2}})
    for event in watch.Watch().stream(apps.list_namespaced_deployment, "default", timeout_seconds=30):
        if event["object"].status.ready_replicas == 2:
            break
    else:
        pytest.fail("the deployment did not get ready")
    assert apps.read_namespaced_deployment_status("py", "default").status.available_replicas in (1, 2)
    apps.delete_namespaced_deployment("py", "default", propagation_policy="Foreground")


def test_errors_have_the_servers_words(core: Any) -> None:
    with pytest.raises(ApiException) as invalid:
        core.create_namespaced_pod("default", client.V1Pod(metadata=META(name="UPPER"), spec=pod("x").spec))
    assert invalid.value.status == 422
    assert 'Pod \\"UPPER\\" is invalid: metadata.name: Invalid value: \\"UPPER\\"' in invalid.value.body


def test_tokens_and_reviews(core: Any, api_client: Any) -> None:
    request = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=900))
    made = core.create_namespaced_service_account_token("default", "default", request)
    assert made.status.token.count(".") == 2
    attributes = client.V1ResourceAttributes(verb="list", resource="pods", namespace="default")
    review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
    assert client.AuthorizationV1Api(api_client).create_self_subject_access_review(review).status.allowed is True


def test_dry_runs_store_nothing(core: Any) -> None:
    core.create_namespaced_pod("default", pod("dry"), dry_run="All")
    with pytest.raises(ApiException):
        core.read_namespaced_pod("dry", "default")


def test_server_side_apply_by_the_dynamic_client(api_client: Any) -> None:
    maps = dynamic.DynamicClient(api_client).resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dyn"}, "data": {"a": "b"}}
    made = maps.server_side_apply(body=body, name="dyn", namespace="default", field_manager="me")
    assert made.metadata.managedFields[0].manager == "me"
    assert made.metadata.managedFields[0].operation == "Apply"
    maps.delete(name="dyn", namespace="default")


def test_what_the_client_asks_first(api_client: Any) -> None:
    assert client.VersionApi(api_client).get_code().git_version == "v1.32.4"
    groups = [group.name for group in client.ApisApi(api_client).get_api_versions().groups]
    assert "apps" in groups
    assert any(r.kind == "Pod" for r in client.CoreV1Api(api_client).get_api_resources().resources)
