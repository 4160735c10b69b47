"""The environment of a container. Follows pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables) and
pkg/kubelet/envvars.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable

from cluster_engine.apimachinery.meta import Obj

# (resource, name) -> the object of the pod's namespace, or None.
Lookup = Callable[[str, str], Obj | None]
# Printable, and no "=". Follows IsRelaxedEnvVarName, which v1.32 goes by.
_NAME = re.compile(r"[ -<>-~]+")
_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)|\$")


def expand(text: str, values: dict[str, str]) -> str:
    """`$(NAME)` is replaced where the name is known, `$$` is a dollar. Follows k8s.io/kubernetes/third_party/forked/
    golang/expansion.
    """
    if "$" not in text:
        return text

    def replaced(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        name = found[1]
        return values.get(name, found[0]) if name is not None else "$"

    return _REFERENCE.sub(replaced, text)


def service_variables(services: Iterable[Obj]) -> dict[str, str]:
    """What every container knows of the Services that were there before it."""
    values: dict[str, str] = {}
    for service in services:
        spec = service["spec"]
        address = spec.get("clusterIP") or ""
        ports = spec.get("ports") or []
        if address in ("", "None") or not ports:
            continue
        prefix = service["metadata"]["name"].upper().replace("-", "_")
        values[f"{prefix}_SERVICE_HOST"] = address
        values[f"{prefix}_SERVICE_PORT"] = str(ports[0]["port"])
        for port in ports:
            if port.get("name"):
                values[f"{prefix}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
        for index, port in enumerate(ports):
            protocol = port.get("protocol") or "TCP"
            number = str(port["port"])
            url = f"{protocol.lower()}://{address}:{number}"
            if index == 0:
                values[f"{prefix}_PORT"] = url
            head = f"{prefix}_PORT_{number}_{protocol.upper()}"
            values |= {head: url, f"{head}_PROTO": protocol.lower(), f"{head}_PORT": number, f"{head}_ADDR": address}
    return values


def decoded(obj: Obj, resource: str) -> dict[str, bytes]:
    """The data of a ConfigMap or Secret as bytes."""
    found: dict[str, bytes] = {}
    for field in ("data", "binaryData"):
        for key, value in (obj.get(field) or {}).items():
            if resource == "secrets" or field == "binaryData":
                try:
                    found[key] = base64.b64decode(value or "")
                except (binascii.Error, ValueError):
                    found[key] = b""
            else:
                found[key] = str(value).encode()
    return found


def variables_of(
    container: Obj,
    lookup: Lookup,
    field: Callable[[Obj], str],
    services: dict[str, str],
) -> dict[str, str]:
    """The variables of `envFrom` and `env`, and those of Services that they do not hide.

    `field` gives the text of a fieldRef or resourceFieldRef.
    """
    values: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        for key, data in _from_source(source, lookup).items():
            name = f"{source.get('prefix') or ''}{key}"
            if _NAME.fullmatch(name):
                values[name] = data.decode("utf-8", "replace")
    known = {**services, **values}
    for variable in container.get("env") or ():
        name = variable["name"]
        if "valueFrom" in variable:
            value = _value_from(variable["valueFrom"], lookup, field)
            if value is None:
                continue
        else:
            value = expand(variable.get("value") or "", known)
        values[name] = known[name] = value
    return {**{name: value for name, value in services.items() if name not in values}, **values}


def _from_source(source: Obj, lookup: Lookup) -> dict[str, bytes]:
    for reference, resource in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
        if reference in source:
            found = lookup(resource, source[reference].get("name", ""))
            return decoded(found, resource) if found is not None else {}
    return {}


def _value_from(source: Obj, lookup: Lookup, field: Callable[[Obj], str]) -> str | None:
    for reference, resource in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
        if reference in source:
            found = lookup(resource, source[reference].get("name", ""))
            data = decoded(found, resource) if found is not None else {}
            value = data.get(source[reference].get("key", ""))
            return value.decode("utf-8", "replace") if value is not None else None
    return field(source)
