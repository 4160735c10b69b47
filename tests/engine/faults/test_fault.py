"""A fault as a value, as an object, and in the menu."""

from __future__ import annotations

import pytest

from cluster_engine.api.podarium.fault import KINDS, FaultStrategy
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.faults import Fault, catalogue

STRATEGY = FaultStrategy()


def refusal(fault: Fault) -> str:
    with pytest.raises(ApiError) as refused:
        fault.to_object()
    return refused.value.message


def test_a_fault_is_named_for_what_it_is():
    assert Fault("CutOff", "kubelet/k8s-node01").name == "cut-off-kubelet-k8s-node01"
    assert Fault("FailProbe", "container/default/web-0/nginx").name == "fail-probe-container-default-web-0-nginx"


def test_a_fault_and_its_object_are_the_same():
    fault = Fault("Slow", "kubelet/k8s-node01", {"seconds": 2}, duration_seconds=60)
    obj = fault.to_object()
    assert obj == {
        "apiVersion": "podarium.dev/v1",
        "kind": "Fault",
        "metadata": {"name": "slow-kubelet-k8s-node01"},
        "spec": {
            "type": "Slow", "target": "kubelet/k8s-node01", "parameters": {"seconds": 2}, "durationSeconds": 60,
        },
    }  # fmt: skip
    assert Fault.from_object(obj) == fault


def test_parameters_that_are_left_out_have_their_defaults():
    assert Fault("Crash", "container/default/p/c").to_object()["spec"]["parameters"] == {"exitCode": 1}
    assert Fault("Stop", "registry").word("reason") == "refused"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            Fault("Explode", "etcd/etcd-0"),
            'spec.type: Unsupported value: "Explode": supported values: "Stop", "Restart", "Slow", "CutOff", '
            '"PowerOff", "Reboot", "Fill", "Crash", "Hang", "FailProbe", "LeakMemory"',
        ),
        (Fault("Stop", ""), "spec.target: Required value"),
        (Fault("Stop", "kubelet"), 'spec.target: Invalid value: "kubelet": is nothing that Stop can be done to'),
        (Fault("Hang", "node/n"), 'spec.target: Invalid value: "node/n": is nothing that Hang can be done to'),
        (
            Fault("Slow", "kube-scheduler", {"seconds": 90}),
            "spec.parameters.seconds: Invalid value: 90: must be between 0.01 and 60",
        ),
        (
            Fault("Slow", "kube-scheduler", {"seconds": "x"}),
            'spec.parameters.seconds: Invalid value: "x": must be a number',
        ),
        (
            Fault("Fill", "node/n", {"resource": "patience"}),
            'spec.parameters.resource: Unsupported value: "patience": supported values: "memory", "disk", "pids"',
        ),
        (
            Fault("Stop", "kube-scheduler", {"x": 1}),
            'spec.parameters.x: Unsupported value: "x"',
        ),
        (
            Fault("Crash", "container/default/p/c", duration_seconds=5),
            "spec.durationSeconds: Invalid value: 5: Crash is over at once",
        ),
        (
            Fault("Stop", "kube-scheduler", duration_seconds=-1),
            "spec.durationSeconds: Invalid value: -1: must be above 0 and at most 604800",
        ),
    ],
)
def test_what_there_is_not_is_refused(fault, words):
    assert refusal(fault) == f'Fault.podarium.dev "{fault.name}" is invalid: {words}'


def test_a_fault_does_not_change():
    old = Fault("Stop", "kube-scheduler").to_object()
    new = Fault("Stop", "kube-apiserver").to_object()
    assert [str(fault) for fault in STRATEGY.validate_update(new, old)] == [
        'spec: Invalid value: "": a fault does not change: delete it, and create another'
    ]
    assert STRATEGY.validate_update(old, old) == []


def test_a_manifest_with_unknown_fields_is_refused():
    body = {"metadata": {"name": "x"}, "spec": {"type": "Stop", "tarqet": "x"}}
    with pytest.raises(ApiError) as refused:
        STRATEGY.decode(body, "Strict")
    assert refused.value.message == (
        'Fault in version "v1" cannot be handled as a Fault: strict decoding error: unknown field "spec.tarqet"'
    )
    assert STRATEGY.decode(body, "Warn")[1] == ['unknown field "spec.tarqet"']


def test_the_menu_has_every_fault_once_in_both_languages():
    entries = catalogue()
    assert sorted((e.kind.type, e.kind.target) for e in entries) == sorted((k.type, k.target) for k in KINDS)
    for entry in entries:
        for words in (entry.title, entry.effect):
            assert set(words) == {"en", "zh"}
            assert all(text == text.strip() and len(text) > 3 for text in words.values())
        assert not any("\u4e00" <= char <= "\u9fff" for char in entry.title["en"] + entry.effect["en"])
        assert any("\u4e00" <= char <= "\u9fff" for char in entry.effect["zh"])
