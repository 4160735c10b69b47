"""Images that people add as ConfigMaps: what they do, what is refused of them, what becomes of them."""

from __future__ import annotations

import json

import pytest
import yaml

from cluster_engine.cluster import Cluster, ClusterConfig
from tests.engine.containers.cluster import World, pod, service

SHOP = """
name: example.com/shop
tags: [v1, v2, v3]
from: alpine
size: 20Mi
env: {GREETING: hello}
files:
  /etc/motd: "welcome\\n"
  /usr/local/bin/greet: |
    #!/bin/sh
    echo "$GREETING from $(hostname)"
serve:
  port: 8000
  text: "shop {tag} on {hostname}: {env.GREETING} {env.NOPE}\\n"
  paths:
    /healthz: ok
    /slow: {text: "late\\n", seconds: 3}
    /broken: {status: 500, text: "oh no\\n"}
  log: ["shop {tag} is starting"]
  readySeconds: 2
byTag:
  v2: {exitAfterSeconds: 1, exitCode: 3, log: ["cannot reach the database"]}
  v3: {memory: 500Mi}
"""


def image(text: str, name: str = "shop") -> str:
    indented = "".join(f"    {line}\n" for line in text.splitlines())
    return (
        f"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  labels: {{podarium.dev/image: ''}}\n"
        f"data:\n  image.yaml: |\n{indented}"
    )


@pytest.fixture
def world() -> World:
    world = World()
    world.apply(image(SHOP))
    return world


def test_an_added_image_is_pulled_and_serves_what_it_is_told_to(world):
    probe = {"readinessProbe": {"httpGet": {"path": "/healthz", "port": 8000}, "periodSeconds": 1}}
    world.apply(
        pod("shop", "example.com/shop:v1", "", labels={"app": "shop"}, container=probe)
        + service("shop", {"app": "shop"}, port_spec={"targetPort": 8000})
        + pod("box", "curlimages/curl:8.5.0")
    )
    assert "Successfully pulled image \"example.com/shop:v1\"" in world.ok("describe pod shop")
    assert world.ok("logs shop") == "shop v1 is starting\n"
    assert world.sh("box", "curl -s shop/any") == "shop v1 on shop: hello \n"
    assert world.sh("box", "curl -s shop/healthz") == "ok"
    assert world.sh("box", "curl -s -w '%{http_code} %{time_total}' shop/slow").startswith("late\n200 3.0")
    assert world.sh("box", "curl -s -w '%{http_code}' shop/broken") == "oh no\n500"
    assert world.sh("shop", "cat /etc/motd; greet") == "welcome\nhello from shop\n"
    world.confirm_no_defects()


def test_a_tag_may_behave_otherwise(world):
    world.apply(pod("shop", "example.com/shop:v2", ""))
    world.run(5)
    status = world.ok("get pod shop -o jsonpath='{.status.containerStatuses[0].lastState.terminated.exitCode}'")
    assert status == "3"
    assert world.ok("logs shop --previous") == "cannot reach the database\n"
    limits = {"resources": {"limits": {"memory": "128Mi"}}}
    world.apply(pod("greedy", "example.com/shop:v3", "", container=limits))
    assert "OOMKilled" in world.ok("describe pod greedy")


def test_a_tag_that_is_not_listed_is_not_there(world):
    world.apply(pod("shop", "example.com/shop:v9", ""))
    assert "ErrImagePull" in world.ok("get pod shop") or "ImagePullBackOff" in world.ok("get pod shop")
    assert "example.com/shop:v9: not found" in world.ok("describe pod shop")


