"""Custom kinds: served while their definition says so, fitted to its schema, and gone with it."""

# ruff: noqa: E501 - one whole message a line
from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import condition_is
from tests.engine.cluster_tools import Playground

Obj = dict[str, Any]
CRDS = "customresourcedefinitions.apiextensions.k8s.io"
WIDGETS = "widgets.example.com"
SPEC_SCHEMA: Obj = {
    "type": "object",
    "required": ["color"],
    "properties": {
        "color": {"type": "string", "enum": ["red", "green"]},
        "size": {"type": "integer", "minimum": 1, "maximum": 10, "default": 3},
        "code": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
        "day": {"type": "string", "format": "date"},
        "port": {"x-kubernetes-int-or-string": True},
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "maxItems": 3, "items": {"type": "string"}},
        "parts": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "count": {"type": "integer", "default": 1}},
            },
        },
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "anything": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "maybe": {"type": "string", "nullable": True},
        "either": {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
    },
}
STATUS_SCHEMA: Obj = {"type": "object", "properties": {"size": {"type": "integer"}, "selector": {"type": "string"}}}
VERSION: Obj = {
    "name": "v1",
    "served": True,
    "storage": True,
    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC_SCHEMA, "status": STATUS_SCHEMA}}},
    "subresources": {
        "status": {},
        "scale": {
            "specReplicasPath": ".spec.size",
            "statusReplicasPath": ".status.size",
            "labelSelectorPath": ".status.selector",
        },
    },
    "additionalPrinterColumns": [
        {"name": "Color", "type": "string", "jsonPath": ".spec.color"},
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "priority": 1},
        {"name": "First", "type": "string", "jsonPath": ".spec.parts[0].name"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ],
    "selectableFields": [{"jsonPath": ".spec.color"}],
}


def definition(plural: str = "widgets", kind: str = "Widget", **changes: Any) -> Obj:
    names = {"plural": plural, "kind": kind, "shortNames": changes.pop("short_names", [])}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [deepcopy(VERSION)], **changes}
    return {"metadata": {"name": f"{plural}.example.com"}, "spec": spec}


@pytest.fixture
def play() -> Playground:
    play = Playground()
    play.create(CRDS, definition(short_names=["wd"]))
    play.run(1)
    return play


def widget(name: str = "w", **spec: Any) -> Obj:
    return {"metadata": {"name": name}, "spec": {"color": "red", **spec}}


