"""The faults of a CustomResourceDefinition. Follows pkg/apis/apiextensions/validation/validation.go (v1.32).

The API server checks another form than the one that people write: what all versions say alike stands once, beside them,
and that is where faults are reported (`spec.validation` and its like).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from cluster_engine.api import checks
from cluster_engine.api.apiextensions import schemas
from cluster_engine.api.apiextensions.schemas import Schema
from cluster_engine.api.apiextensions.version_parts import validate_parts
from cluster_engine.api.checks import Errors
from cluster_engine.api.shown import POINTER
from cluster_engine.apimachinery import names
from cluster_engine.apimachinery.errors import forbidden_field, invalid_value, not_supported, required
from cluster_engine.apimachinery.gotext import GoText, quote, string_slice
from cluster_engine.apimachinery.meta import Obj, condition_is

APPROVAL = "api-approved.kubernetes.io"
MAX_WARNING_LENGTH = 256
_APPROVAL_LINK = "see https://github.com/kubernetes/enhancements/pull/1111"


def validate_definition(crd: Obj) -> Errors:
    """The faults of a whole definition, its metadata aside (but its name has to be that of the resource)."""
    spec = crd.get("spec") or {}
    errors: Errors = []
    said = spec.get("names") or {}
    wanted = f"{said.get('plural') or ''}.{spec.get('group') or ''}"
    name = crd["metadata"].get("name") or ""
    if name != wanted:
        errors.append(invalid_value("metadata.name", name, 'must be spec.names.plural+"."+spec.group'))
    errors += _spec(spec)
    status = crd.get("status") or {}
    errors += validate_names("status.acceptedNames", status.get("acceptedNames") or {})
    return errors + _stored_versions(status.get("storedVersions") or [], spec.get("versions") or [])


def validate_approval(crd: Obj, old: Obj | None) -> Errors:
    """Groups of the Kubernetes project need an annotation that says who approved of it."""
    group = (crd.get("spec") or {}).get("group") or ""
    if not f".{group}".endswith((".k8s.io", ".kubernetes.io")):
        return []
    state, why = _approval(crd)
    if old is not None and _approval(old)[0] == state:
        return []
    path = f"metadata.annotations[{APPROVAL}]"
    if state == "missing":
        return [required(path, why)]
    return [invalid_value(path, crd["metadata"]["annotations"][APPROVAL], why)] if state == "invalid" else []


def _approval(crd: Obj) -> tuple[str, str]:
    said = (crd["metadata"].get("annotations") or {}).get(APPROVAL) or ""
    words = f"protected groups must have approval annotation {quote(APPROVAL)}"
    if not said:
        return "missing", f"{words}, {_APPROVAL_LINK}"
    try:
        url = urlsplit(said)
    except ValueError:
        url = urlsplit("")
    if said.startswith("unapproved") or (url.scheme and url.netloc):
        return "approved", ""
    return "invalid", f'{words} with either a URL or a reason starting with "unapproved", {_APPROVAL_LINK}'


def validate_definition_update(new: Obj, old: Obj) -> Errors:
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    said, said_before = spec.get("names") or {}, before.get("names") or {}
    errors: Errors = []
    if condition_is(old, "Established"):
        errors += checks.immutable("spec.scope", spec.get("scope") or "", before.get("scope") or "")
        errors += checks.immutable("spec.names.kind", said.get("kind") or "", said_before.get("kind") or "")
    errors += checks.immutable("spec.group", spec.get("group") or "", before.get("group") or "")
    return errors + checks.immutable("spec.names.plural", said.get("plural") or "", said_before.get("plural") or "")


def _stored_versions(stored: list[str], versions: list[Obj]) -> Errors:
    path = "status.storedVersions"
    if not stored:
        return [invalid_value(path, string_slice(stored), "must have at least one stored version")]
    errors: Errors = [
        invalid_value(path, string_slice(stored), f"must have the storage version {version.get('name') or ''}")
        for version in versions
        if version.get("storage") and version.get("name") not in stored
    ]
    known = {version.get("name") for version in versions}
    return errors + [
        invalid_value(f"{path}[{index}]", name, "must appear in spec.versions")
        for index, name in enumerate(stored)
        if name not in known
    ]


def hoisted(versions: list[Obj], field: str) -> Any:
    """What all versions say alike, or None where they differ or say nothing."""
    said = [version.get(field) or None for version in versions]
    return said[0] if said and all(other == said[0] for other in said) else None


def has_status(version: Obj) -> bool:
    return (version.get("subresources") or {}).get("status") is not None


def _spec(spec: Obj) -> Errors:
    versions = spec.get("versions") or []
    errors = _group(spec.get("group") or "")
    errors += checks.enum("spec.scope", spec.get("scope"), ("Cluster", "Namespaced"))
    same = {
        field: hoisted(versions, field)
        for field in ("schema", "subresources", "additionalPrinterColumns", "selectableFields")
    }
    errors += _schemas_there(versions, same["schema"])
    preserves = spec.get("preserveUnknownFields")
    if preserves and any(_has_defaults(version) for version in versions):
        words = "must be false in order to use defaults in the schema"
        errors.append(invalid_value("spec.preserveUnknownFields", True, words))
    for index, version in enumerate(versions):
        own = {field: value for field, value in version.items() if same.get(field) is None}
        name = version.get("name") or ""
        if faults := names.dns1035_label(name):
            errors.append(invalid_value(f"spec.versions[{index}].name", name, ",".join(faults)))
        errors += _warning(f"spec.versions[{index}].deprecationWarning", version)
        errors += validate_parts(f"spec.versions[{index}]", "schema", own, with_status=has_status(version))
    errors += _set_of_versions(versions, same)
    errors += _names(spec.get("names") or {})
    errors += validate_parts(
        "spec", "validation", {**same, "versions": None}, with_status=any(has_status(version) for version in versions)
    )
    conversion = spec.get("conversion") or {}
    if conversion.get("strategy") not in (None, "None") and preserves:
        words = "must be None if spec.preserveUnknownFields is true"
        errors.append(invalid_value("spec.conversion.strategy", conversion.get("strategy"), words))
    errors += _conversion(conversion)
    if preserves:
        words = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        )
        errors.append(invalid_value("spec.preserveUnknownFields", True, words))
    return errors


def _group(group: str) -> Errors:
    if not group:
        return [required("spec.group")]
    if faults := names.dns1123_subdomain(group):
        return [invalid_value("spec.group", group, ",".join(faults))]
    return [] if "." in group else [invalid_value("spec.group", group, "should be a domain with at least one dot")]


def _schema_of(version: Obj) -> Schema | None:
    return (version.get("schema") or {}).get("openAPIV3Schema")


def _schemas_there(versions: list[Obj], same: Any) -> Errors:
    if same and same.get("openAPIV3Schema") is not None:
        return []
    return [
        required(f"spec.versions[{index}].schema.openAPIV3Schema", "schemas are required")
        for index, version in enumerate(versions)
        if _schema_of(version) is None
    ]


def _has_defaults(version: Obj) -> bool:
    return any(part.get("default") is not None for part in schemas.walk(_schema_of(version)))


def _set_of_versions(versions: list[Obj], same: Obj) -> Errors:
    errors: Errors = []
    shown = _shown_versions(versions, same)
    listed = [version.get("name") or "" for version in versions]
    if len(set(listed)) != len(listed):
        errors.append(invalid_value("spec.versions", shown, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        words = "must have exactly one version marked as storage version"
        errors.append(invalid_value("spec.versions", shown, words))
    return errors


def _shown_versions(versions: list[Obj], same: Obj) -> GoText:
    """The versions as `%#v` prints them; pointers and columns in short."""
    package = "apiextensions."

    def pointer(type_name: str, value: Any) -> str:
        return f"(*{type_name})({'nil' if value is None else POINTER})"

    def one(version: Obj) -> str:
        own = {field: None if same.get(field) is not None else version.get(field) for field in same}
        fields = [
            f"Name:{quote(version.get('name') or '')}",
            f"Served:{'true' if version.get('served') else 'false'}",
            f"Storage:{'true' if version.get('storage') else 'false'}",
            f"Deprecated:{'true' if version.get('deprecated') else 'false'}",
            f"DeprecationWarning:{pointer('string', version.get('deprecationWarning'))}",
            f"Schema:{pointer(package + 'CustomResourceValidation', own['schema'])}",
            f"Subresources:{pointer(package + 'CustomResourceSubresources', own['subresources'])}",
            f"AdditionalPrinterColumns:[]{package}CustomResourceColumnDefinition(nil)",
            f"SelectableFields:[]{package}SelectableField(nil)",
        ]
        return f"{package}CustomResourceDefinitionVersion{{{', '.join(fields)}}}"

    return GoText(f"[]{package}CustomResourceDefinitionVersion{{{', '.join(map(one, versions))}}}")


def _warning(path: str, version: Obj) -> Errors:
    said = version.get("deprecationWarning")
    if said is None:
        return []
    if not version.get("deprecated"):
        return [invalid_value(path, said, "can only be set for deprecated versions")]
    errors: Errors = []
    if len(said.encode()) > MAX_WARNING_LENGTH:
        errors.append(invalid_value(path, said, f"must be <= {MAX_WARNING_LENGTH} characters long"))
    if not said:
        errors.append(invalid_value(path, said, "must not be an empty string"))
    bad = next((index for index, char in enumerate(said) if not char.isprintable()), None)
    if bad is not None:
        words = f"must only contain printable UTF-8 characters; non-printable character found at index {bad}"
        errors.append(invalid_value(path, said, words))
    return errors


def _names(said: Obj) -> Errors:
    errors: Errors = [
        required(f"spec.names.{field}") for field in ("plural", "singular", "kind", "listKind") if not said.get(field)
    ]
    return errors + validate_names("spec.names", said)


def validate_names(path: str, said: Obj) -> Errors:
    errors: Errors = []
    for field in ("plural", "singular", "kind", "listKind"):
        value = said.get(field) or ""
        faults = names.dns1035_label(value.lower() if "ind" in field else value) if value else []
        if faults:
            mixed = "may have mixed case, but should otherwise match: " if "ind" in field else ""
            errors.append(invalid_value(f"{path}.{field}", value, mixed + ",".join(faults)))
    errors += _labels(f"{path}.shortNames", said.get("shortNames") or ())
    if said.get("kind") and said.get("kind") == said.get("listKind"):
        words = "kind and listKind may not be the same"
        errors.append(invalid_value(f"{path}.listKind", said["listKind"], words))
    return errors + _labels(f"{path}.categories", said.get("categories") or ())


def _labels(path: str, said: Any) -> Errors:
    return [
        invalid_value(f"{path}[{index}]", name, ",".join(faults))
        for index, name in enumerate(said)
        if (faults := names.dns1035_label(name))
    ]


def _conversion(conversion: Obj) -> Errors:
    path = "spec.conversion"
    strategy, webhook = conversion.get("strategy") or "", conversion.get("webhook") or {}
    client, accepted = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    if not strategy:
        return [required(f"{path}.strategy")] if conversion else []
    errors: Errors = []
    if strategy not in ("None", "Webhook"):
        errors.append(not_supported(f"{path}.strategy", strategy, ("None", "Webhook")))
    if strategy != "Webhook":
        words = "should not be set when strategy is not set to Webhook"
        errors += [forbidden_field(f"{path}.webhookClientConfig", words)] if client is not None else []
        errors += [forbidden_field(f"{path}.conversionReviewVersions", words)] if accepted else []
        return errors
    if client is None:
        words = "required when strategy is set to Webhook"
        errors.append(required(f"{path}.webhookClientConfig", words))
    elif (client.get("url") is None) == (client.get("service") is None):
        errors.append(required(f"{path}.webhookClientConfig", "exactly one of url or service is required"))
    where = f"{path}.conversionReviewVersions"
    if not accepted:
        errors.append(required(where))
    elif not {"v1", "v1beta1"} & set(accepted):
        errors.append(invalid_value(where, string_slice(accepted), "must include at least one of v1, v1beta1"))
    return errors
