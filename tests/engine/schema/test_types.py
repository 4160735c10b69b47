"""The compiled schema: types, fields, merge keys, kinds, and what is said when it is missing."""

import time
from pathlib import Path

import pytest

from cluster_engine.schema import Types, enum, types
from cluster_engine.schema.patching import patch_schema
from cluster_engine.schema.types import COMPILED, SchemaMissingError

CONTAINER = "io.k8s.api.core.v1.Container"


def test_a_kind_leads_to_its_type_and_fields() -> None:
    deployment = types.for_kind("apps/v1", "Deployment")
    assert deployment is not None
    assert (deployment.name, deployment.go_name) == ("io.k8s.api.apps.v1.Deployment", "Deployment")
    assert deployment.kinds == (("apps", "v1", "Deployment"),)
    assert list(deployment.fields) == ["apiVersion", "kind", "metadata", "spec", "status"]
    assert types.for_kind("v1", "Nope") is None


def test_a_field_knows_its_type_and_how_it_merges() -> None:
    containers = types.field_at("apps/v1", "Deployment", "spec", "template", "spec", "containers")
    assert containers is not None
    assert containers.type.kind == "list"
    assert containers.type.object_name == CONTAINER
    assert (containers.merge_key, containers.patch_strategies) == ("name", ("merge",))
    assert (containers.list_type, containers.list_map_keys) == ("map", ("name",))
    assert (containers.required, containers.go_type, containers.omit_empty) == (True, "[]v1.Container", False)
    assert containers.description.startswith("List of containers belonging to the pod.")
    replicas = types.field("io.k8s.api.apps.v1.DeploymentSpec", "replicas")
    assert replicas is not None
    assert (replicas.type.kind, replicas.pointer) == ("int32", True)
    assert types.field(CONTAINER, "imge") is None
    assert types.field("nope", "imge") is None


def test_special_types_have_kinds_of_their_own() -> None:
    kinds = {
        path: field.type.kind
        for path in ("metadata.creationTimestamp", "spec.strategy.rollingUpdate.maxSurge", "spec.paused")
        if (field := types.field_at("apps/v1", "Deployment", *path.split("."))) is not None
    }
    assert kinds == {
        "metadata.creationTimestamp": "time",
        "spec.strategy.rollingUpdate.maxSurge": "int-or-string",
        "spec.paused": "boolean",
    }
    limits = types.field("io.k8s.api.core.v1.ResourceRequirements", "limits")
    assert limits is not None
    assert limits.type.item is not None
    assert limits.type.item.kind == "quantity"


def test_a_patch_asks_for_merge_keys() -> None:
    spec = patch_schema("v1", "Pod").lookup("spec").schema
    volumes = spec.lookup("volumes")
    assert (volumes.merge_key, volumes.strategy, volumes.retain_keys) == ("name", "merge", True)


def test_enums_keep_the_order_of_the_sources() -> None:
    assert enum("core/v1.PodPhase") == ("Pending", "Running", "Succeeded", "Failed", "Unknown")


def test_a_missing_schema_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SchemaMissingError, match="is missing: run `make install`, which builds it"):
        Types(tmp_path / "nope.json.gz").for_kind("v1", "Pod")


def test_the_schema_loads_in_a_moment() -> None:
    started = time.process_time()
    assert Types(COMPILED).for_kind("v1", "Pod") is not None
    assert time.process_time() - started < 1.0
