"""ResourceQuota admission: what is created is charged to the namespace's quotas, or refused where one is exhausted.

Follows k8s.io/apiserver/pkg/admission/plugin/resourcequota.
"""

from __future__ import annotations

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors, quota
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.quantity import ZERO, Quantity, parse
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.etcd.store import KeyValue

_PREFIX = "/registry/resourcequotas/"


def charge(server: ServerContext, strategy: Strategy, obj: Obj, old: Obj | None = None, *, dry_run: bool) -> None:
    """Charges all quotas of the namespace with what `obj` uses, or more than `old`; Forbidden where one is full."""
    namespace = obj["metadata"].get("namespace", "")
    quotas = server.store.range(_PREFIX, f"{_PREFIX}{namespace}/") if namespace else []
    if not quotas:
        return
    now_us = server.clock.now_us
    resource = strategy.resource.stored_name
    delta = quota.usage(resource, obj, now_us)
    if old is not None:
        before = quota.usage(resource, old, now_us)
        delta = {name: amount - before.get(name, ZERO) for name, amount in delta.items()}
        delta = {name: amount for name, amount in delta.items() if amount > ZERO}
    charged = []
    for item in quotas:
        if not quota.matches(item.value, resource, obj):
            continue
        used = _charged(strategy, item.value, obj, delta, created=old is None)
        if used is not None:
            charged.append((item, used))
    if not dry_run:
        for item, used in charged:
            _write(server, item, used)


def _charged(
    strategy: Strategy, limits: Obj, obj: Obj, delta: quota.Amounts, *, created: bool
) -> dict[str, str] | None:
    """The quota's `used` with the delta; None where it does not concern it. Forbidden where a limit is exceeded."""
    status = limits.get("status") or {}
    # Until the controller has added up what there is, nothing is let through.
    hard = status.get("hard") or {}
    names = [name for name in sorted((limits.get("spec") or {}).get("hard") or {}) if name in delta]
    name = limits["metadata"]["name"]
    if created and strategy.resource.kind == "Pod":
        missing = quota.missing_constraints((limits.get("spec") or {}).get("hard") or {}, obj)
        if missing:
            raise _forbidden(strategy, obj, f"failed quota: {name}: must specify {missing}")
    if not names:
        return None
    if any(one not in hard for one in names):
        raise _forbidden(strategy, obj, f"status unknown for quota: {name}, resources: {','.join(names)}")
    used = {one: parse(text) for one, text in (status.get("used") or {}).items()}
    after = {one: used.get(one, ZERO) + delta[one] for one in names}
    exceeded = [one for one in names if delta[one] > ZERO and parse(hard[one]) < after[one]]
    if exceeded:
        requested = _shown({one: delta[one] for one in exceeded})
        present = _shown({one: used.get(one, ZERO) for one in exceeded})
        limited = _shown({one: parse(hard[one]) for one in exceeded})
        raise _forbidden(
            strategy, obj, f"exceeded quota: {name}, requested: {requested}, used: {present}, limited: {limited}"
        )
    return {**(status.get("used") or {}), **{one: str(amount) for one, amount in after.items()}}


def _shown(amounts: dict[str, Quantity]) -> str:
    return ",".join(f"{name}={amount}" for name, amount in sorted(amounts.items()))


def _forbidden(strategy: Strategy, obj: Obj, why: str) -> errors.ApiError:
    resource = strategy.resource
    return errors.forbidden(resource.plural, resource.group, obj["metadata"]["name"], why)


def _write(server: ServerContext, item: KeyValue, used: dict[str, str]) -> None:
    old = item.value
    charged = {**old, "status": {**(old.get("status") or {}), "used": used}}
    if charged == old:
        return
    version = str(server.store.revision + 1)
    charged["metadata"] = {**old["metadata"], "resourceVersion": version}
    server.store.put(item.key, charged, expected_revision=int(old["metadata"]["resourceVersion"]))
