"""Who owns which field: kept at every write, contested and taken over by server-side apply."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.apimachinery import fieldset
from cluster_engine.apimachinery.errors import ApiError
from tests.engine.cluster_tools import Playground

Obj = dict[str, Any]


@pytest.fixture
def play() -> Playground:
    return Playground()


def config_map(**data: str) -> Obj:
    meta = {"name": "cm", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def deployment(**container: Any) -> Obj:
    labels = {"app": "p"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", **container}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
    }


def apply(play: Playground, resource: str, config: Obj, manager: str, *, force: bool = False) -> Obj:
    applied: Obj = play.client.request(
        "patch", resource, "default", config["metadata"]["name"], body=config, patch_type="apply",
        field_manager=manager, force=force,
    )  # fmt: skip
    return applied


def owners(obj: Obj) -> dict[str, list[str]]:
    """manager/operation[/subresource] -> the paths that it owns."""
    found = {}
    for entry in obj["metadata"]["managedFields"]:
        name = "/".join(filter(None, [entry["manager"], entry["operation"], entry.get("subresource")]))
        found[name] = [fieldset.path_text(path) for path in fieldset.paths(entry["fieldsV1"])]
    return found


def test_a_creator_owns_what_it_set_and_defaults_but_not_the_system_metadata(play: Playground) -> None:
    created = play.client.request("create", "configmaps", "default", body=config_map(a="1"), field_manager="me")
    assert owners(created) == {"me/Update": [".data", ".data.a"]}


def test_an_update_moves_the_fields_that_it_changes(play: Playground) -> None:
    play.client.request("create", "configmaps", "default", body=config_map(a="1", b="1"), field_manager="one")
    patch = {"data": {"b": "2", "c": "2"}}
    changed = play.client.request(
        "patch", "configmaps", "default", "cm", body=patch, patch_type="merge", field_manager="two"
    )
    assert owners(changed) == {"one/Update": [".data", ".data.a"], "two/Update": [".data.b", ".data.c"]}


def test_a_field_that_is_removed_has_no_owner(play: Playground) -> None:
    play.client.request("create", "configmaps", "default", body=config_map(a="1", b="1"), field_manager="one")
    patch = {"data": {"b": None}}
    changed = play.client.request(
        "patch", "configmaps", "default", "cm", body=patch, patch_type="merge", field_manager="two"
    )
    assert owners(changed) == {"one/Update": [".data", ".data.a"]}


def test_apply_creates_and_owns_exactly_what_the_configuration_says(play: Playground) -> None:
    applied = apply(play, "deployments.apps", deployment(image="nginx:1.25"), "me")
    assert owners(applied)["me/Apply"] == [
        ".spec.replicas",
        ".spec.selector",
        ".spec.template.metadata.labels.app",
        '.spec.template.spec.containers[name="c"]',
        '.spec.template.spec.containers[name="c"].image',
        '.spec.template.spec.containers[name="c"].name',
    ]


def test_applying_another_managers_value_is_a_conflict_that_force_wins(play: Playground) -> None:
    apply(play, "deployments.apps", deployment(image="nginx:1.25"), "one")
    with pytest.raises(ApiError) as caught:
        apply(play, "deployments.apps", deployment(image="nginx:1.26"), "two")
    assert caught.value.code == 409
    assert caught.value.message == (
        'Apply failed with 1 conflict: conflict with "one": .spec.template.spec.containers[name="c"].image'
    )
    taken = apply(play, "deployments.apps", deployment(image="nginx:1.26"), "two", force=True)
    image = '.spec.template.spec.containers[name="c"].image'
    assert image in owners(taken)["two/Apply"]
    assert image not in owners(taken)["one/Apply"]


def test_several_conflicts_are_listed_by_manager(play: Playground) -> None:
    play.client.request("create", "configmaps", "default", body=config_map(a="1", b="1"), field_manager="one")
    with pytest.raises(ApiError) as caught:
        apply(play, "configmaps", config_map(a="2", b="2"), "two")
    assert caught.value.message == 'Apply failed with 2 conflicts: conflicts with "one" using v1:\n- .data.a\n- .data.b'


def test_agreeing_on_a_value_shares_it(play: Playground) -> None:
    apply(play, "configmaps", config_map(a="1"), "one")
    shared = apply(play, "configmaps", config_map(a="1"), "two")
    assert owners(shared) == {"one/Apply": [".data.a"], "two/Apply": [".data.a"]}


def test_what_a_manager_no_longer_applies_goes_unless_somebody_else_owns_it(play: Playground) -> None:
    apply(play, "configmaps", config_map(a="1", b="1"), "one")
    apply(play, "configmaps", config_map(b="1"), "two")
    left = apply(play, "configmaps", {**config_map(), "data": {"c": "1"}}, "one")
    assert left["data"] == {"b": "1", "c": "1"}


def test_list_items_merge_by_their_keys(play: Playground) -> None:
    apply(play, "deployments.apps", deployment(image="nginx:1.25", env=[{"name": "A", "value": "1"}]), "one")
    mine = deployment(env=[{"name": "B", "value": "2"}])
    both = apply(play, "deployments.apps", mine, "two")
    container = both["spec"]["template"]["spec"]["containers"][0]
    assert {item["name"] for item in container["env"]} == {"A", "B"}
    assert container["image"] == "nginx:1.25"


def test_applying_the_same_again_writes_nothing(play: Playground) -> None:
    apply(play, "configmaps", config_map(a="1"), "one")
    before = play.cluster.revision
    play.run(5)
    apply(play, "configmaps", config_map(a="1"), "one")
    assert play.cluster.revision == before


def test_an_unknown_field_is_refused(play: Playground) -> None:
    with pytest.raises(ApiError) as caught:
        apply(play, "configmaps", {**config_map(a="1"), "dato": {}}, "one")
    assert caught.value.code == 400
    assert caught.value.message == (
        "failed to create typed patch object (default/cm; v1, Kind=ConfigMap): .dato: field not declared in schema"
    )


def test_the_status_is_owned_through_its_subresource(play: Playground) -> None:
    play.pod("p")
    play.run(30)
    owned = owners(play.get("pods", "p"))
    assert ".status.phase" in owned["kubelet/Update/status"]
    assert not any(path.startswith(".status") for path in owned["kubectl/Update"])


def test_more_than_ten_updaters_are_merged_into_one(play: Playground) -> None:
    play.client.request("create", "configmaps", "default", body=config_map(), field_manager="m0")
    for number in range(14):
        play.run(1)
        play.client.request(
            "patch", "configmaps", "default", "cm", body={"data": {f"k{number}": "x"}}, patch_type="merge",
            field_manager=f"m{number}",
        )  # fmt: skip
    entries = play.get("configmaps", "cm")["metadata"]["managedFields"]
    assert len(entries) == 10
    assert entries[0]["manager"] == "ancient-changes"