def refusal(action: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        action()
    return caught.value


def send(play: Playground, verb: str, body: Any, name: str = "", **options: Any) -> Obj:
    """As a client from outside does: the body is read by the rules of the kind."""
    if verb == "create":
        meta = {"namespace": "default", **body.get("metadata", {})}
        body = {"apiVersion": "example.com/v1", "kind": "Widget", **body, "metadata": meta}
    made: Obj = play.client.request(verb, WIDGETS, "default", name, body=body, trusted=False, **options)
    return made


def test_a_definition_is_established_when_its_names_are_accepted(play: Playground) -> None:
    status = play.get(CRDS, WIDGETS)["status"]
    assert [(c["type"], c["status"], c["reason"], c["message"]) for c in status["conditions"]] == [
        ("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
        ("Established", "True", "InitialNamesAccepted", "the initial names have been accepted"),
    ]
    assert status["storedVersions"] == ["v1"]
    accepted = {"kind": "Widget", "listKind": "WidgetList", "plural": "widgets", "shortNames": ["wd"]}
    assert status["acceptedNames"] == {**accepted, "singular": "widget"}


def test_the_kind_is_known_by_all_its_names(play: Playground) -> None:
    for word in ("widgets", "widget", "wd", "widgets.example.com", "widget.v1.example.com"):
        found = play.cluster.scheme.lookup(word)
        assert found is not None
        assert found.group_resource == WIDGETS


def test_before_there_is_no_such_resource() -> None:
    error = refusal(lambda: Playground().client.list(WIDGETS))
    assert (error.code, error.message) == (404, "the server could not find the requested resource")


def test_an_object_gets_the_defaults_of_its_schema(play: Playground) -> None:
    made = play.create(WIDGETS, widget(parts=[{"name": "a"}]))
    assert made["spec"] == {"color": "red", "size": 3, "parts": [{"name": "a", "count": 1}]}
    assert made["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"color": ...}, ["spec.color: Required value"]),
        ({"color": "blue"}, ['spec.color: Unsupported value: "blue": supported values: "red", "green"']),
        ({"size": "x"}, ['spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"', ".spec.size: Invalid value: 0: .spec.size accessor error: x is of the type string, expected int64"]),
        ({"size": 11}, ["spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10"]),
        ({"size": 0}, ["spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"]),
        ({"code": "A1"}, ['spec.code: Invalid value: "A1": spec.code in body should match \'^[a-z]+$\'']),
        ({"code": "abcdef"}, ["spec.code: Too long: may not be more than 5 bytes"]),
        ({"day": "today"}, ['spec.day: Invalid value: "today": spec.day in body must be of type date: "today"']),
        ({"port": True}, ['spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"']),
        ({"tags": ["a", "b", "c", "d"]}, ["spec.tags: Too many: 4: must have at most 3 items"]),
        ({"tags": ["a", "a"]}, ['spec.tags[1]: Duplicate value: "a"']),
        ({"parts": [{"name": "a"}, {"name": "a"}]}, ['spec.parts[1]: Duplicate value: map[string]interface {}{"name":"a"}']),
        ({"parts": [{}]}, ["spec.parts[0].name: Required value"]),
        ({"labels": {"a": 1}}, ['spec.labels.a: Invalid value: "integer": spec.labels.a in body must be of type string: "integer"']),
        ({"either": {}}, ['<nil>: Invalid value: "": "spec.either" must validate one and only one schema (oneOf). Found none valid', "spec.either.a: Required value"]),
        ({"either": {"a": "x", "b": "y"}}, ['<nil>: Invalid value: "": "spec.either" must validate one and only one schema (oneOf). Found 2 valid alternatives']),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_schema_is_told_in_kubernetes_words(
    play: Playground, spec: Obj, words: list[str]
) -> None:
    body = widget(**{name: value for name, value in spec.items() if value is not ...})
    body["spec"] = {name: value for name, value in body["spec"].items() if spec.get(name) is not ...}
    error = refusal(lambda: send(play, "create", body))
    told = words[0] if len(words) == 1 else f"[{', '.join(words)}]"
    assert (error.code, error.message) == (422, f'Widget.example.com "w" is invalid: {told}')


def test_unknown_fields_are_refused_warned_of_or_dropped(play: Playground) -> None:
    body = {**widget(colour="red", anything={"goes": 1}), "extra": 1}
    words = 'unknown field "extra", unknown field "spec.colour"'
    error = refusal(lambda: send(play, "create", body))
    assert error.message == f'Widget in version "v1" cannot be handled as a Widget: strict decoding error: {words}'
    made = send(play, "create", body, field_validation="Ignore")
    assert made["spec"] == {"color": "red", "size": 3, "anything": {"goes": 1}}
    assert "extra" not in made


def test_nulls_go_unless_they_are_allowed(play: Playground) -> None:
    made = send(play, "create", widget(code=None, size=None, maybe=None))
    assert made["spec"] == {"color": "red", "size": 3, "maybe": None}


def test_another_kind_or_version_is_refused(play: Playground) -> None:
    error = refusal(lambda: send(play, "create", {**widget(), "kind": "Gadget"}))
    assert error.message == 'Widget.example.com "w" is invalid: kind: Invalid value: "Gadget": must be Widget'
    error = refusal(lambda: send(play, "create", {**widget(), "apiVersion": "example.com/v2"}))
    assert error.message == (
        "the API version in the data (example.com/v2) does not match the expected API version (example.com/v1)"
    )


def test_the_status_is_written_through_its_subresource_alone(play: Playground) -> None:
    made = send(play, "create", {**widget(), "status": {"size": 9}})
    assert "status" not in made
    play.client.update_status(WIDGETS, {**made, "spec": {"color": "green"}, "status": {"size": 2}})
    now = play.get(WIDGETS, "w")
    assert (now["spec"]["color"], now["status"], now["metadata"]["generation"]) == ("red", {"size": 2}, 1)
    error = refusal(lambda: play.client.update_status(WIDGETS, {**now, "status": {"size": "x"}}))
    assert 'status.size: Invalid value: "string": size in body must be of type integer: "string"' in error.message


def test_the_scale_is_where_the_definition_says(play: Playground) -> None:
    made = play.create(WIDGETS, widget(size=4))
    play.client.update_status(WIDGETS, {**made, "status": {"size": 2, "selector": "app=w"}})
    scale = play.client.get(WIDGETS, "w", "default", subresource="scale")
    assert (scale["spec"], scale["status"]) == ({"replicas": 4}, {"replicas": 2, "selector": "app=w"})
    play.client.request("update", WIDGETS, "default", "w", subresource="scale", body={**scale, "spec": {"replicas": 7}})
    assert play.get(WIDGETS, "w")["spec"]["size"] == 7


def test_a_change_counts_unless_it_is_of_the_metadata(play: Playground) -> None:
    play.create(WIDGETS, widget())
    play.client.patch(WIDGETS, "w", {"metadata": {"labels": {"a": "b"}}}, "default", patch_type="merge")
    assert play.get(WIDGETS, "w")["metadata"]["generation"] == 1
    play.client.patch(WIDGETS, "w", {"spec": {"size": 5}}, "default", patch_type="merge")
    assert play.get(WIDGETS, "w")["metadata"]["generation"] == 2


def test_there_is_no_strategic_patch_without_a_type(play: Playground) -> None:
    play.create(WIDGETS, widget())
    error = refusal(lambda: send(play, "patch", {"spec": {"size": 5}}, "w", patch_type="strategic"))
    assert (error.code, error.message) == (
        415,
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
    )


def test_an_update_has_to_say_which_version_it_changes(play: Playground) -> None:
    made = play.create(WIDGETS, widget())
    body = {**made, "metadata": {"name": "w", "namespace": "default"}}
    error = refusal(lambda: send(play, "update", body, "w"))
    assert error.message == (
        'widgets.example.com "w" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update'
    ).replace("widgets.example.com", "Widget.example.com")


def test_items_of_keyed_lists_are_applied_one_by_one(play: Playground) -> None:
    def apply(manager: str, **spec: Any) -> Obj:
        config = {"apiVersion": "example.com/v1", "kind": "Widget", **widget(**spec)}
        return send(play, "patch", config, "w", patch_type="apply", field_manager=manager)

    apply("one", parts=[{"name": "a", "count": 2}])
    made = apply("two", parts=[{"name": "b"}])
    assert made["spec"]["parts"] == [{"name": "a", "count": 2}, {"name": "b", "count": 1}]
    error = refusal(lambda: apply("two", parts=[{"name": "a", "count": 9}]))
    assert error.message == 'Apply failed with 1 conflict: conflict with "one": .spec.parts[name="a"].count'


def test_tables_have_the_columns_of_the_definition(play: Playground) -> None:
    play.create(WIDGETS, widget(parts=[{"name": "a"}]))
    play.run(5)
    table = play.client.request("list", WIDGETS, "default", accept="table")
    columns = [(c["name"], c["type"], c["priority"]) for c in table["columnDefinitions"]]
    assert columns == [
        ("Name", "string", 0), ("Color", "string", 0), ("Size", "integer", 1), ("First", "string", 0), ("Age", "date", 0),
    ]  # fmt: skip
    assert table["rows"][0]["cells"] == ["w", "red", 3, "a", "5s"]


def test_objects_are_selected_by_the_fields_that_the_definition_names(play: Playground) -> None:
    play.create(WIDGETS, widget("a"))
    play.create(WIDGETS, widget("b", color="green"))
    found = play.client.list(WIDGETS, "default", field_selector="spec.color=green").items
    assert [obj["metadata"]["name"] for obj in found] == ["b"]
    error = refusal(lambda: play.client.list(WIDGETS, "default", field_selector="spec.size=3"))
    assert error.message == "field label not supported: spec.size"


def test_what_was_wrong_before_may_stay_as_it_is(play: Playground) -> None:
    play.create(WIDGETS, widget(size=9, code="abcde"))
    crd = deepcopy(play.get(CRDS, WIDGETS))
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["code"]["maxLength"] = 2
    play.client.update(CRDS, crd)
    play.client.patch(WIDGETS, "w", {"spec": {"size": 8}}, "default", patch_type="merge")
    error = refusal(lambda: play.client.patch(WIDGETS, "w", {"spec": {"code": "abcd"}}, "default", patch_type="merge"))
    assert error.message == 'Widget.example.com "w" is invalid: spec.code: Too long: may not be more than 2 bytes'


def test_another_version_tells_the_same_object_in_its_own_form(play: Playground) -> None:
    crd = deepcopy(play.get(CRDS, WIDGETS))
    second = deepcopy(crd["spec"]["versions"][0])
    second |= {"name": "v2", "storage": False, "additionalPrinterColumns": [], "selectableFields": []}
    second["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["weight"] = {
        "type": "integer",
        "default": 5,
    }
    crd["spec"]["versions"].append(second)
    play.create(WIDGETS, widget())
    play.client.update(CRDS, crd)
    assert play.cluster.scheme.versions("example.com") == ["v2", "v1"]
    newer = play.get(WIDGETS, "w")
    assert (newer["apiVersion"], newer["spec"]["weight"]) == ("example.com/v2", 5)
    older = play.get("widgets.v1.example.com", "w")
    assert (older["apiVersion"], "weight" in older["spec"]) == ("example.com/v1", False)
    # And back: a version that is served no more is gone.
    crd = deepcopy(play.get(CRDS, WIDGETS))
    crd["spec"]["versions"][1]["served"] = False
    play.client.update(CRDS, crd)
    assert play.cluster.scheme.versions("example.com") == ["v1"]
    assert play.get(WIDGETS, "w")["apiVersion"] == "example.com/v1"


def test_names_that_are_taken_are_not_accepted(play: Playground) -> None:
    play.create(CRDS, definition("things", "Widget", short_names=["wd"]))
    play.run(1)
    crd = play.get(CRDS, "things.example.com")
    conditions = {c["type"]: (c["status"], c["reason"], c["message"]) for c in crd["status"]["conditions"]}
    assert conditions == {
        "NamesAccepted": ("False", "ListKindConflict", '"WidgetList" is already in use'),
        "Established": ("False", "NotAccepted", "not all names are accepted"),
    }
    assert play.cluster.scheme.lookup("things") is None
    # They are free once the other definition has gone.
    play.client.delete(CRDS, WIDGETS)
    play.run(5)
    assert condition_is(play.get(CRDS, "things.example.com"), "Established")


def test_a_definition_takes_its_objects_along(play: Playground) -> None:
    play.create(WIDGETS, widget())
    play.client.delete(CRDS, WIDGETS)
    terminating = play.get(CRDS, WIDGETS)
    assert terminating["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    assert condition_is(terminating, "Terminating")
    error = refusal(lambda: play.create(WIDGETS, widget("late")))
    assert (error.code, error.message) == (
        405,
        "create not allowed while custom resource definition is terminating",
    )
    play.run(10)
    assert play.names(CRDS, "") == []
    assert play.cluster.scheme.lookup("widgets") is None
    assert play.cluster.store.count(f"/registry/{WIDGETS}/") == 0
    assert not play.cluster.trace.faults


def test_an_object_that_is_held_holds_its_definition(play: Playground) -> None:
    made = play.create(WIDGETS, {**widget(), "metadata": {"name": "w", "finalizers": ["example.com/hold"]}})
    play.client.delete(CRDS, WIDGETS)
    play.run(20)
    assert play.names(CRDS, "") == [WIDGETS]
    held = play.get(WIDGETS, made["metadata"]["name"])
    play.client.update(WIDGETS, {**held, "metadata": {**held["metadata"], "finalizers": []}})
    play.run(20)
    assert play.names(CRDS, "") == []


def test_owners_and_namespaces_take_custom_objects_along(play: Playground) -> None:
    owner = play.create(WIDGETS, widget("owner"))
    reference = {"apiVersion": "example.com/v1", "kind": "Widget", "name": "owner", "uid": owner["metadata"]["uid"]}
    play.create("configmaps", {"metadata": {"name": "owned", "ownerReferences": [reference]}})
    play.client.delete(WIDGETS, "owner", "default")
    play.create("namespaces", {"metadata": {"name": "other"}})
    play.create(WIDGETS, {**widget(), "metadata": {"name": "w", "namespace": "other"}})
    play.client.delete("namespaces", "other")
    play.run(10)
    assert "owned" not in play.names("configmaps")
    assert "other" not in play.names("namespaces", "")
    assert not play.cluster.trace.faults


def test_a_cluster_that_wakes_up_serves_its_custom_kinds(play: Playground) -> None:
    play.create(WIDGETS, widget())
    again = play.restart()
    again.run(5)
    assert again.get(WIDGETS, "w")["spec"] == {"color": "red", "size": 3}
    again.client.delete(CRDS, WIDGETS)
    again.run(10)
    assert again.cluster.scheme.lookup("widgets") is None
    assert not again.cluster.trace.faults


def test_a_deprecated_version_says_which_one_to_use(play: Playground) -> None:
    crd = deepcopy(play.get(CRDS, WIDGETS))
    second = {**deepcopy(crd["spec"]["versions"][0]), "name": "v2", "storage": False}
    crd["spec"]["versions"][0]["deprecated"] = True
    crd["spec"]["versions"].append(second)
    play.client.update(CRDS, crd)
    strategy = play.cluster.server.strategies["widgets.v1.example.com"]
    assert strategy.warnings({"metadata": {}}) == ["example.com/v1 Widget is deprecated; use example.com/v2 Widget"]


def test_rules_that_are_not_looked_at_are_mentioned(play: Playground) -> None:
    crd = deepcopy(play.get(CRDS, WIDGETS))
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    schema["x-kubernetes-validations"] = [{"rule": "self.size > 2"}]
    play.client.update(CRDS, crd)
    error = refusal(lambda: play.create(WIDGETS, {"metadata": {"name": "w"}, "spec": {}}))
    assert error.message == (
        'Widget.example.com "w" is invalid: [spec.color: Required value, <nil>: Invalid value: "null": some validation '
        "rules were not checked because the object was invalid; correct the existing errors to complete validation]"
    )


def test_a_condition_that_says_nothing_of_its_type_harms_nobody(play: Playground) -> None:
    patch = [{"op": "add", "path": "/status/conditions", "value": [{"message": "patched"}]}]
    options = {"subresource": "status", "patch_type": "json", "body": patch}
    patched = play.client.request("patch", CRDS, "", WIDGETS, **options)
    condition = {"type": "", "status": "", "message": "patched"}
    assert patched["status"]["conditions"] == [condition]
    play.run(2)
    assert not play.cluster.trace.faults
