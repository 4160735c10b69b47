"""What a Job asks for, alone or in a CronJob's template. Follows batch/validation.validateJobSpec (v1.32)."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.api import checks
from cluster_engine.api.batch.policies import validate_failure_policy, validate_success_policy
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.podspec.validation import validate_template
from cluster_engine.apimachinery import names
from cluster_engine.apimachinery.errors import invalid_value, not_supported, required, too_long
from cluster_engine.apimachinery.gotext import GoText, quote
from cluster_engine.apimachinery.meta import Obj

MAX_PARALLELISM_INDEXED = 100_000
MAX_FAILED_INDEXES = 100_000
COMPLETIONS_SOFT_LIMIT = 100_000
PARALLELISM_LIMIT_HIGH_COMPLETIONS = 10_000
FAILED_INDEXES_LIMIT_HIGH_COMPLETIONS = 10_000
MAX_MANAGED_BY_LENGTH = 63
_INDEXED_ONLY = "requires indexed completion mode"
_COUNTS = (
    "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
    "backoffLimitPerIndex", "maxFailedIndexes",
)  # fmt: skip


def validate_job_spec(path: str, spec: Obj) -> Errors:
    """The faults of a Job's spec but for its selector."""
    errors = [error for field in _COUNTS for error in checks.nonnegative(f"{path}.{field}", spec.get(field))]
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        errors.append(required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    if spec.get("managedBy") is not None:
        errors += checks.by_rule(domain_prefixed_path, f"{path}.managedBy", spec["managedBy"])
        if len(spec["managedBy"]) > MAX_MANAGED_BY_LENGTH:
            errors.append(too_long(f"{path}.managedBy", MAX_MANAGED_BY_LENGTH))
    mode = spec.get("completionMode")
    if mode is not None:
        errors += checks.optional_enum(f"{path}.completionMode", mode, ("NonIndexed", "Indexed"))
    if mode == "Indexed":
        errors += _indexed(path, spec)
    elif mode in (None, "NonIndexed"):
        errors += [
            invalid_value(f"{path}.{field}", spec[field], _INDEXED_ONLY)
            for field in ("backoffLimitPerIndex", "maxFailedIndexes")
            if spec.get(field) is not None
        ]
    if spec.get("podFailurePolicy") is not None:
        errors += validate_failure_policy(f"{path}.podFailurePolicy", spec)
    if spec.get("successPolicy") is not None:
        if mode != "Indexed":
            errors.append(invalid_value(f"{path}.successPolicy", GoText("batch.SuccessPolicy{...}"), _INDEXED_ONLY))
        else:
            errors += validate_success_policy(f"{path}.successPolicy", spec)
    errors += _replacement(f"{path}.podReplacementPolicy", spec)
    errors += validate_template(f"{path}.template", spec.get("template") or {})
    return errors + _restart_policy(f"{path}.template.spec.restartPolicy", spec)


def _indexed(path: str, spec: Obj) -> Errors:
    errors: Errors = []
    completions, parallelism, failed = (spec.get(f) for f in ("completions", "parallelism", "maxFailedIndexes"))

    def at_most(field: str, value: int | None, limit: int, words: str) -> None:
        if value is not None and value > limit:
            errors.append(invalid_value(f"{path}.{field}", value, f"must be less than or equal to {words}"))

    if completions is None:
        errors.append(required(f"{path}.completions", "when completion mode is Indexed"))
    at_most("parallelism", parallelism, MAX_PARALLELISM_INDEXED,
            f"{MAX_PARALLELISM_INDEXED} when completion mode is Indexed")  # fmt: skip
    if completions is not None:
        at_most("maxFailedIndexes", failed, completions, "completions")
    at_most("maxFailedIndexes", failed, MAX_FAILED_INDEXES, str(MAX_FAILED_INDEXES))
    if (completions or 0) > COMPLETIONS_SOFT_LIMIT and spec.get("backoffLimitPerIndex") is not None:
        if failed is None:
            detail = f"must be specified when completions is above {COMPLETIONS_SOFT_LIMIT}"
            errors.append(required(f"{path}.maxFailedIndexes", detail))
        high = f"when completions are above {COMPLETIONS_SOFT_LIMIT} and used with backoff limit per index"
        limit = PARALLELISM_LIMIT_HIGH_COMPLETIONS
        at_most("parallelism", parallelism, limit, f"{limit} {high}")
        limit = FAILED_INDEXES_LIMIT_HIGH_COMPLETIONS
        at_most("maxFailedIndexes", failed, limit, f"{limit} {high}")
    return errors


def _replacement(path: str, spec: Obj) -> Errors:
    policy = spec.get("podReplacementPolicy")
    if policy is None:
        return []
    allowed = ("Failed",) if spec.get("podFailurePolicy") is not None else ("Failed", "TerminatingOrFailed")
    return [] if policy in allowed else [not_supported(path, policy, allowed)]


def _restart_policy(path: str, spec: Obj) -> Errors:
    """A Job's pods end; Always is what the field defaults to, and so counts as not given."""
    policy = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy") or ""
    if policy in ("", "Always"):
        return [required(path, 'valid values: "OnFailure", "Never"')]
    if policy not in ("OnFailure", "Never"):
        return [not_supported(path, policy, ("OnFailure", "Never"))]
    if spec.get("podFailurePolicy") is not None and policy != "Never":
        detail = f"only {quote('Never')} is supported when podFailurePolicy is specified"
        return [invalid_value(path, policy, detail)]
    return []


def domain_prefixed_path(value: str) -> Sequence[str]:
    """Names such as `example.com/controller`. Follows validation.IsDomainPrefixedPath."""
    domain, slash, rest = value.partition("/")
    if not slash or not domain or not rest:
        return ['must be a domain-prefixed path (such as "acme.io/foo")']
    return names.dns1123_subdomain(domain)
