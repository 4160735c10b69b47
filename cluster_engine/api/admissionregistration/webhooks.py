"""MutatingWebhookConfigurations and ValidatingWebhookConfigurations. They are kept and shown, and never called.

Follows pkg/registry/admissionregistration and pkg/apis/admissionregistration/v1/defaults.go (v1.32).
"""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.errors import duplicate, invalid_value, required
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

GROUP = "admissionregistration.k8s.io"
_DEFAULTS: Obj = {
    "failurePolicy": "Fail",
    "matchPolicy": "Equivalent",
    "namespaceSelector": {},
    "objectSelector": {},
    "timeoutSeconds": 10,
}


class WebhookConfigurationStrategy(Strategy):
    """What both kinds have in common."""

    tracks_generation = True
    defaults: Obj = _DEFAULTS
    columns = (NAME, Column("Webhooks", "integer"), AGE)

    def default(self, obj: Obj) -> Obj:
        webhooks = obj.get("webhooks") or []
        new = [self._webhook(webhook) for webhook in webhooks]
        if all(after is before for after, before in zip(new, webhooks, strict=True)):
            return obj
        return {**obj, "webhooks": new}

    def _webhook(self, webhook: Obj) -> Obj:
        changes = {field: value for field, value in self.defaults.items() if webhook.get(field) is None}
        rules = webhook.get("rules") or []
        if any(rule.get("scope") is None for rule in rules):
            changes["rules"] = [rule if rule.get("scope") is not None else {**rule, "scope": "*"} for rule in rules]
        config = webhook.get("clientConfig") or {}
        service = config.get("service")
        if service is not None and service.get("port") is None:
            changes["clientConfig"] = {**config, "service": {**service, "port": 443}}
        return {**webhook, **changes} if changes else webhook

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def changes_generation(self, new: Obj, old: Obj) -> bool:
        return bool(new.get("webhooks") != old.get("webhooks"))

    def validate(self, obj: Obj) -> Errors:
        errors: Errors = []
        seen: set[str] = set()
        for index, webhook in enumerate(obj.get("webhooks") or ()):
            path, name = f"webhooks[{index}]", webhook.get("name") or ""
            errors += _validate_webhook(path, webhook)
            if name in seen:
                errors.append(duplicate(f"{path}.name", name))
            seen.add(name)
        return errors

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        return [obj["metadata"]["name"], len(obj.get("webhooks") or ()), tables.created(obj, now_us)]


class MutatingWebhookConfigurationStrategy(WebhookConfigurationStrategy):
    """The rules of MutatingWebhookConfigurations."""

    resource = Resource(
        GROUP, "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", namespaced=False,
        singular="mutatingwebhookconfiguration", categories=("api-extensions",),
    )  # fmt: skip
    defaults = {**_DEFAULTS, "reinvocationPolicy": "Never"}


class ValidatingWebhookConfigurationStrategy(WebhookConfigurationStrategy):
    """The rules of ValidatingWebhookConfigurations."""

    resource = Resource(
        GROUP, "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", namespaced=False,
        singular="validatingwebhookconfiguration", categories=("api-extensions",),
    )  # fmt: skip


def _validate_webhook(path: str, webhook: Obj) -> Errors:
    name = webhook.get("name") or ""
    if not name:
        errors = [required(f"{path}.name")]
    else:
        errors = checks.dns_subdomain(f"{path}.name", name)
        if not errors and name.count(".") < 2:
            detail = "should be a domain with at least three segments separated by dots"
            errors = [invalid_value(f"{path}.name", name, detail)]
    errors += checks.enum(f"{path}.failurePolicy", webhook.get("failurePolicy"), ("Fail", "Ignore"))
    errors += checks.enum(f"{path}.matchPolicy", webhook.get("matchPolicy"), ("Equivalent", "Exact"))
    if not webhook.get("sideEffects"):
        detail = "must specify one of None, NoneOnDryRun"
        errors.append(required(f"{path}.sideEffects", detail))
    else:
        errors += checks.optional_enum(f"{path}.sideEffects", webhook["sideEffects"], ("None", "NoneOnDryRun"))
    seconds = webhook.get("timeoutSeconds")
    if seconds is not None and not 1 <= seconds <= 30:
        detail = "the timeout value must be between 1 and 30 seconds"
        errors.append(invalid_value(f"{path}.timeoutSeconds", seconds, detail))
    for field in ("namespaceSelector", "objectSelector"):
        errors += checks.label_selector(f"{path}.{field}", webhook.get(field))
    config = webhook.get("clientConfig") or {}
    if ("url" in config) == ("service" in config):
        detail = "exactly one of url or service is required"
        errors.append(required(f"{path}.clientConfig", detail))
    if not webhook.get("admissionReviewVersions"):
        detail = "must specify one of v1, v1beta1"
        errors.append(required(f"{path}.admissionReviewVersions", detail))
    return errors
