"""The commands, typed in a terminal: what they print and what they refuse."""

import pytest

from tests.engine.support import Terminal

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: c
        image: nginx:1.25
"""


@pytest.fixture
def terminal():
    return Terminal({"web.yaml": DEPLOYMENT})


def refused(terminal, line):
    result = terminal.run(line)
    assert (result.code, result.stdout) == (1, ""), result
    return result.stderr


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("kubectl get --foo", "Error: unknown flag: --foo\nSee 'kubectl get --help' for usage.\n"),
        ("kubectl set image -Z", "Error: unknown shorthand flag: 'Z' in -Z\nSee 'kubectl set image --help' for usage.\n"),
        ("kubectl gt", 'Error: unknown command "gt" for "kubectl"\n\nDid you mean this?\n\tset\n\tget\n\tcp\n\n'),
        ("kubectl rollout foo", "error: unknown command \"foo\"\nSee 'kubectl rollout -h' for help and examples\n"),
        ("kubectl create foo", "error: Unexpected args: [foo]\nSee 'kubectl create -h' for help and examples\n"),
        ("kubectl get po a/b/c", "error: there is no need to specify a resource type as a separate argument when passing arguments in "
         "resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'\n"),
        ("kubectl get a/b/c", "error: arguments in resource/name form may not have more than one slash\n"),
        ("kubectl get po/", "error: arguments in resource/name form must have a single resource and name\n"),
        ("kubectl get po x -l a=b", "error: name cannot be provided when a selector is specified\n"),
        ("kubectl get po x -A", "error: a resource cannot be retrieved by name across all namespaces\n"),
        ("kubectl get po --show-labels -o yaml", "error: --show-labels option cannot be used with yaml printer\n"),
        ("kubectl apply", "error: must specify one of -f and -k\n"),
        ("kubectl apply -f nope.yaml", 'error: the path "nope.yaml" does not exist\n'),
        ("kubectl delete", "error: You must provide one or more resources by argument or filename.\nExample resource specifications "
         "include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'\n"),
        ("kubectl delete po x --cascade=foo", 'error: invalid cascade value (foo). Must be "background", "foreground", or "orphan"\n'),
        ("kubectl delete po x --now --grace-period=3", "error: --now and --grace-period cannot be specified together\n"),
        ("kubectl patch deploy web", "error: must specify --patch or --patch-file containing the contents of the patch\n"),
        ("kubectl patch deploy web --type=foo -p '{}'", 'error: --type must be one of [json merge strategic], not "foo"\n'),
        ("kubectl label po x", "error: at least one label update is required\n"),
        ("kubectl label", "error: one or more resources must be specified as <resource> <name> or <resource>/<name>\n"),
        ("kubectl create ns", "error: exactly one NAME is required, got 0\nSee 'kubectl create namespace -h' for help and examples\n"),
        ("kubectl create cm x --from-literal=a", "error: invalid literal source a, expected key=value\n"),
        ("kubectl run x --image=n::", 'error: Invalid image name "n::": invalid reference format\n'),
        ("kubectl set image deploy/d a=b --dry-run=foo", 'error: Invalid dry-run value (foo). Must be "none", "server", or "client".\n'),
        ("kubectl rollout status", "error: required resource not specified\n"),
        ("kubectl describe pod nope", 'Error from server (NotFound): pods "nope" not found\n'),
        ("kubectl get po -n nope x", 'Error from server (NotFound): pods "x" not found\n'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_kubectls_words(terminal, line, message):
    assert refused(terminal, line) == message


def test_get_without_a_type_says_what_is_missing(terminal):
    assert refused(terminal, "kubectl get") == (
        'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.\n\n'
        'error: Required resource not specified.\nUse "kubectl explain <resource>" for a detailed description of that resource '
        "(e.g. kubectl explain pods).\nSee 'kubectl get -h' for help and examples\n"
    )


def test_an_unknown_field_is_refused_by_the_server_and_nothing_changes(terminal):
    terminal.files.write("bad.yaml", DEPLOYMENT.replace("replicas:", "replcas:"))
    revision = terminal.cluster.revision
    assert refused(terminal, "kubectl create -f bad.yaml") == (
        'Error from server (BadRequest): error when creating "bad.yaml": Deployment in version "v1" cannot be handled as a Deployment: '
        'strict decoding error: unknown field "spec.replcas"\n'
    )
    assert terminal.cluster.revision == revision


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: b: c\n",
            "error: error parsing x.yaml: error converting YAML to JSON: yaml: mapping values are not allowed in this context\n",
        ),
        (
            "apiVersion: v1\n",
            'error: error validating "x.yaml": error validating data: kind not set; if you choose to ignore these errors, turn '
            "validation off with --validate=false\n",
        ),
        (
            "foo\n",
            'error: error validating "x.yaml": error validating data: invalid object to validate; if you choose to ignore these '
            "errors, turn validation off with --validate=false\n",
        ),
        ("", "error: no objects passed to apply\n"),
        (
            "apiVersion: apps/v1\nkind: Deploymentt\nmetadata: {name: x}\n",
            'error: resource mapping not found for name: "x" namespace: "" from "x.yaml": no matches for kind "Deploymentt" in version '
            '"apps/v1"\nensure CRDs are installed first\n',
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: [a]}\n",
            'error: unable to decode "x.yaml": json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type '
            "map[string]string\n",
        ),
    ],
)
def test_a_manifest_that_is_none_is_refused(terminal, text, message):
    terminal.files.write("x.yaml", text)
    assert refused(terminal, "kubectl apply -f x.yaml") == message


def test_what_stands_before_the_first_fault_of_a_file_is_applied(terminal):
    terminal.files.write("x.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\na: b: c\n")
    result = terminal.run("kubectl apply -f x.yaml")
    assert (result.code, result.stdout) == (1, "configmap/a created\n")
    assert result.stderr.startswith("error: error parsing x.yaml: error converting YAML to JSON: yaml: ")


def test_several_errors_are_told_one_a_line(terminal):
    assert refused(terminal, "kubectl get po a b") == (
        'Error from server (NotFound): pods "a" not found\nError from server (NotFound): pods "b" not found\n'
    )


def test_apply_keeps_the_configuration_and_says_what_it_did(terminal):
    assert terminal.ok("kubectl apply -f web.yaml") == "deployment.apps/web created\n"
    assert terminal.ok("kubectl apply -f web.yaml") == "deployment.apps/web unchanged\n"
    terminal.files.write("web.yaml", DEPLOYMENT.replace("nginx:1.25", "nginx:1.26"))
    assert terminal.ok("kubectl apply -f web.yaml") == "deployment.apps/web configured\n"
    managers = terminal.ok("kubectl get deploy web -o jsonpath='{.metadata.managedFields[*].manager}'")
    assert "kubectl-client-side-apply" in managers.split()


def test_apply_says_that_an_annotation_was_missing(terminal):
    terminal.ok("kubectl create -f web.yaml")
    result = terminal.run("kubectl apply -f web.yaml")
    assert (result.code, result.stdout) == (0, "deployment.apps/web configured\n")
    assert result.stderr == (
        "Warning: resource deployments/web is missing the kubectl.kubernetes.io/last-applied-configuration annotation which is "
        "required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create "
        "--save-config or kubectl apply. The missing annotation will be patched automatically.\n"
    )


def test_a_refused_change_of_apply_shows_the_invalid_field(terminal):
    terminal.ok("kubectl apply -f web.yaml")
    terminal.files.write("web.yaml", DEPLOYMENT.replace("{app: web}", "{app: other}"))
    assert refused(terminal, "kubectl apply -f web.yaml") == (
        'The Deployment "web" is invalid: spec.selector: Invalid value: '
        'v1.LabelSelector{MatchLabels:map[string]string{"app":"other"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: '
        "field is immutable\n"
    )


@pytest.mark.parametrize(
    ("line", "stdout"),
    [
        ("kubectl create deployment x --image=nginx --dry-run=client", "deployment.apps/x created (dry run)\n"),
        ("kubectl create deployment x --image=nginx --dry-run=server", "deployment.apps/x created (server dry run)\n"),
        ("kubectl create deployment x --image=nginx --dry-run=client -o name", "deployment.apps/x\n"),
        ("kubectl create cm x --from-literal=a=b --dry-run=client", "configmap/x created (dry run)\n"),
    ],
)
def test_a_dry_run_changes_nothing(terminal, line, stdout):
    revision = terminal.cluster.revision
    assert terminal.ok(line) == stdout
    assert terminal.cluster.revision == revision


def test_a_generator_shows_its_object(terminal):
    assert terminal.ok("kubectl create secret generic s --from-literal=a=b --dry-run=client -o yaml") == (
        "apiVersion: v1\ndata:\n  a: Yg==\nkind: Secret\nmetadata:\n  creationTimestamp: null\n  name: s\n"
    )
    assert terminal.ok(
        "kubectl create service nodeport x --tcp=80:8080 --node-port=30000 --dry-run=client -o yaml"
    ) == (
        "apiVersion: v1\nkind: Service\nmetadata:\n  creationTimestamp: null\n  labels:\n    app: x\n  name: x\nspec:\n  ports:\n"
        "  - name: 80-8080\n    nodePort: 30000\n    port: 80\n    protocol: TCP\n    targetPort: 8080\n  selector:\n    app: x\n"
        "  type: NodePort\nstatus:\n  loadBalancer: {}\n"
    )


def test_labels_say_what_became_of_them(terminal):
    terminal.ok("kubectl create cm x --from-literal=a=b")
    assert terminal.ok("kubectl label cm x a=1") == "configmap/x labeled\n"
    assert terminal.ok("kubectl label cm x a=1") == "configmap/x not labeled\n"
    assert (
        refused(terminal, "kubectl label cm x a=2") == "error: 'a' already has a value (1), and --overwrite is false\n"
    )
    assert terminal.ok("kubectl label cm x a=2 --overwrite") == "configmap/x labeled\n"
    assert terminal.ok("kubectl label cm x a-") == "configmap/x unlabeled\n"
    assert terminal.ok("kubectl label cm x a-") == 'label "a" not found.\nconfigmap/x not labeled\n'


def test_set_changes_all_containers_by_a_star_and_nothing_says_nothing(terminal):
    terminal.ok("kubectl apply -f web.yaml")
    assert terminal.ok("kubectl set image deploy/web '*=nginx:1.26'") == "deployment.apps/web image updated\n"
    assert terminal.ok("kubectl set image deploy/web c=nginx:1.26") == ""
    assert terminal.ok("kubectl get deploy web -o jsonpath='{..image}'") == "nginx:1.26"
    assert terminal.ok("kubectl set env deploy/web A=1 B=2") == "deployment.apps/web env updated\n"
    assert terminal.ok("kubectl set env deploy/web A- C=3") == "deployment.apps/web env updated\n"
    assert terminal.ok("kubectl set env deploy/web --list") == "# Deployment web, container c\nB=2\nC=3\n"


def test_a_rollout_is_followed_in_virtual_time_and_undone(terminal):
    terminal.ok("kubectl apply -f web.yaml")
    assert terminal.ok("kubectl rollout status deploy/web").endswith('deployment "web" successfully rolled out\n')
    terminal.ok("kubectl set image deploy/web c=nginx:1.26")
    terminal.ok("kubectl rollout status deploy/web")
    assert terminal.ok("kubectl rollout undo deploy/web") == "deployment.apps/web rolled back\n"
    assert terminal.ok("kubectl get deploy web -o jsonpath='{..image}'") == "nginx:1.25"
    terminal.settle()
    assert terminal.ok("kubectl rollout history deploy/web") == (
        "deployment.apps/web \nREVISION  CHANGE-CAUSE\n2         <none>\n3         <none>\n\n"
    )


def test_a_statefulset_is_undone_by_its_controller_revisions(terminal):
    terminal.files.write(
        "db.yaml",
        DEPLOYMENT.replace("kind: Deployment", "kind: StatefulSet").replace("  replicas: 2", "  serviceName: web"),
    )
    terminal.ok("kubectl apply -f db.yaml")
    terminal.ok("kubectl rollout status sts/web")
    assert refused(terminal, "kubectl rollout undo sts/web") == "error: no last revision to roll back to\n"
    terminal.ok("kubectl set image sts/web c=nginx:1.26")
    terminal.ok("kubectl rollout status sts/web")
    assert terminal.ok("kubectl rollout undo sts/web") == "statefulset.apps/web rolled back\n"
    assert terminal.ok("kubectl get sts web -o jsonpath='{.spec.template.spec.containers[0].image}'") == "nginx:1.25"


def test_scale_checks_what_it_was_told_to_check(terminal):
    terminal.ok("kubectl apply -f web.yaml")
    assert (
        refused(terminal, "kubectl scale deploy web --current-replicas=9 --replicas=1")
        == "error: Expected replicas to be 9, was 2\n"
    )
    assert (
        terminal.ok("kubectl scale deploy/web --current-replicas=2 --replicas=3 --timeout=1m")
        == "deployment.apps/web scaled\n"
    )
    assert terminal.ok("kubectl get deploy web -o jsonpath='{.spec.replicas}'") == "3"


def test_delete_waits_until_the_pod_is_gone(terminal):
    terminal.ok("kubectl run x --image=nginx")
    terminal.settle()
    before_us = terminal.cluster.clock.now_us
    assert terminal.ok("kubectl delete pod x") == 'pod "x" deleted\n'
    assert terminal.cluster.clock.now_us > before_us
    assert terminal.run("kubectl get pod x").stderr == 'Error from server (NotFound): pods "x" not found\n'


def test_delete_gives_up_after_its_timeout(terminal):
    terminal.ok("kubectl create cm x --from-literal=a=b")
    terminal.ok("""kubectl patch cm x -p '{"metadata":{"finalizers":["example.com/hold"]}}'""")
    result = terminal.run("kubectl delete cm x --timeout=3s")
    assert (result.code, result.stdout) == (1, 'configmap "x" deleted\n')
    assert result.stderr == "error: timed out waiting for the condition on configmaps/x\n"


def test_columns_of_labels_and_sorting(terminal):
    for name, tier in (("b", "two"), ("a", "one")):
        terminal.ok(f"kubectl create cm {name} --from-literal=x=y")
        terminal.ok(f"kubectl label cm {name} tier={tier}")
    assert terminal.ok("kubectl get cm a b -L tier --no-headers") == "a     1     0s    one\nb     1     0s    two\n"
    assert terminal.ok("kubectl get cm -l tier --sort-by=.metadata.labels.tier -o name") == "configmap/a\nconfigmap/b\n"
    assert terminal.ok("kubectl get cm -l tier -o custom-columns=N:.metadata.name,T:.metadata.labels.tier,X:.nope") == (
        "N     T     X\na     one   <none>\nb     two   <none>\n"
    )


def test_what_kubectl_does_not_find_it_says_on_standard_error(terminal):
    result = terminal.run("kubectl get deploy,sts")
    assert (result.code, result.stdout, result.stderr) == (0, "", "No resources found in default namespace.\n")
    assert terminal.run("kubectl get pv").stderr == "No resources found\n"


def test_help_shows_the_usage_and_the_flags(terminal):
    text = terminal.ok("kubectl rollout undo --help")
    assert "Usage:\n  kubectl rollout undo (TYPE NAME | TYPE/NAME) [flags] [options]\n" in text
    assert "    --to-revision=0:\n\tThe revision to go back to; 0 means the one before\n" in text
    assert terminal.ok("kubectl --help").splitlines()[0] == "kubectl controls the Kubernetes cluster manager."


def test_the_namespace_flag_may_stand_before_the_command(terminal):
    terminal.ok("kubectl create ns team-a")
    assert terminal.ok("kubectl -n team-a create cm x --from-literal=a=b") == "configmap/x created\n"
    assert terminal.ok("kubectl get -n team-a cm x -o name") == "configmap/x\n"


def test_a_file_of_another_namespace_is_refused(terminal):
    terminal.files.write("x.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: a}\n")
    assert refused(terminal, "kubectl apply -f x.yaml -n b") == (
        'error: the namespace from the provided object "a" does not match the namespace "b". '
        "You must pass '--namespace=a' to perform this operation.\n"
    )
