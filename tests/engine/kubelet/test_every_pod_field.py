"""Each field of a pod that a first course lists: what it does inside the container, and what is refused of it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.engine.cluster_tools import Playground
from tests.engine.support import Terminal

Obj = dict[str, Any]
HTML = "/usr/share/nginx/html"


class Course(Playground):
    """A cluster with a terminal, a node for the web and what the pods of the course refer to."""

    def __init__(self) -> None:
        super().__init__(seed=11, nodes=2)
        self.terminal = Terminal(cluster=self.cluster)
        self.client.patch("nodes", "k8s-node02", {"metadata": {"labels": {"region": "subnet7"}}})
        self.create("configmaps", {"metadata": {"name": "nginx-conf"}, "data": {"a.conf": "one"}})
        self.create("secrets", {"metadata": {"name": "token"}, "data": {"password": "c2VjcmV0"}})

    def apply(self, pod: Obj) -> str:
        """What kubectl says about a manifest."""
        self.terminal.files.write("pod.yaml", yaml.safe_dump(pod))
        result = self.terminal.run("kubectl create -f pod.yaml")
        self.run(15)
        return result.text.strip()

    def inside(self, line: str) -> str:
        return self.terminal.run(f"kubectl exec nginx -- {line}").text.strip()


@pytest.fixture
def course() -> Course:
    return Course()


def pod(container: Obj | None = None, meta: Obj | None = None, **spec: Any) -> Obj:
    containers = [{"name": "nginx", "image": "nginx:1.25", **(container or {})}]
    whole = {"name": "nginx", **(meta or {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": whole, "spec": {"containers": containers, **spec}}


def mounted(source: Obj, *, read_only: bool = False) -> Obj:
    mount = {"name": "webroot", "mountPath": HTML, **({"readOnly": True} if read_only else {})}
    return pod({"volumeMounts": [mount]}, volumes=[{"name": "webroot", **source}])


@pytest.mark.parametrize(
    ("manifest", "line", "shown"),
    [
        (pod(meta={"labels": {"app": "nginx"}}), "kubectl get pods -l app=nginx -o name", "pod/nginx"),
        (pod(meta={"labels": {"app": "nginx"}}), "kubectl get pods -l app=redis -o name", ""),
        (pod(meta={"annotations": {"app": "nginx"}}), "kubectl get pod nginx -o jsonpath={.metadata.annotations.app}", "nginx"),
        (pod(meta={"namespace": "default"}), "kubectl get pod nginx -n kube-system", 'Error from server (NotFound): pods "nginx" not found'),
        (pod({"command": ["sh", "-c", "echo hello; sleep 9999"]}), "kubectl logs nginx", "hello"),
        (pod({"image": "busybox:1.36", "command": ["echo"], "args": ["a", "b"]}, restartPolicy="Never"), "kubectl logs nginx", "a b"),
        (pod({"ports": [{"name": "http", "containerPort": 80}]}), "kubectl get pod nginx -o jsonpath={.spec.containers[0].ports[0].protocol}", "TCP"),
        (pod({"resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {"cpu": "100m", "memory": "512Mi"}}}), "kubectl get pod nginx -o jsonpath={.status.qosClass}", "Burstable"),
        (pod({"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}), "kubectl get pod nginx -o jsonpath={.status.qosClass}", "Guaranteed"),
        (pod(), "kubectl get pod nginx -o jsonpath={.status.qosClass}", "BestEffort"),
        (pod(nodeSelector={"region": "subnet7"}), "kubectl get pod nginx -o jsonpath={.spec.nodeName}", "k8s-node02"),
        (pod(), "kubectl get pod nginx -o jsonpath={.spec.restartPolicy}", "Always"),
        (pod({"imagePullPolicy": "Always"}), "kubectl get pod nginx -o jsonpath={.spec.containers[0].imagePullPolicy}", "Always"),
        (pod({"image": "nginx"}), "kubectl get pod nginx -o jsonpath={.spec.containers[0].imagePullPolicy}", "Always"),
        (pod({"image": "nginx:1.25"}), "kubectl get pod nginx -o jsonpath={.spec.containers[0].imagePullPolicy}", "IfNotPresent"),
    ],
)  # fmt: skip
def test_what_kubectl_shows_of_a_field(course, manifest, line, shown):
    assert course.apply(manifest) == "pod/nginx created"
    assert course.terminal.run(line).text.strip() == shown


@pytest.mark.parametrize(
    ("manifest", "line", "shown"),
    [
        (pod({"workingDir": HTML}), "pwd", HTML),
        (pod({"env": [{"name": "TZ", "value": "Asia/Shanghai"}, {"name": "LANG", "value": "en_US.utf8"}]}), "sh -c 'echo $TZ $LANG'", "Asia/Shanghai en_US.utf8"),
        (pod({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)2"}]}), "printenv B", "12"),
        (pod(), "hostname", "nginx"),
        (pod(hostNetwork=True, nodeName="k8s-node02"), "hostname", "k8s-node02"),
        (pod(hostNetwork=True, nodeName="k8s-node02"), "hostname -i", "192.168.0.11"),
        (pod({"securityContext": {"runAsUser": 1000}}), "id -u", "1000"),
        (mounted({"emptyDir": {}}), f"ls {HTML}", ""),
        (mounted({"emptyDir": {}}), f"sh -c 'echo hi > {HTML}/index.html && curl -s localhost'", "hi"),
        (mounted({"hostPath": {"path": "/srv/site"}}), f"sh -c 'touch {HTML}/a && ls {HTML}'", "a"),
        (mounted({"secret": {"secretName": "token", "defaultMode": 420}}), f"cat {HTML}/password", "secret"),
        (mounted({"secret": {"secretName": "token", "defaultMode": 420}}), f"stat -L -c %a {HTML}/password", "644"),
        (mounted({"secret": {"secretName": "token", "defaultMode": 256}}), f"stat -L -c %a {HTML}/password", "400"),
        (mounted({"configMap": {"name": "nginx-conf", "defaultMode": 420}}), f"cat {HTML}/a.conf", "one"),
        (mounted({"emptyDir": {}}, read_only=True), f"touch {HTML}/a", f"touch: cannot touch '{HTML}/a': Read-only file system\ncommand terminated with exit code 1"),
    ],
)  # fmt: skip
def test_what_a_field_does_inside_the_container(course, manifest, line, shown):
    assert course.apply(manifest) == "pod/nginx created"
    assert course.inside(line) == shown


HEALTH = {"path": "/_health", "port": 8080, "httpHeaders": [{"name": "end-user", "value": "jason"}]}


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (pod(meta={"name": "Nginx"}), 'metadata.name: Invalid value: "Nginx": a lowercase RFC 1123 subdomain must consist of'),
        (pod({"name": "web_1"}), 'spec.containers[0].name: Invalid value: "web_1": a lowercase RFC 1123 label must consist of'),
        (pod({"image": ""}), "spec.containers[0].image: Required value"),
        (pod(meta={"namespace": "nowhere"}), 'namespaces "nowhere" not found'),
        (pod(meta={"labels": [{"app": "nginx"}]}), "cannot unmarshal array into Go struct field ObjectMeta.metadata.labels"),
        (pod({"image": {"nginx": "v1"}}), "cannot unmarshal object into Go struct field Container.spec.containers.image of type string"),
        (pod({"resources": {"limits": {"memory": "1024MiB"}}}), "quantities must match the regular expression"),
        (pod({"resources": {"limits": {"memory": "1Mi"}, "requests": {"memory": "2Mi"}}}), "must be less than or equal to memory limit of 1Mi"),
        (pod({"securityContext": {"provoleged": False}}), 'unknown field "spec.containers[0].securityContext.provoleged"'),
        (pod({"livenessProbe": {"exec": {"command": ["cat", "/health"]}, "httpGet": HEALTH, "tcpSocket": {"port": 80}}}), "may not specify more than 1 handler type"),
        (pod({"livenessProbe": {"initialDelaySeconds": 60}}), "spec.containers[0].livenessProbe: Required value: must specify a handler type"),
        (pod({"livenessProbe": {"tcpSocket": {"port": 80}, "successThreshold": 2}}), "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"),
        (pod({"ports": [{"containerPort": 70000}]}), "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"),
        (pod({"ports": [{"containerPort": 80, "protocol": "HTTP"}]}), 'spec.containers[0].ports[0].protocol: Unsupported value: "HTTP"'),
        (pod({"imagePullPolicy": "Sometimes"}), 'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes"'),
        (pod(restartPolicy="Once"), 'spec.restartPolicy: Unsupported value: "Once"'),
        (pod(volumes=[{"name": "webroot", "emptyDir": {}, "hostPath": {"path": "/etc/hosts"}}]), "may not specify more than 1 volume type"),
        (pod(volumes=[{"name": "webroot", "emptyDir": {}}] * 2), 'spec.volumes[1].name: Duplicate value: "webroot"'),
        (pod({"volumeMounts": [{"name": "webroot", "mountPath": HTML}]}), 'spec.containers[0].volumeMounts[0].name: Not found: "webroot"'),
        (pod({"env": [{"value": "x"}]}), "spec.containers[0].env[0].name: Required value"),
        (pod({"command": "nginx"}), "cannot unmarshal string into Go struct field Container.spec.containers.command of type []string"),
        (pod({"ports": [{"containerPort": 80, "hostPort": 8080}]}, hostNetwork=True), "must match `containerPort` when `hostNetwork` is true"),
        (pod(nodeSelector={"region": "a b"}), 'spec.nodeSelector: Invalid value: "a b": a valid label must be'),
    ],
)  # fmt: skip
def test_what_is_refused_of_a_field(course, manifest, words):
    assert words in course.apply(manifest)
    assert course.names("pods") == []


def test_a_probe_asks_where_and_when_it_is_told_to(course):
    site = "server { listen 8080; location /_health { return 200; } }"
    course.create("configmaps", {"metadata": {"name": "site"}, "data": {"default.conf": site}})
    probe = {"httpGet": HEALTH, "initialDelaySeconds": 20, "timeoutSeconds": 2, "periodSeconds": 5, "successThreshold": 2}
    mount = [{"name": "conf", "mountPath": "/etc/nginx/conf.d"}]
    manifest = pod({"readinessProbe": probe, "volumeMounts": mount}, volumes=[{"name": "conf", "configMap": {"name": "site"}}])
    assert course.apply(manifest) == "pod/nginx created"
    assert course.container("nginx")["ready"] is False
    course.run(20)
    assert course.container("nginx")["ready"] is True
