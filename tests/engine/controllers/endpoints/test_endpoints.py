"""Endpoints and EndpointSlices of Services, in a whole cluster."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.controllers.endpointslice.reconciler import MAX_ENDPOINTS, pack
from tests.engine.cluster_tools import Playground

SLICES = "endpointslices.discovery.k8s.io"


@pytest.fixture
def playground() -> Playground:
    return Playground()


def service(playground: Playground, name: str = "web", ports: list[dict[str, Any]] | None = None, **spec: Any) -> None:
    body = {"selector": {"app": "web"}, "ports": ports or [{"port": 80}], **spec}
    playground.create("services", {"metadata": {"name": name}, "spec": body})


def slices(playground: Playground, name: str = "web") -> list[dict[str, Any]]:
    return playground.client.list(SLICES, "default", label_selector=f"kubernetes.io/service-name={name}").items


def test_ready_pods_are_addresses_in_order_and_others_are_not_ready(playground):
    service(playground)
    for name in ("a", "b"):
        playground.pod(name, labels={"app": "web"}, spec={"nodeName": "k8s-node01"})
        playground.run(3)
    playground.pod("c", labels={"app": "web"}, readinessProbe={"tcpSocket": {"port": 81}})
    playground.run(5)
    (subset,) = playground.get("endpoints", "web")["subsets"]
    assert [address["ip"] for address in subset["addresses"]] == ["10.244.0.2", "10.244.0.3"]
    first = playground.get("pods", "a")["metadata"]
    assert subset["addresses"][0] == {
        "ip": "10.244.0.2",
        "nodeName": "k8s-node01",
        "targetRef": {"kind": "Pod", "name": "a", "namespace": "default", "uid": first["uid"]},
    }
    assert [address["targetRef"]["name"] for address in subset["notReadyAddresses"]] == ["c"]
    assert subset["ports"] == [{"port": 80, "protocol": "TCP"}]


def test_ports_come_in_the_order_of_their_hashes_and_named_ones_are_looked_up(playground):
    service(
        playground,
        ports=[
            {"name": "http", "port": 80, "targetPort": "web"},
            {"name": "alt", "port": 81, "targetPort": 8081},
        ],
    )
    playground.pod("a", labels={"app": "web"}, ports=[{"name": "web", "containerPort": 80}])
    playground.run(5)
    wanted = [("alt", 8081), ("http", 80)]
    (subset,) = playground.get("endpoints", "web")["subsets"]
    assert [(port["name"], port["port"]) for port in subset["ports"]] == wanted
    assert [(port["name"], port["port"]) for port in slices(playground)[0]["ports"]] == wanted


def test_a_service_without_pods_has_empty_endpoints_and_one_empty_slice(playground):
    service(playground)
    playground.run(1)
    assert "subsets" not in playground.get("endpoints", "web")
    assert [(s["endpoints"], s["ports"]) for s in slices(playground)] == [([], [])]


def test_a_headless_service_knows_the_hostnames_of_its_pods(playground):
    service(playground, clusterIP="None")
    playground.pod("web-0", labels={"app": "web"}, spec={"hostname": "web-0", "subdomain": "web"})
    playground.run(5)
    endpoints = playground.get("endpoints", "web")
    assert endpoints["metadata"]["labels"] == {"service.kubernetes.io/headless": ""}
    assert endpoints["subsets"][0]["addresses"][0]["hostname"] == "web-0"
    assert slices(playground)[0]["endpoints"][0]["hostname"] == "web-0"


def test_a_terminating_pod_leaves_the_endpoints_but_stays_in_its_slice(playground):
    service(playground)
    playground.pod("a", "busybox:1.36", labels={"app": "web"}, command=["sleep", "3600"])
    playground.run(5)
    playground.client.delete("pods", "a", "default")
    playground.run(1)
    assert "subsets" not in playground.get("endpoints", "web")
    (endpoint,) = slices(playground)[0]["endpoints"]
    assert endpoint["conditions"] == {"ready": False, "serving": True, "terminating": True}
    playground.run(40)
    assert slices(playground)[0]["endpoints"] == []


def test_pods_that_are_not_ready_are_published_where_the_service_says_so(playground):
    service(playground, publishNotReadyAddresses=True)
    playground.pod("a", labels={"app": "web"}, readinessProbe={"tcpSocket": {"port": 81}})
    playground.run(5)
    (subset,) = playground.get("endpoints", "web")["subsets"]
    assert [address["targetRef"]["name"] for address in subset["addresses"]] == ["a"]


def test_endpoints_go_with_their_service(playground):
    service(playground)
    playground.run(1)
    playground.client.delete("services", "web", "default")
    playground.run(1)
    assert playground.names("endpoints") == ["kubernetes"]
    assert slices(playground) == []


def test_a_service_without_a_selector_is_left_to_people(playground):
    playground.create("services", {"metadata": {"name": "manual"}, "spec": {"ports": [{"port": 80}]}})
    playground.run(1)
    assert playground.names("endpoints") == ["kubernetes"]
    assert slices(playground, "manual") == []


def test_a_slice_belongs_to_its_service_and_says_who_manages_it(playground):
    service(playground)
    playground.run(1)
    meta = slices(playground)[0]["metadata"]
    assert meta["generateName"] == "web-"
    assert meta["labels"] == {
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": "web",
    }
    (owner,) = meta["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("Service", "web", True)


def test_many_pods_that_get_ready_together_are_few_writes():
    playground = Playground(node_pods=200, registry="any", start_seconds=1.0)
    service(playground)
    for index in range(150):
        playground.pod(f"p{index}", labels={"app": "web"})
    before = playground.cluster.revision
    playground.run(10)
    writes = [c for c in playground.cluster.store.history_since(before) if c.key == "/registry/endpoints/default/web"]
    assert len(writes) <= 6
    assert len(playground.get("endpoints", "web")["subsets"][0]["addresses"]) == 150
    assert sorted(len(s["endpoints"]) for s in slices(playground)) == [50, 100]


def endpoint(uid: int) -> dict[str, Any]:
    return {"addresses": [f"10.0.0.{uid}"], "targetRef": {"uid": str(uid)}}


def test_packing_keeps_endpoints_where_they_are_and_fills_the_fullest_slice():
    ports = [{"port": 80}]
    present = [
        {"metadata": {"name": "one"}, "ports": ports, "endpoints": [endpoint(1), endpoint(2)]},
        {"metadata": {"name": "two"}, "ports": ports, "endpoints": [endpoint(3)]},
    ]
    packed = pack([(ports, [endpoint(uid) for uid in (2, 3, 4, 1)])], present)
    assert [(s.name, [e["targetRef"]["uid"] for e in s.endpoints]) for s in packed] == [
        ("one", ["1", "2", "4"]),
        ("two", ["3"]),
    ]


def test_packing_uses_left_over_slices_again_before_it_makes_new_ones():
    present = [{"metadata": {"name": "empty"}, "ports": [], "endpoints": []}]
    packed = pack([([{"port": 80}], [endpoint(uid) for uid in range(MAX_ENDPOINTS + 1)])], present)
    assert [(s.name, len(s.endpoints)) for s in packed] == [("empty", MAX_ENDPOINTS), ("", 1)]
