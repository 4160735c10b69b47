"""A whole pod spec, and the pod template around it. Follows ValidatePodSpec and ValidatePodTemplateSpec (v1.32)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.podspec.containers import (
    PodContext,
    image_whitespace,
    validate_containers,
    validate_ephemeral_containers,
    validate_init_containers,
)
from cluster_engine.api.core.podspec.resources import validate_resources
from cluster_engine.api.core.podspec.scheduling import validate_affinity, validate_tolerations, validate_topology_spread
from cluster_engine.api.core.podspec.security import validate_pod_security
from cluster_engine.api.core.podspec.volumes import validate_volumes
from cluster_engine.api.memo import IdentityMemo
from cluster_engine.apimachinery.errors import duplicate, forbidden_field, invalid_value, not_supported, required
from cluster_engine.apimachinery.gotext import string_slice
from cluster_engine.apimachinery.meta import Obj

RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_MAX_NAMESERVERS = 3
_MAX_SEARCHES = 32
_MAX_SEARCH_CHARACTERS = 2048
_MAX_INT32 = 2**31 - 1
_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)

# Parts of specs (lists and maps) and whole template specs that were found valid.
_valid: IdentityMemo[bool] = IdentityMemo()


def validate_template(path: str, template: Obj) -> Errors:
    """A pod template: labels, annotations, spec."""
    meta, spec = template.get("metadata") or {}, template.get("spec") or {}
    errors = checks.labels(f"{path}.labels", meta.get("labels"))
    errors += validate_annotations(f"{path}.annotations", meta.get("annotations"), spec)
    if _valid.get(spec):
        return errors
    faults = validate_pod_spec(f"{path}.spec", spec)
    if spec.get("ephemeralContainers"):
        detail = "ephemeral containers not allowed in pod template"
        faults.append(forbidden_field(f"{path}.spec.ephemeralContainers", detail))
    if not faults:
        _valid.put(spec, True)
    return errors + faults


def validate_annotations(path: str, annotations: dict[str, str] | None, spec: Obj) -> Errors:
    """Annotations of pods and templates, those that Kubernetes reads included."""
    if not annotations:
        return []
    return checks.annotation_map(path, annotations) + pod_annotations(path, annotations, spec)


def pod_annotations(path: str, annotations: dict[str, str], spec: Obj) -> Errors:
    errors: Errors = []
    mirror = annotations.get("kubernetes.io/config.mirror")
    if mirror is not None and not spec.get("nodeName"):
        detail = "must set spec.nodeName if mirror pod annotation is set"
        errors.append(invalid_value(f"{path}[kubernetes.io/config.mirror]", mirror, detail))
    cost = annotations.get("controller.kubernetes.io/pod-deletion-cost")
    if cost is not None and not _is_deletion_cost(cost):
        at = f"{path}[controller.kubernetes.io/pod-deletion-cost]"
        errors.append(invalid_value(at, cost, "must be a 32bit integer"))
    return errors


def _is_deletion_cost(text: str) -> bool:
    if not _INTEGER.fullmatch(text) or text.startswith("+") or (text.lstrip("-").startswith("0") and text != "0"):
        return False
    return -(2**31) <= int(text) <= _MAX_INT32


def validate_pod_spec(path: str, spec: Obj, pod_name: str | None = None) -> Errors:
    """The faults of a spec in Kubernetes' order. `pod_name` is None for a template's spec."""
    errors: Errors = []
    if spec.get("terminationGracePeriodSeconds") is None:
        errors.append(required(f"{path}.terminationGracePeriodSeconds"))
    volumes, faults = validate_volumes(f"{path}.volumes", spec.get("volumes") or [], pod_name or "")
    errors += faults
    context = PodContext(
        volumes,
        spec.get("restartPolicy") or "",
        spec.get("terminationGracePeriodSeconds") or 0,
        spec.get("hostUsers") is not False,
    )
    containers, init_containers = spec.get("containers") or [], spec.get("initContainers") or []
    errors += validate_containers(f"{path}.containers", containers, context)
    if init_containers:
        errors += validate_init_containers(f"{path}.initContainers", init_containers, containers, context)
    if spec.get("ephemeralContainers"):
        others = [*containers, *init_containers]
        errors += validate_ephemeral_containers(
            f"{path}.ephemeralContainers", spec["ephemeralContainers"], others, context
        )
    if spec.get("hostNetwork"):
        errors += _host_network(f"{path}.containers", containers, is_pod=pod_name is not None)
    errors += checks.enum(f"{path}.restartPolicy", spec.get("restartPolicy"), RESTART_POLICIES)
    errors += checks.enum(f"{path}.dnsPolicy", spec.get("dnsPolicy"), _DNS_POLICIES)
    if spec.get("nodeSelector"):
        errors += checks.labels(f"{path}.nodeSelector", spec["nodeSelector"])
    if spec.get("securityContext"):
        errors += validate_pod_security(f"{path}.securityContext", spec["securityContext"], spec)
    errors += _placement(path, spec)
    return errors + _identity(path, spec)


def _placement(path: str, spec: Obj) -> Errors:
    errors: Errors = []
    affinity = spec.get("affinity")
    if affinity and not _valid.get(affinity):
        faults = validate_affinity(f"{path}.affinity", affinity)
        if not faults:
            _valid.put(affinity, True)
        errors += faults
    if spec.get("dnsConfig") or spec.get("dnsPolicy") == "None":
        errors += _dns_config(f"{path}.dnsConfig", spec.get("dnsConfig"), spec.get("dnsPolicy") or "")
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        errors += checks.qualified_name(
            f"{path}.readinessGates[{index}].conditionType", gate.get("conditionType") or ""
        )
    seen: set[str] = set()
    for index, gate in enumerate(spec.get("schedulingGates") or ()):
        name = gate.get("name") or ""
        errors += checks.qualified_name(f"{path}.schedulingGates[{index}]", name)
        if name in seen:
            errors.append(duplicate(f"{path}.schedulingGates[{index}]", name))
        seen.add(name)
    if spec.get("topologySpreadConstraints"):
        errors += validate_topology_spread(f"{path}.topologySpreadConstraints", spec["topologySpreadConstraints"])
    if spec.get("hostUsers") is False:
        for field, shown in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
            if spec.get(field):
                errors.append(forbidden_field(f"{path}.{shown}", "when `hostUsers` is false"))
    return errors


def _identity(path: str, spec: Obj) -> Errors:
    errors: Errors = []
    for field in ("serviceAccountName", "nodeName"):
        if spec.get(field):
            errors += checks.dns_subdomain(f"{path}.{field}", spec[field])
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _MAX_INT32:
        errors.append(
            invalid_value(f"{path}.activeDeadlineSeconds", deadline, f"must be between 1 and {_MAX_INT32}, inclusive")
        )
    for field in ("hostname", "subdomain"):
        if spec.get(field):
            errors += checks.dns_label(f"{path}.{field}", spec[field])
    tolerations = spec.get("tolerations")
    if tolerations and not _valid.get(tolerations):
        faults = validate_tolerations(f"{path}.tolerations", tolerations)
        if not faults:
            _valid.put(tolerations, True)
        errors += faults
    errors += _host_aliases(f"{path}.hostAliases", spec.get("hostAliases") or ())
    for field in ("priorityClassName", "runtimeClassName"):
        if spec.get(field):
            errors += checks.dns_subdomain(f"{path}.{field}", spec[field])
    policy = spec.get("preemptionPolicy")
    if policy is not None:
        errors += checks.enum(f"{path}.preemptionPolicy", policy, ("PreemptLowerPriority", "Never"))
    if spec.get("overhead"):
        errors += validate_resources(f"{path}.overhead", {"limits": spec["overhead"]})
    return errors + _system(f"{path}.os", spec["os"]) if spec.get("os") is not None else errors


def _host_aliases(path: str, aliases: Sequence[Obj]) -> Errors:
    errors: Errors = []
    for index, alias in enumerate(aliases):
        at = f"{path}[{index}]"
        errors += checks.ip_address(f"{at}.ip", alias.get("ip") or "")
        for position, name in enumerate(alias.get("hostnames") or ()):
            errors += checks.dns_subdomain(f"{at}.hostnames[{position}]", name)
    return errors


def _system(path: str, system: Obj) -> Errors:
    name = system.get("name") or ""
    if not name:
        return [required(f"{path}.name", "cannot be empty")]
    return [] if name in ("linux", "windows") else [not_supported(path, name, ("linux", "windows"))]


def _host_network(path: str, containers: list[Obj], *, is_pod: bool) -> Errors:
    errors: Errors = []
    for index, container in enumerate(containers):
        for position, port in enumerate(container.get("ports") or ()):
            asked = port.get("hostPort") or 0
            if (is_pod or asked) and asked != port.get("containerPort"):
                at = f"{path}[{index}].ports[{position}].hostPort"
                errors.append(invalid_value(at, asked, "must match `containerPort` when `hostNetwork` is true"))
    return errors


def _dns_config(path: str, config: Obj | None, policy: str) -> Errors:
    servers = (config or {}).get("nameservers") or []
    if policy == "None":
        if config is None:
            return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")]
        if not servers:
            detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            return [required(f"{path}.nameservers", detail)]
    if config is None:
        return []
    errors: Errors = []
    if len(servers) > _MAX_NAMESERVERS:
        detail = f"must not have more than {_MAX_NAMESERVERS} nameservers"
        errors.append(invalid_value(f"{path}.nameservers", string_slice(servers), detail))
    for index, server in enumerate(servers):
        errors += checks.ip_address(f"{path}.nameservers[{index}]", server)
    searches = config.get("searches") or []
    if len(searches) > _MAX_SEARCHES:
        detail = f"must not have more than {_MAX_SEARCHES} search paths"
        errors.append(invalid_value(f"{path}.searches", string_slice(searches), detail))
    if len(" ".join(searches)) > _MAX_SEARCH_CHARACTERS:
        detail = f"must not have more than {_MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list"
        errors.append(invalid_value(f"{path}.searches", string_slice(searches), detail))
    for index, search in enumerate(searches):
        errors += checks.dns_subdomain(f"{path}.searches[{index}]", search.removesuffix("."))
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errors.append(required(f"{path}.options[{index}]", "must not be empty"))
    return errors


def validate_pod_only(path: str, spec: Obj) -> Errors:
    """What holds for pods but, for the sake of old objects, not for templates."""
    errors: Errors = []
    if not spec.get("serviceAccountName"):
        for index, volume in enumerate(spec.get("volumes") or ()):
            for position, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
                if source.get("serviceAccountToken") is not None:
                    at = f"{path}.volumes[{index}].projected.sources[{position}].serviceAccountToken"
                    errors.append(forbidden_field(at, "must not be specified when serviceAccountName is not set"))
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            errors += image_whitespace(f"{path}.{field}[{index}]", container)
    return errors
