"""What a session asks of its host: keys for a container, an editor, ports for a browser; and the network inside."""

from __future__ import annotations

import pytest

from cluster_engine.cluster import Cluster, ClusterConfig
from cluster_engine.kubectl.local_ports import LocalPorts
from cluster_engine.shell.files import MemoryFiles
from cluster_engine.shell.session import Session


class Person:
    """Somebody at a terminal of a workspace."""

    def __init__(self, cluster: Cluster, name: str = "one", ports: LocalPorts | None = None) -> None:
        self.cluster = cluster
        self.shown: list[str] = []
        self.codes: dict[int, int] = {}
        self.modes: list[str] = []
        self.opened: list[tuple[str, bool]] = []
        self.files = MemoryFiles()
        self.session = Session(
            cluster,
            name=name,
            files=self.files,
            on_output=lambda number, stream, text: self.shown.append(text),
            on_exit=self.codes.__setitem__,
            on_open_editor=lambda path, awaited: self.opened.append((path, awaited)),
            on_input_mode=self.modes.append,
            interactive=True,
            ports=ports,
        )

    def type(self, line: str, seconds: float = 2) -> str:
        """Types a line, and what has been shown after some seconds."""
        self.shown.clear()
        self.session.type_line(line)
        self.cluster.run_for(seconds)
        return "".join(self.shown)

    def press(self, keys: str, seconds: float = 1) -> str:
        self.shown.clear()
        self.session.type_input(keys)
        self.cluster.run_for(seconds)
        return "".join(self.shown)


@pytest.fixture
def person() -> Person:
    cluster = Cluster(ClusterConfig(seed=1, registry="any", start_seconds=1.0, stop_seconds=1.0))
    cluster.run_for(5)
    person = Person(cluster)
    person.type("kubectl run web --image=nginx:1.25 --port=80; kubectl expose pod web --port=80", 6)
    person.type("kubectl run box --image=busybox -- sleep 3600", 6)
    return person


def test_keys_go_to_the_container_s_shell_until_it_ends(person: Person) -> None:
    assert person.type("kubectl exec -it box -- sh") == "/ # "
    assert person.modes == ["keys"]
    assert person.press("echo $((6*7))\r") == "echo $((6*7))\r\n42\r\n/ # "
    assert person.press("sleep 100\r") == "sleep 100\r\n"
    assert person.press("\x03") == "^C\r\n/ # "
    person.press("\x04")
    assert (person.modes, person.session.busy) == (["keys", "none"], False)


def test_lines_go_to_a_command_that_reads(person: Person) -> None:
    person.type("cat > note; kubectl exec -i box -- cat")
    assert person.modes == ["line"]
    person.press("hello\n")
    person.press("")
    assert person.files.read("note") == "hello\n"


def test_the_container_is_told_the_size_of_the_window(person: Person) -> None:
    person.session.resize(132, 50)
    person.type("kubectl exec -it box -- sh")
    assert "50 132" in person.press("stty size\r")


def test_kubectl_edit_waits_for_the_editor(person: Person) -> None:
    person.type("kubectl edit pod/web")
    (path, awaited), *_ = person.opened
    assert (awaited, person.session.awaited_files, person.session.busy) == (True, [path], True)
    person.files.write(path, person.files.read(path).replace("image: nginx:1.25", "image: nginx:1.26"))
    person.shown.clear()
    person.session.close_editor(path)
    person.cluster.run_for(1)
    assert "".join(person.shown) == "pod/web edited\n"
    assert not person.session.busy


def test_ctrl_c_leaves_the_editor_without_a_change(person: Person) -> None:
    person.type("kubectl edit pod/web")
    person.session.interrupt()
    person.cluster.run_for(1)
    assert (person.session.awaited_files, person.session.busy) == ([], False)


def test_a_named_editor_is_a_command_of_the_shell(person: Person) -> None:
    line = "KUBE_EDITOR='sed -i s/nginx:1.25/nginx:1.27/' kubectl edit pod web; kubectl get pod web -o name"
    assert person.type(line) == "pod/web edited\npod/web\n"
    assert person.opened == []


def test_a_forwarded_port_answers_in_every_terminal_of_the_sandbox(person: Person) -> None:
    ports = LocalPorts()
    one, two = Person(person.cluster, "first", ports), Person(person.cluster, "second", ports)
    assert one.type("kubectl port-forward svc/web 8080:80") == (
        "Forwarding from 127.0.0.1:8080 -> 80\nForwarding from [::1]:8080 -> 80\n"
    )
    assert [(f.local_port, f.pod, f.pod_port) for f in ports.forwardings] == [(8080, "web", 80)]
    one.shown.clear()
    assert "<title>Welcome to nginx!</title>" in two.type("curl -s localhost:8080")
    assert one.shown == ["Handling connection for 8080\n"]
    assert two.type("kubectl port-forward web 8080:80") == (
        "Unable to listen on port 8080: Listeners failed to create with the following errors: [unable to create "
        "listener: Error listen tcp4 127.0.0.1:8080: bind: address already in use unable to create listener: Error "
        "listen tcp6 [::1]:8080: bind: address already in use]\n"
        "error: unable to listen on any of the requested ports: [{8080 80}]\n"
    )
    one.session.interrupt()
    person.cluster.run_for(1)
    assert (ports.forwardings, list(one.codes.values())) == ([], [0])


def test_a_forwarding_ends_with_its_pod(person: Person) -> None:
    person.type("kubectl port-forward web 8080:80 &")
    person.type("kubectl delete pod web", 5)
    assert "error: lost connection to pod\n" in "".join(person.shown)


def test_the_network_inside_is_reached_by_name(person: Person) -> None:
    assert "<title>Welcome to nginx!</title>" in person.type("curl -s http://web | grep title")
    assert "Name:\tweb.default.svc.cluster.local\n" in person.type("nslookup web")
    assert "Could not resolve host: nowhere" in person.type("curl http://nowhere", 10)
    person.type("wget -q http://web.default.svc.cluster.local")
    assert "Welcome to nginx!" in person.files.read("index.html")


def test_ctrl_c_ends_a_ping(person: Person) -> None:
    ip = person.type("kubectl get pod web -o jsonpath={.status.podIP}")
    assert f"PING {ip}" in person.type(f"ping {ip}", 3)
    person.session.interrupt()
    person.cluster.run_for(1)
    assert not person.session.busy