def test_a_bad_update_is_stopped_by_its_first_pod(world):
    world.ok("create deployment shop --image=example.com/shop:v1 --replicas=3")
    probed = {"name": "shop", "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8000}}}
    patch = json.dumps({"spec": {"template": {"spec": {"containers": [probed]}}}})
    world.ok(f"patch deployment shop -p '{patch}'")
    world.run(30)
    world.ok("set image deployment shop shop=example.com/shop:v2")
    world.run(60)
    assert world.ok("get deployment shop -o jsonpath='{.status.availableReplicas} {.status.updatedReplicas}'") == "3 1"
    world.ok("rollout undo deployment shop")
    world.run(30)
    assert world.ok("get deployment shop -o jsonpath='{.status.availableReplicas} {.status.updatedReplicas}'") == "3 3"


def test_an_image_may_begin_from_one_of_the_catalogue(world):
    world.apply(
        image("name: mine\nfrom: nginx:1.25\nfiles: {/usr/share/nginx/html/index.html: \"mine\\n\"}\n", "mine")
        + pod("mine", "mine", "")
        + pod("box", "curlimages/curl:8.5.0")
    )
    address = world.ok("get pod mine -o jsonpath={.status.podIP}")
    assert world.sh("box", f"curl -s {address}") == "mine\n"
    assert "nginx version: nginx/1.25.5" in world.exec("mine", "nginx -v").stderr


def test_an_image_may_be_a_script(world):
    script = "#!/bin/sh\ntrap 'echo bye; exit 0' TERM\necho ready\nwhile true; do sleep 1; done\n"
    text = yaml.safe_dump(
        {"name": "script", "from": "busybox:1.36", "files": {"/run.sh": script}, "entrypoint": ["/run.sh"]}
    )
    world.apply(image(text, "script") + pod("s", "script", ""))
    assert world.ok("logs s") == "ready\n"
    world.sh("s", "kill 1")
    world.run(10)
    assert world.ok("logs s --previous") == "ready\nbye\n"


def test_a_node_keeps_what_it_has_pulled_when_the_description_is_gone(world):
    world.apply(pod("one", "example.com/shop:v1", "", nodeName="k8s-node01"))
    world.ok("delete configmap shop")
    world.apply(pod("again", "example.com/shop:v1", "", nodeName="k8s-node01"))
    world.apply(pod("elsewhere", "example.com/shop:v1", "", nodeName="k8s-node02"))
    assert "Running" in world.ok("get pod again")
    assert "pull access denied" in world.ok("describe pod elsewhere")


def test_an_added_image_is_there_after_a_sleep_of_the_cluster(world):
    world.apply(pod("shop", "example.com/shop:v1", ""))
    asleep = world.cluster.snapshot()
    again = World(cluster=Cluster(world.cluster.config, asleep))
    again.run(5)
    assert again.sh("shop", "wget -qO- localhost:8000/healthz") == "ok"
    again.apply(pod("new", "example.com/shop:v1", ""))
    assert "Running" in again.ok("get pod new")


def test_where_every_image_runs_an_added_one_behaves_as_described():
    world = World(cluster=Cluster(ClusterConfig(registry="any")))
    world.apply(image(SHOP) + pod("shop", "example.com/shop:v2", "", restartPolicy="Never") + pod("other", "x:v9", ""))
    world.run(5)
    assert world.ok("get pod shop -o jsonpath='{.status.containerStatuses[0].state.terminated.exitCode}'") == "3"
    assert "Running" in world.ok("get pod other")


PATH = "data[image.yaml]"


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("- a", [f'{PATH}: Invalid value: "image.yaml": must be a mapping with at least a name']),
        ("a: [", [f'{PATH}: Invalid value: "image.yaml": is not YAML: expected the node content, but found \'<stream end>\' in line 2']),
        ("tags: [v1]", [f"{PATH}.name: Required value: the image's name as manifests write it, without a tag"]),
        ("name: nginx", [f'{PATH}.name: Invalid value: "nginx": is an image of the catalogue; choose a name of your own and begin `from` it']),
        ("name: a:v1", [f'{PATH}.name: Invalid value: "a:v1": must have no tag; tags are listed in `tags`']),
        ("name: Shop", [f'{PATH}.name: Invalid value: "Shop": invalid reference format: repository name (library/Shop) must be lowercase']),
        ("name: a\ntags: v1", [f'{PATH}.tags: Invalid value: "v1": must be a list of tags']),
        ("name: a\ntags: ['v 1']", [f"{PATH}.tags[0]: Invalid value: \"v 1\": must be letters, digits, '_', '.' and '-', at most 128"]),
        ("name: a\nfrom: nope:1", [f'{PATH}.from: Invalid value: "nope:1": must be scratch or an image of the catalogue, such as alpine, busybox or nginx:1.25']),
        ("name: a\nsize: big", [f'{PATH}.size: Invalid value: "big": must be a quantity such as 64Mi']),
        ("name: a\nuser: root", [f'{PATH}.user: Invalid value: "root": must be a whole number between 0 and 65535']),
        ("name: a\ncmd: sleep 1", [f'{PATH}.cmd: Invalid value: "sleep 1": must be a list of texts']),
        ("name: a\nfiles: {etc/x: y}", [f'{PATH}.files: Invalid value: "etc/x": must be the absolute path of a file']),
        ("name: a\nserve: {port: 0}", [f"{PATH}.serve.port: Invalid value: 0: must be a whole number between 1 and 65535"]),
        ("name: a\nserve: {paths: {/: {status: 99}}}", [f"{PATH}.serve.paths[/].status: Invalid value: 99: must be a whole number between 100 and 599"]),
        ("name: a\nbyTag: {v1: {}}", [f'{PATH}.byTag: Unsupported value: "v1": supported values: "latest"']),
        (
            "name: a\nworkingDir: x\nport: 80",
            [
                f'{PATH}.port: Unsupported value: "port": supported values: "name", "tags", "from", "size", "pullSeconds", "startSeconds", "env", "user", "workingDir", "entrypoint", "cmd", "files", "serve", "byTag"',
                f'{PATH}.workingDir: Invalid value: "x": must be an absolute path',
            ],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_description_is_said(text, faults):
    world = World()
    world.terminal.files.write("all.yaml", image(text))
    result = world.kubectl("apply -f all.yaml")
    said = f"[{', '.join(faults)}]" if len(faults) > 1 else faults[0]
    if len(faults) == 1:
        assert result.stderr == f'The ConfigMap "shop" is invalid: {said}\n'
    else:
        lines = "".join(f"* {fault}\n" for fault in faults)
        assert result.stderr == f'The ConfigMap "shop" is invalid: \n{lines}'
    assert result.code == 1


def test_a_label_without_a_description_is_refused():
    world = World()
    world.ok("create configmap plain --from-literal=a=b")
    result = world.kubectl("label configmap plain podarium.dev/image=")
    words = "Required value: a ConfigMap with the label podarium.dev/image describes an image there"
    assert result.stderr == f'The ConfigMap "plain" is invalid: {PATH}: {words}\n'
