"""The real kubectl against a server of its own."""

# ruff: noqa: E501 - one whole message a line
from __future__ import annotations

import json
import re

import pytest

from tests.api.real import Server

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
spec:
  replicas: 2
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: c, image: "nginx:1.25"}
"""


def deploy(server: Server, name: str) -> None:
    server.write(f"{name}.yaml", DEPLOYMENT.replace("NAME", name))
    assert server.kubectl(f"apply -f {name}.yaml") == f"deployment.apps/{name} created\n"


def test_apply_creates_configures_and_leaves_alone(server: Server) -> None:
    deploy(server, "applied")
    assert server.kubectl("apply -f applied.yaml") == "deployment.apps/applied unchanged\n"
    server.run("sed -i 's/replicas: 2/replicas: 3/' applied.yaml")
    diff = server.run("kubectl diff -f applied.yaml")
    assert diff.code == 1
    assert "-  replicas: 2\n+  replicas: 3\n" in diff.stdout
    assert server.kubectl("apply -f applied.yaml") == "deployment.apps/applied configured\n"
    assert server.run("kubectl diff -f applied.yaml").code == 0
    assert server.kubectl("get deploy applied -o jsonpath={.spec.replicas}") == "3"
    server.kubectl("delete -f applied.yaml")


def test_server_side_apply_tells_of_conflicts(server: Server) -> None:
    server.write("owned.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: owned}\ndata: {a: one, b: two}\n")
    assert server.kubectl("apply --server-side -f owned.yaml") == "configmap/owned serverside-applied\n"
    server.run("sed -i 's/a: one, b: two/a: other/' owned.yaml")
    conflict = server.kubectl("apply --server-side --field-manager=rival -f owned.yaml", fails=True)
    assert conflict == (
        'error: Apply failed with 1 conflict: conflict with "kubectl": .data.a\n'
        "Please review the fields above--they currently have other managers. Here\n"
        "are the ways you can resolve this warning:\n"
        "* If you intend to manage all of these fields, please re-run the apply\n"
        "  command with the `--force-conflicts` flag.\n"
        "* If you do not intend to manage all of the fields, please edit your\n"
        "  manifest to remove references to the fields that should keep their\n"
        "  current managers.\n"
        "* You may co-own fields by updating your manifest to match the existing\n"
        "  value; in this case, you'll become the manager if the other manager(s)\n"
        "  stop managing the field (remove it from their configuration).\n"
        "See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts\n"
    )
    assert server.kubectl("apply --server-side --field-manager=rival --force-conflicts -f owned.yaml") == "configmap/owned serverside-applied\n"
    assert json.loads(server.kubectl("get cm owned -o jsonpath={.data}")) == {"a": "other", "b": "two"}


def test_a_rollout_is_followed_paused_and_undone(server: Server) -> None:
    deploy(server, "rolled")
    last = server.kubectl("rollout status deploy/rolled --timeout=30s").splitlines()[-1]
    assert last == 'deployment "rolled" successfully rolled out'
    assert server.kubectl("set image deploy/rolled c=nginx:1.26") == "deployment.apps/rolled image updated\n"
    server.kubectl("rollout status deploy/rolled --timeout=30s")
    assert server.kubectl("rollout history deploy/rolled") == "deployment.apps/rolled \nREVISION  CHANGE-CAUSE\n1         <none>\n2         <none>\n\n"
    assert server.kubectl("rollout undo deploy/rolled") == "deployment.apps/rolled rolled back\n"
    server.kubectl("rollout status deploy/rolled --timeout=30s")
    assert server.kubectl("get deploy rolled -o jsonpath={.spec.template.spec.containers[0].image}") == "nginx:1.25"
    assert server.kubectl("rollout restart deploy/rolled") == "deployment.apps/rolled restarted\n"
    assert server.kubectl("rollout pause deploy/rolled") == "deployment.apps/rolled paused\n"
    assert server.kubectl("rollout resume deploy/rolled") == "deployment.apps/rolled resumed\n"
    assert server.kubectl("delete deploy rolled --wait") == 'deployment.apps "rolled" deleted\n'


def test_waiting_for_conditions_and_for_the_end(server: Server) -> None:
    server.kubectl("run waited --image=nginx:1.25")
    assert server.kubectl("wait pod/waited --for=condition=Ready --timeout=30s") == "pod/waited condition met\n"
    assert server.kubectl("wait pod/waited --for=jsonpath='{.status.phase}'=Running --timeout=5s") == "pod/waited condition met\n"
    late = server.run("kubectl wait pod/waited --for=condition=Absent --timeout=1s")
    assert (late.code, late.stderr) == (1, "error: timed out waiting for the condition on pods/waited\n")
    server.kubectl("delete pod waited --wait=false --grace-period=1")
    assert server.kubectl("wait pod/waited --for=delete --timeout=30s") in ("pod/waited condition met\n", "")
    assert server.kubectl("get pod waited", fails=True) == 'Error from server (NotFound): pods "waited" not found\n'


def test_a_watch_shows_a_pod_come_and_go(server: Server) -> None:
    script = (
        "kubectl get pods -l run=watched --watch --request-timeout=5s > seen & "
        "sleep 1; kubectl run watched --image=nginx:1.25; kubectl wait pod/watched --for=condition=Ready --timeout=20s; "
        "kubectl delete pod watched --grace-period=1; wait %1; cat seen"
    )
    seen = server.run(script).stdout
    states = re.findall(r"^watched +\d/1 +(\w+)", seen, re.M)
    assert states[:3] == ["Pending", "Pending", "ContainerCreating"]
    assert "Running" in states
    assert states[-1] in ("Terminating", "Completed")


def test_what_a_person_changes_by_hand(server: Server) -> None:
    deploy(server, "changed")
    assert server.kubectl("scale deploy/changed --replicas=4") == "deployment.apps/changed scaled\n"
    assert server.kubectl("scale deploy/changed --current-replicas=1 --replicas=2", fails=True) == "error: Expected replicas to be 1, was 4\n"
    assert server.kubectl("label deploy/changed tier=web") == "deployment.apps/changed labeled\n"
    assert server.kubectl("label deploy/changed tier=db", fails=True) == "error: 'tier' already has a value (web), and --overwrite is false\n"
    assert server.kubectl("annotate deploy/changed note='of mine'") == "deployment.apps/changed annotated\n"
    assert server.kubectl("label deploy/changed tier-") == "deployment.apps/changed unlabeled\n"
    for kind, patch in (
        ("strategic", '{"spec":{"replicas":1}}'),
        ("merge", '{"metadata":{"annotations":{"note":null}}}'),
        ("json", '[{"op":"replace","path":"/spec/replicas","value":2}]'),
    ):
        assert server.kubectl(f"patch deploy changed --type={kind} -p '{patch}'") == "deployment.apps/changed patched\n"
    assert server.kubectl("get deploy changed -o jsonpath='{.spec.replicas} {.metadata.annotations.note}'") == "2 "
    server.kubectl("delete deploy changed --wait=false")


def test_nodes_are_tainted_cordoned_and_drained(server: Server) -> None:
    assert server.kubectl("taint node k8s-node03 key=value:NoSchedule") == "node/k8s-node03 tainted\n"
    assert server.kubectl("taint node k8s-node03 key-") == "node/k8s-node03 untainted\n"
    assert server.kubectl("cordon k8s-node03") == "node/k8s-node03 cordoned\n"
    assert re.search(r"k8s-node03 +Ready,SchedulingDisabled", server.kubectl("get nodes"))
    assert server.kubectl("uncordon k8s-node03") == "node/k8s-node03 uncordoned\n"
    deploy(server, "drained")
    server.kubectl("rollout status deploy/drained --timeout=30s")
    node = server.kubectl("get pods -l app=drained -o jsonpath={.items[0].spec.nodeName}")
    told = server.kubectl(f"drain {node} --ignore-daemonsets --delete-emptydir-data --force --timeout=40s")
    assert told.startswith(f"node/{node} cordoned\n")
    assert told.endswith(f"node/{node} drained\n")
    server.kubectl(f"uncordon {node}")
    server.kubectl("delete deploy drained --wait=false")


def test_a_budget_holds_an_eviction_back(server: Server) -> None:
    server.kubectl("run guarded --image=nginx:1.25 --labels=app=guarded")
    server.kubectl("wait pod/guarded --for=condition=Ready --timeout=20s")
    server.kubectl("create pdb guard --selector=app=guarded --min-available=1")
    server.kubectl("wait pdb/guard --for=jsonpath='{.status.currentHealthy}'=1 --timeout=20s")
    server.write("evict.json", '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"guarded","namespace":"default"}}')
    refused = server.kubectl("create --raw /api/v1/namespaces/default/pods/guarded/eviction -f evict.json", fails=True)
    assert "Cannot evict pod as it would violate the pod's disruption budget." in refused
    server.kubectl("delete pdb/guard pod/guarded --grace-period=1")


def test_explain_and_api_resources_know_the_kinds(server: Server) -> None:
    explained = server.kubectl("explain deployment.spec.strategy.rollingUpdate.maxSurge")
    assert explained.startswith("GROUP:      apps\nKIND:       Deployment\nVERSION:    v1\n\nFIELD: maxSurge <IntOrString>")
    assert re.search(r"^deployments +deploy +apps/v1 +true +Deployment$", server.kubectl("api-resources"), re.M)
    assert "rbac.authorization.k8s.io/v1" in server.kubectl("api-versions").splitlines()
    assert '"gitVersion": "v1.32.4"' in server.kubectl("version -o json")


def test_unknown_fields_are_refused_warned_of_or_ignored(server: Server) -> None:
    server.write("odd.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: odd}\nspec: {x: 1}\n")
    strict = server.kubectl("apply -f odd.yaml", fails=True)
    assert strict == 'Error from server (BadRequest): error when creating "odd.yaml": ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "spec"\n'
    warned = server.run("kubectl apply --validate=warn -f odd.yaml")
    assert (warned.stdout, warned.stderr) == ("configmap/odd created\n", 'Warning: unknown field "spec"\n')
    assert server.kubectl("delete cm odd --dry-run=server") == 'configmap "odd" deleted (server dry run)\n'
    assert server.kubectl("delete cm odd") == 'configmap "odd" deleted\n'


def test_tokens_and_what_they_may_do(server: Server) -> None:
    server.kubectl("create ns team")
    server.kubectl("create sa bot -n team")
    token = server.kubectl("create token bot -n team --duration=1h").strip()
    who = server.kubectl(f"auth whoami --token={token} -o jsonpath={{.status.userInfo.username}}")
    assert who == "system:serviceaccount:team:bot"
    assert server.run("kubectl auth can-i list pods -n team --as=system:serviceaccount:team:bot").stdout == "no\n"
    refused = server.kubectl("get pods -n team --token=" + token, fails=True)
    assert refused == 'Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:team:bot" cannot list resource "pods" in API group "" in the namespace "team"\n'
    server.kubectl("create role reader --verb=get,list,watch --resource=pods -n team")
    server.kubectl("create rolebinding reads --role=reader --serviceaccount=team:bot -n team")
    assert server.kubectl("auth can-i list pods -n team --as=system:serviceaccount:team:bot") == "yes\n"
    allowed = server.run(f"kubectl get pods -n team --token={token}")
    assert (allowed.code, allowed.stderr) == (0, "No resources found in team namespace.\n")
    listed = server.kubectl("auth can-i --list -n team --as=system:serviceaccount:team:bot")
    assert re.search(r"^pods +\[\] +\[\] +\[get list watch\]$", listed, re.M)
    assert server.kubectl("get pods --token=wrong", fails=True) == "error: You must be logged in to the server (Unauthorized)\n"
    server.kubectl("delete ns team")


def test_whoami(server: Server) -> None:
    assert server.kubectl("auth whoami") == (
        "ATTRIBUTE   VALUE\nUsername    system:admin\nGroups      [system:masters system:authenticated]\n"
    )
    assert "[devs system:authenticated]" in server.kubectl("auth whoami --as=ann --as-group=devs")


def test_a_large_list_comes_in_pages(server: Server) -> None:
    server.run("for i in $(seq 12); do echo '---'; printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: page%s, labels: {page: yes}}\\n' $i | sed 's/yes/\"1\"/'; done > pages.yaml")
    server.kubectl("apply -f pages.yaml")
    names = server.kubectl("get cm -l page=1 --chunk-size=5 -o name").split()
    assert len(names) == 12
    assert server.kubectl("delete cm -l page=1").count("deleted") == 12


@pytest.mark.parametrize("url", ["/healthz", "/livez", "/readyz"])
def test_raw_paths(server: Server, url: str) -> None:
    assert server.kubectl(f"get --raw {url}") == "ok"
    assert f"{url[1:]} check passed" in server.kubectl(f"get --raw '{url}?verbose'")


def test_every_check_of_the_server_s_health_has_a_name(server: Server) -> None:
    lines = server.kubectl("get --raw '/livez?verbose'").splitlines()
    assert "[+]poststarthook/start-apiextensions-controllers ok" in lines
    assert "[+]autoregister-completion ok" in lines
    assert server.kubectl("get --raw /livez/poststarthook/crd-informer-synced") == "ok"
