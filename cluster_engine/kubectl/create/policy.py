"""`kubectl create poddisruptionbudget`, `quota` and `priorityclass`. Follows the files of the same names."""

from __future__ import annotations

import re

from cluster_engine.apimachinery import labels, quantity
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create import generate
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process

_AMOUNT = re.compile(r"[0-9]+%?\Z")


def run_budget(call: Invocation) -> Process:
    name = generate.name_of(call)
    flags = call.flags
    least, most = flags.string("min-available"), flags.string("max-unavailable")
    if not flags.string("selector"):
        raise CommandError("a selector must be specified")
    if not least and not most:
        raise CommandError("one of min-available or max-unavailable must be specified")
    if least and most:
        raise CommandError("min-available and max-unavailable cannot be both specified")
    for flag in ("min-available", "max-unavailable"):
        if flags.string(flag) and not _AMOUNT.match(flags.string(flag)):
            raise CommandError(f"invalid format specified for {flag}")
    spec: Obj = {"selector": label_selector(flags.string("selector"))}
    spec["minAvailable" if least else "maxUnavailable"] = _int_or_percent(least or most)
    obj = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": spec}
    return generate.submit(call, obj, what="poddisruptionbudgets:")
    yield


def _int_or_percent(text: str) -> int | str:
    return int(text) if text.isdigit() else text


_OPERATORS = {"in": "In", "notin": "NotIn", "exists": "Exists", "!": "DoesNotExist"}


def label_selector(text: str) -> Obj:
    """A selector as an object has it. Follows metav1.ParseToLabelSelector."""
    try:
        parsed = labels.parse(text)
    except ValueError as error:
        words = str(error).removeprefix("unable to parse requirement: ")
        raise CommandError(f'couldn\'t parse the selector string "{text}": {words}') from None
    found: Obj = {}
    for requirement in parsed.requirements:
        if requirement.operator in ("=", "=="):
            found.setdefault("matchLabels", {})[requirement.key] = requirement.values[0]
            continue
        operator = _OPERATORS.get(requirement.operator)
        if operator is None:
            fault = "isn't supported in label selectors" if requirement.operator in ("gt", "lt") else None
            raise CommandError(f'"{requirement.operator}" {fault or "is not a valid label selector operator"}')
        term: Obj = {"key": requirement.key, "operator": operator}
        if requirement.values:
            term["values"] = list(requirement.values)
        found.setdefault("matchExpressions", []).append(term)
    return found


def run_quota(call: Invocation) -> Process:
    name = generate.name_of(call)
    spec: Obj = {}
    hard = _hard(call.flags.string("hard"))
    if hard:
        spec["hard"] = hard
    scopes = call.flags.string("scopes").split(",") if call.flags.string("scopes") else []
    if "" in scopes:
        raise CommandError('invalid resource quota scope ""')
    if scopes:
        spec["scopes"] = scopes
    obj = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": spec}
    return generate.submit(call, obj, what="quota:")
    yield


def _hard(text: str) -> dict[str, str]:
    amounts: dict[str, str] = {}
    for part in text.split(",") if text else ():
        name, equals, amount = part.partition("=")
        if not equals or "=" in amount:
            raise CommandError(f"Invalid argument syntax {part}, expected <resource>=<value>")
        try:
            amounts[name] = quantity.canonical(amount)
        except quantity.QuantityError as error:
            raise CommandError(str(error)) from None
    return amounts


def run_priority_class(call: Invocation) -> Process:
    name = generate.name_of(call)
    flags = call.flags
    obj: Obj = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "preemptionPolicy": flags.string("preemption-policy"),
        "value": flags.number("value"),
    }
    if flags.on("global-default"):
        obj["globalDefault"] = True
    if flags.string("description"):
        obj["description"] = flags.string("description")
    return generate.submit(call, obj, what="priorityclass:")
    yield


BUDGET = Command(
    "poddisruptionbudget",
    "Create a pod disruption budget with the specified name",
    run_budget,
    aliases=("pdb",),
    use="NAME --selector=SELECTOR --min-available=N [--dry-run=server|client|none] [options]",
    long="Creates a PodDisruptionBudget: how many pods a drain has to leave.",
    example="kubectl create poddisruptionbudget web --selector=app=web --min-available=1",
    completes="nothing",
    flags=(
        *generate.FLAGS,
        Flag("max-unavailable", help="How many pods may be away, as a number or in percent"),
        Flag("min-available", help="How many pods have to stay, as a number or in percent"),
        Flag("selector", help="The labels that choose the pods"),
    ),
)
QUOTA = Command(
    "quota",
    "Create a quota with the specified name",
    run_quota,
    aliases=("resourcequota",),
    use="NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2] [--dry-run=server|client|none] [options]",
    long="Creates a ResourceQuota: what a namespace may use in all.",
    example="kubectl create quota small --hard=cpu=1,memory=1G,pods=2",
    completes="nothing",
    flags=(
        *generate.FLAGS,
        Flag("hard", help="The limits, such as cpu=1,pods=10"),
        Flag("scopes", help="Which objects count, such as BestEffort"),
    ),
)
PRIORITY_CLASS = Command(
    "priorityclass",
    "Create a priority class with the specified name",
    run_priority_class,
    aliases=("pc",),
    use="NAME --value=VALUE --global-default=BOOL [--dry-run=server|client|none] [options]",
    long="Creates a PriorityClass: which pods go first.",
    example='kubectl create priorityclass high --value=1000 --description="goes first"',
    completes="nothing",
    flags=(
        *generate.FLAGS,
        Flag("description", help="When to use it"),
        Flag("global-default", "bool", help="Pods without a class get this one"),
        Flag("preemption-policy", default="PreemptLowerPriority", help="PreemptLowerPriority or Never"),
        Flag("value", "int32", help="The priority"),
    ),
)
