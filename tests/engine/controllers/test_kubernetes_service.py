"""What the API server itself needs comes back when somebody deletes it."""

from __future__ import annotations

from tests.engine.cluster_tools import Playground


def test_the_kubernetes_service_comes_back_with_its_address() -> None:
    play = Playground()
    play.client.delete("services", "kubernetes", "default")
    assert "kubernetes" not in play.names("services")
    play.run(1)
    assert play.get("services", "kubernetes")["spec"]["clusterIP"] == "10.96.0.1"
    assert play.get("endpoints", "kubernetes")["subsets"][0]["addresses"] == [{"ip": "192.168.0.1"}]
