"""Patches: applied, made, and put together again. Types come from the real schema."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_engine.apimachinery import patch as patches
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.patch import PatchError
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.schema.patching import apply_patch, patch_object, patch_schema

POD = Resource("", "v1", "Pod", "pods")
DEPLOYMENT = patch_schema("apps/v1", "Deployment")
Obj = dict[str, Any]


def deployment(*containers: Obj, **spec: Any) -> Obj:
    template = {"spec": {"containers": list(containers)}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "p"},
        "spec": {"template": template, **spec},
    }


def containers_of(obj: Obj) -> list[Obj]:
    found: list[Obj] = obj["spec"]["template"]["spec"]["containers"]
    return found


def names_of(obj: Obj) -> list[str]:
    return [container["name"] for container in containers_of(obj)]


C = {"name": "c", "image": "nginx"}
SIDE = {"name": "side", "image": "busybox"}


def strategic(obj: Obj, patch: Any) -> Obj:
    return patches.apply_strategic_patch(obj, patch, patch_schema(obj["apiVersion"], obj["kind"]))


def test_an_added_container_comes_first() -> None:
    patched = strategic(deployment(C), deployment(SIDE))
    assert names_of(patched) == ["side", "c"]
    assert containers_of(patched)[1] is C


def test_a_delete_directive_removes_the_element_with_its_merge_key() -> None:
    patched = strategic(deployment(C, SIDE), deployment({"name": "side", "$patch": "delete"}))
    assert names_of(patched) == ["c"]


def test_a_replace_directive_leaves_only_the_patch() -> None:
    assert names_of(strategic(deployment(C), deployment(SIDE, {"$patch": "replace"}))) == ["side"]
    patched = strategic(
        deployment(C, strategy={"type": "RollingUpdate"}), {"spec": {"strategy": {"$patch": "replace"}}}
    )
    assert patched["spec"]["strategy"] == {}


def test_an_element_merges_by_its_key() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    live = deployment({**C, "env": env}, SIDE)
    patched = strategic(
        live, deployment({"name": "c", "env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]})
    )
    assert containers_of(patched)[0] == {
        "name": "c",
        "image": "nginx",
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}, {"name": "C", "value": "4"}],
    }


def test_an_order_directive_orders_the_list() -> None:
    order = [{"name": "side"}, {"name": "c"}]
    patched = strategic(deployment(C, SIDE), {"spec": {"template": {"spec": {"$setElementOrder/containers": order}}}})
    assert names_of(patched) == ["side", "c"]


def test_primitives_leave_a_merging_list_by_their_own_directive() -> None:
    live = {"apiVersion": "v1", "kind": "Pod", "metadata": {"finalizers": ["a", "b", "c"]}}
    patched = strategic(live, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b"], "finalizers": ["d"]}})
    assert patched["metadata"]["finalizers"] == ["d", "a", "c"]


def test_retained_keys_clear_the_others() -> None:
    live = deployment(C, strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}})
    patched = strategic(live, {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}})
    assert patched["spec"]["strategy"] == {"type": "Recreate"}


def test_null_removes_a_field_and_adds_none() -> None:
    patched = strategic(
        deployment(C, replicas=1), {"spec": {"replicas": None, "paused": None, "strategy": {"type": None}}}
    )
    assert patched["spec"] == {"template": {"spec": {"containers": [C]}}, "strategy": {}}


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (deployment({"image": "x"}), "map: map[image:x] does not contain declared merge key: name"),
        (deployment({"$patch": "delete"}), "map: map[$patch:delete] does not contain declared merge key: name"),
        (deployment({"name": "c", "$patch": "x"}), "unknown patch type: x in map: map[$patch:x name:c]"),
        ({"spec": {"strategy": {"$retainKeys": ["x"], "type": "y"}}}, "invalid patch format of retainKeys"),
        ([], "json: cannot unmarshal array into Go value of type map[string]interface {}"),
        (
            {"spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": "a"}], "containers": [C]}}}},
            "The order in patch list:\n[map[image:nginx name:c]]\n "
            "doesn't match $setElementOrder list:\n[map[name:a]]\n",
        ),
    ],
)
def test_a_wrong_strategic_patch_is_refused_in_kubernetes_words(patch: Any, message: str) -> None:
    with pytest.raises(ApiError) as caught:
        apply_patch(deployment(C, strategy={"type": "Recreate"}), patch, "strategic")
    assert (caught.value.code, caught.value.message) == (400, message)


def test_a_merge_patch_replaces_lists_and_removes_nulls() -> None:
    live = deployment(C, replicas=1)
    patched = apply_patch(live, {"spec": {"replicas": None, "template": {"spec": {"containers": [SIDE]}}}}, "merge")
    assert patched == deployment(SIDE)
    assert patched["metadata"] is live["metadata"]


def test_a_json_patch_applies_in_order() -> None:
    live = {"metadata": {"labels": {"app": "p"}, "annotations": {"a": "b"}}}
    operations = [
        {"op": "test", "path": "/metadata/labels/app", "value": "p"},
        {"op": "add", "path": "/metadata/annotations/x~1y", "value": "z"},
        {"op": "remove", "path": "/metadata/labels/app"},
    ]
    assert apply_patch(live, operations, "json") == {"metadata": {"labels": {}, "annotations": {"a": "b", "x/y": "z"}}}
    assert live == {"metadata": {"labels": {"app": "p"}, "annotations": {"a": "b"}}}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "/metadata/annotations/x", "value": "y"},
        {"op": "remove", "path": "/metadata/labels/nope"},
        {"op": "replace", "path": "/spec/replicas", "value": 1},
        {"op": "test", "path": "/metadata/name", "value": "other"},
        {"op": "add", "path": "/list/7", "value": "y"},
        {"op": "jump", "path": "/metadata"},
        {"op": "add"},
        {"op": "copy", "from": "/nope", "path": "/metadata/x"},
        {"op": "replace", "path": "", "value": []},
    ],
)
def test_a_json_patch_that_does_not_apply_is_rejected(operation: Obj) -> None:
    with pytest.raises(ApiError) as caught:
        apply_patch({"metadata": {"name": "p", "labels": {}}, "list": []}, [operation], "json")
    message = "the server rejected our request due to an error in our request"
    assert (caught.value.code, caught.value.reason, caught.value.message) == (422, "Invalid", message)


def test_copies_of_copies_end() -> None:
    operations = [{"op": "copy", "from": "/a", "path": f"/a/{'x' * n}"} for n in range(1, 40)]
    with pytest.raises(ApiError) as caught:
        apply_patch({"a": {"b": "c" * 100}}, operations, "json")
    assert caught.value.code == 422


def test_what_is_no_json_patch_is_a_bad_request() -> None:
    with pytest.raises(ApiError) as caught:
        apply_patch({}, {"op": "add"}, "json")
    words = "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
    assert (caught.value.code, caught.value.message) == (400, words)


def test_a_patch_that_makes_something_else_of_the_object_is_invalid() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    with pytest.raises(ApiError) as caught:
        patch_object(pod, {"spec": {"nodeNam": "n"}}, "strategic", POD)
    message = 'patch: Invalid value: "map[spec:map[nodeNam:n]]": strict decoding error: unknown field "spec.nodeNam"'
    assert (caught.value.code, caught.value.message) == (422, f' "" is invalid: {message}')
    obj, warnings = patch_object(pod, {"spec": {"nodeNam": "n"}}, "strategic", POD, "Warn")
    assert warnings == ['unknown field "spec.nodeNam"']
    assert obj["metadata"]["name"] == "p"


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ({"spec": {"nodeName": 1}}, "cannot convert int64 to string"),
        ({"spec": {"restartPolicy": 1}}, "cannot convert int64 to v1.RestartPolicy"),
        ({"spec": {"hostNetwork": "yes"}}, "unrecognized type: bool"),
        ({"spec": {"priority": 1.5}}, "cannot convert float64 to int32"),
        ({"spec": {"containers": "c"}}, "cannot restore slice from string"),
        ({"spec": {"nodeSelector": []}}, "cannot restore map from slice"),
        ({"spec": "x"}, "cannot restore struct from: string"),
    ],
)
def test_a_strategic_patch_of_a_wrong_type_is_worded_as_the_converter_words_it(patch: Obj, why: str) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    with pytest.raises(ApiError) as caught:
        patch_object(pod, patch, "strategic", POD)
    assert caught.value.code == 422
    assert caught.value.message.endswith(f": {why}")


def three_way(original: Obj | None, modified: Obj, current: Obj) -> Obj:
    return patches.create_three_way_merge_patch(original, modified, current, DEPLOYMENT)


def env(**values: str) -> Obj:
    return {**C, "env": [{"name": name, "value": value} for name, value in values.items()]}


def test_apply_keeps_what_others_added_and_deletes_what_it_no_longer_says() -> None:
    original, modified = deployment(env(A="1", B="2")), deployment(env(B="3"))
    current = deployment(env(A="1", B="2", C="9"))
    patch = three_way(original, modified, current)
    assert patch == {
        "spec": {
            "template": {
                "spec": {
                    "$setElementOrder/containers": [{"name": "c"}],
                    "containers": [
                        {
                            "$setElementOrder/env": [{"name": "B"}],
                            "env": [{"name": "B", "value": "3"}, {"$patch": "delete", "name": "A"}],
                            "name": "c",
                        }
                    ],
                }
            }
        }
    }
    assert containers_of(strategic(current, patch)) == [env(B="3", C="9")]


def test_apply_of_the_same_again_is_an_empty_patch() -> None:
    manifest = deployment(C, replicas=2)
    live = deployment({**C, "imagePullPolicy": "Always"}, replicas=2, paused=True)
    assert three_way(manifest, manifest, live) == {}


def test_apply_sets_back_what_others_changed() -> None:
    manifest = deployment(C, replicas=2)
    assert three_way(manifest, manifest, deployment(C, replicas=5)) == {"spec": {"replicas": 2}}


def test_apply_removes_a_field_that_it_no_longer_says() -> None:
    assert three_way(deployment(C, replicas=2), deployment(C), deployment(C, replicas=2)) == {
        "spec": {"replicas": None}
    }


def test_setting_an_image_makes_the_patch_that_kubectl_sends() -> None:
    patch = patches.create_two_way_merge_patch(deployment(C, SIDE), deployment({**C, "image": "new"}, SIDE), DEPLOYMENT)
    assert patch == {
        "spec": {
            "template": {
                "spec": {
                    "$setElementOrder/containers": [{"name": "c"}, {"name": "side"}],
                    "containers": [{"image": "new", "name": "c"}],
                }
            }
        }
    }


def test_changing_another_strategy_retains_its_keys() -> None:
    before = deployment(C, strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}})
    patch = patches.create_two_way_merge_patch(before, deployment(C, strategy={"type": "Recreate"}), DEPLOYMENT)
    assert patch == {"spec": {"strategy": {"$retainKeys": ["type"], "rollingUpdate": None, "type": "Recreate"}}}


def test_three_way_json_merge_keeps_what_others_added() -> None:
    original, modified, current = {"a": 1, "b": 2}, {"b": 3}, {"a": 1, "b": 2, "c": 4}
    assert patches.create_three_way_json_merge_patch(original, modified, current) == {"a": None, "b": 3}
    with pytest.raises(PatchError, match="At least one of apiVersion, kind and name was changed"):
        patches.create_three_way_json_merge_patch({}, {"kind": "A"}, {"kind": "B"})


words = st.sampled_from("abcdef")
plain_values = st.none() | st.booleans() | st.integers(0, 3) | words
trees = st.recursive(
    plain_values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=10
)
without_nulls = st.recursive(
    st.booleans() | st.integers(0, 3) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=10,
)
documents = st.dictionaries(words, without_nulls, max_size=4)


@given(documents, documents)
def test_a_merge_patch_makes_one_document_of_another(before: Obj, after: Obj) -> None:
    copy = orjson.dumps(before)
    patch = patches.create_merge_patch(before, after)
    assert patches.apply_merge_patch(before, patch) == after
    assert orjson.dumps(before) == copy


def elements(key: str, extra: st.SearchStrategy[Obj]) -> st.SearchStrategy[list[Obj]]:
    item = st.builds(lambda name, more: {**more, key: name}, words, extra)
    return st.lists(item, max_size=4, unique_by=lambda element: element[key])


envs = elements("name", st.fixed_dictionaries({}, optional={"value": words}))
volumes = elements(
    "name",
    st.sampled_from([{"emptyDir": {}}, {"emptyDir": {"medium": "Memory"}}, {"hostPath": {"path": "/x"}}]),
)
containers = elements(
    "name",
    st.fixed_dictionaries(
        {"image": words},
        optional={"env": envs, "args": st.lists(words, max_size=2), "resources": st.just({"limits": {"cpu": "1"}})},
    ),
)
finalizers = st.lists(words, max_size=3, unique=True)
pods = st.builds(
    lambda labels, final, listed, mounted, strategy, replicas: {
        "metadata": {"labels": labels, "finalizers": final},
        "spec": {
            "strategy": strategy,
            "template": {"spec": {"containers": listed, "volumes": mounted}},
            **({"replicas": replicas} if replicas else {}),
        },
    },
    st.dictionaries(words, words, max_size=3),
    finalizers,
    containers,
    volumes,
    st.sampled_from([{"type": "Recreate"}, {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}, {}]),
    st.integers(0, 3),
)


@settings(deadline=None)
@given(pods, pods)
def test_a_two_way_patch_makes_one_object_of_another(before: Obj, after: Obj) -> None:
    copies = orjson.dumps([before, after])
    patch = patches.create_two_way_merge_patch(before, after, DEPLOYMENT)
    patch_copy = orjson.dumps(patch)
    assert patches.apply_strategic_patch(before, patch, DEPLOYMENT) == after
    assert (orjson.dumps([before, after]), orjson.dumps(patch)) == (copies, patch_copy)
    assert (patch == {}) is (before == after)


@settings(deadline=None)
@given(pods, pods)
def test_a_three_way_patch_does_all_when_nobody_else_changed_anything(before: Obj, after: Obj) -> None:
    patch = patches.create_three_way_merge_patch(before, after, before, DEPLOYMENT)
    assert patches.apply_strategic_patch(before, patch, DEPLOYMENT) == after


@settings(deadline=None)
@given(pods, pods, pods)
def test_applying_twice_changes_nothing_more(original: Obj, modified: Obj, current: Obj) -> None:
    once = patches.apply_strategic_patch(
        current, patches.create_three_way_merge_patch(original, modified, current, DEPLOYMENT), DEPLOYMENT
    )
    again = patches.create_three_way_merge_patch(modified, modified, once, DEPLOYMENT)
    assert patches.apply_strategic_patch(once, again, DEPLOYMENT) == once


directives = st.sampled_from(
    ["$patch", "$retainKeys", "$setElementOrder/containers", "$deleteFromPrimitiveList/finalizers", "spec", "template",
     "metadata", "finalizers", "containers", "name", "strategy", "type", "env"]
)  # fmt: skip
wild = st.recursive(
    plain_values | st.sampled_from(["delete", "replace", "merge"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(directives, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=300)
@given(pods, wild, st.sampled_from(["strategic", "merge", "json"]))
def test_any_patch_applies_or_is_an_api_error(live: Obj, patch: Any, patch_type: str) -> None:
    live = {"apiVersion": "apps/v1", "kind": "Deployment", **live}
    copy = orjson.dumps(live)
    try:
        apply_patch(live, patch, patch_type)
    except ApiError:
        pass
    assert orjson.dumps(live) == copy
