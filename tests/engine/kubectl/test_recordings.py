"""What a real kubectl printed, against what the terminal's prints for the same steps."""

import pytest

from tests.engine.kubectl.recordings import DATA, difference, play

NEWER_WORDS = "the recorded server is v1.20, whose message, field or default differs from v1.32"
NOT_YET = "a command or kind that the playground does not have yet"
OWN_CLUSTER = "the playground's nodes are others than the recorded ones"
# (recording, beginning of the command) → why the step may differ.
DIFFERENT = {
    ("errors-commands", "kubectl patch sts s"): NEWER_WORDS,
    ("errors-commands", "kubectl autoscale"): NOT_YET,
    ("errors-commands", "kubectl cordon"): NOT_YET,
    ("errors-create", "kubectl create --validate=false -f bad-quantity.yaml"): NEWER_WORDS,
    ("errors-create", "kubectl create --validate=false -f request-over-limit.yaml"): NEWER_WORDS,
    ("errors-create", "kubectl create --validate=false -f bad-env-name.yaml"): NEWER_WORDS,
    ("errors-create", "kubectl create --validate=false -f cm-number.yaml"): NEWER_WORDS,
    ("errors-create", "kubectl create --validate=false -f pvc-bad-mode.yaml"): NEWER_WORDS,
    ("errors-create", "kubectl create --validate=false -f job-restart-always.yaml"): NOT_YET,
    ("errors-create", "kubectl create --validate=false -f node-selector-num.yaml"): NEWER_WORDS,
    ("errors-create", "kubectl create --validate=false -f selector-op-bad.yaml"): NEWER_WORDS,
    ("errors-create", "kubectl create --validate=false -f quota-bad.yaml"): NOT_YET,
    ("kubectl-reading", "kubectl get endpoints"): OWN_CLUSTER,
    ("kubectl-reading", "kubectl describe svc web"): NEWER_WORDS,
    ("kubectl-reading", "kubectl get nodes"): OWN_CLUSTER,
    ("kubectl-reading", "kubectl describe node"): OWN_CLUSTER,
    ("kubectl-reading", "kubectl explain"): NOT_YET,
    ("kubectl-reading", "kubectl api-"): NOT_YET,
    ("kubectl-reading", "kubectl wait"): NOT_YET,
    ("kubectl-reading", "kubectl diff"): NOT_YET,
    ("patch-apply", "kubectl replace"): NOT_YET,
    ("services", "kubectl describe svc"): NEWER_WORDS,
    ("statefulset-document", "kubectl create -f sts-web.yaml"): NEWER_WORDS,
    ("statefulset-document", "kubectl get endpoints nginx"): OWN_CLUSTER,
    ("statefulset-document", "for p in"): NOT_YET,
    ("sts-ondelete", "kubectl get sts s -o jsonpath"): NEWER_WORDS,
    ("sts-partition", "kubectl get sts s -o jsonpath"): NEWER_WORDS,
    ("sts-volumes", "kubectl get events"): NEWER_WORDS,
}


@pytest.mark.parametrize("name", sorted(path.stem for path in DATA.glob("*.yaml")))
def test_every_step_prints_what_was_recorded(name):
    differences = {}
    for step in play(name):
        allowed = any(recording == name and step.command.startswith(head) for recording, head in DIFFERENT)
        found = difference(step)
        if found and not allowed:
            differences[step.command] = found
    assert differences == {}
