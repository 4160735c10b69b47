"""`kubectl auth can-i`. Follows cani.go and pkg/util/rbac."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl import policy_rules
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, ExitCode
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.printers.tabwriter import TableWriter
from cluster_engine.kubectl.process import Process

_VERBS = frozenset({
    "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "use", "bind", "impersonate",
    "*", "approve", "sign", "escalate", "attest",
})  # fmt: skip
_PATH_VERBS = frozenset({"get", "put", "post", "head", "options", "delete", "patch", "*"})
_NOT_IN_DISCOVERY = frozenset({"users", "groups"})


def run(call: Invocation) -> Process:
    flags = call.flags
    if flags.on("list"):
        if call.args:
            raise CommandError("list option must be specified with no arguments")
        if flags.on("quiet") or flags.on("all-namespaces") or flags.string("subresource"):
            raise CommandError(
                "list option can't be specified with neither quiet, all-namespaces nor subresource options"
            )
        _list(call)
        return 0
    allowed = _check(call)
    if not allowed:
        raise ExitCode(1)
    return 0
    yield


def _check(call: Invocation) -> bool:
    if len(call.args) != 2:
        raise CommandError(
            "you must specify two arguments: verb resource or verb resource/resourceName.\n"
            "See 'kubectl auth can-i -h' for help and examples."
        )
    verb, what = call.args
    spec = _path_question(call, verb, what) if what.startswith("/") else _resource_question(call, verb, what)
    if call.flags.on("no-headers"):
        raise CommandError("--no-headers cannot be set without --list specified")
    status = _review(call, "selfsubjectaccessreviews", "SelfSubjectAccessReview", spec)
    allowed = bool(status.get("allowed"))
    if not call.flags.on("quiet"):
        reasons = [status[field] for field in ("reason", "evaluationError") if status.get(field)]
        call.factory.out.line("yes" if allowed else " - ".join(["no", *reasons]))
    return allowed


def _path_question(call: Invocation, verb: str, path: str) -> Obj:
    if call.flags.string("subresource"):
        raise CommandError("--subresource can not be used with NonResourceURL")
    if verb not in _PATH_VERBS:
        call.factory.warn(f"verb '{verb}' is not a known verb\n")
    return {"nonResourceAttributes": {"path": path, "verb": verb}}


def _resource_question(call: Invocation, verb: str, what: str) -> Obj:
    word, _, name = what.partition("/")
    factory = call.factory
    resource = None if word == "*" else factory.mapper.scheme.lookup(word.lower())
    group, plural = ("", word) if resource is None else (resource.group, resource.plural)
    if resource is None and word != "*" and word not in _NOT_IN_DISCOVERY:
        head, _, rest = word.lower().partition(".")
        where = f" in group '{rest}'" if rest else ""
        factory.warn(f"the server doesn't have a resource type '{head}'{where}\n")
    everywhere = call.flags.on("all-namespaces")
    if not everywhere:
        if resource is not None and not resource.namespaced:
            _warn_scope(call, resource)
        if verb not in _VERBS:
            factory.warn(f"verb '{verb}' is not a known verb\n")
    attributes = {
        "group": group,
        "name": name,
        "namespace": "" if everywhere else factory.namespace,
        "resource": plural,
        "subresource": call.flags.string("subresource"),
        "verb": verb,
    }
    return {"resourceAttributes": {key: value for key, value in attributes.items() if value}}


def _warn_scope(call: Invocation, resource: Resource) -> None:
    where = f" in group '{resource.group}'" if resource.group else ""
    call.factory.warn(f"resource '{resource.plural}' is not namespace scoped{where}\n")


def _review(call: Invocation, plural: str, kind: str, spec: Obj) -> Obj:
    """A review's status."""
    factory = call.factory
    resource = factory.mapper.get(f"{plural}.authorization.k8s.io")
    if resource is None:
        raise CommandError("the server could not find the requested resource")
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "metadata": {}, "spec": spec}
    answer: Obj = factory.request("create", resource, body=body)
    return answer.get("status") or {}


def _list(call: Invocation) -> None:
    spec = {"namespace": call.factory.namespace}
    status = _review(call, "selfsubjectrulesreviews", "SelfSubjectRulesReview", spec)
    if status.get("incomplete"):
        call.factory.warn(f"the list may be incomplete: {status.get('evaluationError', '')}")
    rules = [*(status.get("resourceRules") or ()), *(status.get("nonResourceRules") or ())]
    head = [] if call.flags.on("no-headers") else [list(policy_rules.HEADERS)]
    call.factory.out.write(TableWriter().render([*head, *policy_rules.rows(rules)]))


COMMAND = Command(
    "can-i",
    "Check whether an action is allowed",
    run,
    use="VERB [TYPE | TYPE/NAME | NONRESOURCEURL] [options]",
    long="Says whether an action is allowed: yes (exit code 0) or no (exit code 1).",
    example="kubectl auth can-i create pods\n\nkubectl auth can-i list secrets --as=system:serviceaccount:default:bot"
    "\n\nkubectl auth can-i --list",
    completes="nothing",
    flags=(
        common.ALL_NAMESPACES,
        Flag("list", "bool", help="Shows everything that is allowed in the namespace"),
        Flag("no-headers", "bool", help="Leaves the line of headers out"),
        Flag("quiet", "bool", shorthand="q", help="Says nothing; the exit code answers"),
        Flag("subresource", help="A subresource such as log or scale"),
    ),
)
