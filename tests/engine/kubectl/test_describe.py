"""What describe prints of the kinds that the recordings do not show."""

import pytest

from tests.engine.support import Terminal


@pytest.fixture
def terminal():
    return Terminal()


def test_a_config_map_shows_its_data(terminal):
    terminal.ok("kubectl create cm x --from-literal=a=b")
    assert terminal.ok("kubectl describe cm x") == (
        "Name:         x\nNamespace:    default\nLabels:       <none>\nAnnotations:  <none>\n\nData\n====\na:\n----\nb\n\n\n"
        "BinaryData\n====\n\nEvents:  <none>\n"
    )


def test_a_secret_shows_the_size_of_its_data_only(terminal):
    terminal.ok("kubectl create secret generic s --from-literal=password=geheim")
    assert terminal.ok("kubectl describe secret s") == (
        "Name:         s\nNamespace:    default\nLabels:       <none>\nAnnotations:  <none>\n\nType:  Opaque\n\nData\n====\n"
        "password:  6 bytes\n"
    )


def test_a_namespace_says_that_it_has_no_quota(terminal):
    assert terminal.ok("kubectl describe ns default") == (
        "Name:         default\nLabels:       kubernetes.io/metadata.name=default\nAnnotations:  <none>\nStatus:       Active\n\n"
        "No resource quota.\n\nNo LimitRange resource.\n"
    )


def test_a_pod_shows_its_containers_conditions_and_events(terminal):
    terminal.ok("kubectl run web --image=nginx:1.25 --port=80 --env=LEVEL=debug")
    terminal.settle()
    text = terminal.ok("kubectl describe pod web")
    lines = text.splitlines()
    assert lines[:2] == ["Name:             web", "Namespace:        default"]
    assert "  web:" in lines
    assert "    Image:          nginx:1.25" in lines
    assert "      LEVEL:  debug" in lines
    assert "QoS Class:                   BestEffort" in lines
    assert "                             node.kubernetes.io/unreachable:NoExecute op=Exists for 300s" in lines
    assert [line.split()[1] for line in lines[lines.index("Events:") + 3 :]] == [
        "Scheduled",
        "Pulled",
        "Created",
        "Started",
    ]


def test_the_beginning_of_a_name_is_enough(terminal):
    terminal.ok("kubectl create cm settings-1 --from-literal=a=b")
    terminal.ok("kubectl create cm settings-2 --from-literal=a=b")
    text = terminal.ok("kubectl describe cm settings")
    assert [line for line in text.splitlines() if line.startswith("Name:")] == [
        "Name:         settings-1",
        "Name:         settings-2",
    ]


def test_several_objects_stand_two_lines_apart(terminal):
    terminal.ok("kubectl create sa a; kubectl create sa b")
    text = terminal.ok("kubectl describe sa a b")
    assert text.count("Events:") == 2
    assert "\n\n\nName:                b\n" in text


def test_a_node_sums_up_what_its_pods_ask_for(terminal):
    terminal.files.write("p.yaml", (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  nodeName: k8s-node01\n  containers:\n  - name: c\n    image: nginx\n"
        "    resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {memory: 2Gi}}\n"
    ))  # fmt: skip
    terminal.ok("kubectl apply -f p.yaml")
    terminal.settle()
    lines = [line.split() for line in terminal.ok("kubectl describe node k8s-node01").splitlines()]
    assert ["cpu", "500m", "(12%)", "0", "(0%)"] in lines
    assert ["memory", "1Gi", "(12%)", "2Gi", "(25%)"] in lines
