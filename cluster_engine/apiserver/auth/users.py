"""Users and their groups. Follows k8s.io/apiserver/pkg/authentication/{user,serviceaccount}."""

from __future__ import annotations

from dataclasses import dataclass, field

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
ANONYMOUS = "system:anonymous"
_ACCOUNT_PREFIX = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who sends requests. `extra` is what authentication knows beside the name (a token's id, its pod)."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_master(self) -> bool:
        """Whether no rule is asked for this user."""
        return MASTERS in self.groups


# The owner of a cluster, and what requests are made as unless they say otherwise.
ADMIN = User("system:admin", (MASTERS, AUTHENTICATED))


def service_account_name(namespace: str, name: str) -> str:
    """The user name of a service account."""
    return f"{_ACCOUNT_PREFIX}{namespace}:{name}"


def service_account_groups(namespace: str) -> tuple[str, ...]:
    """The groups of every service account of a namespace, without `system:authenticated`."""
    return "system:serviceaccounts", f"system:serviceaccounts:{namespace}"


def split_service_account(name: str) -> tuple[str, str] | None:
    """(namespace, name) of a service account's user name; None for any other user."""
    if not name.startswith(_ACCOUNT_PREFIX):
        return None
    namespace, found, account = name.removeprefix(_ACCOUNT_PREFIX).partition(":")
    return (namespace, account) if found and namespace and account else None


def impersonated(name: str, groups: tuple[str, ...], extra: dict[str, list[str]] | None = None) -> User:
    """The user that `--as` and `--as-group` make: groups that were not given follow from the name."""
    if not groups:
        account = split_service_account(name)
        groups = service_account_groups(account[0]) if account else ()
    if name != ANONYMOUS and AUTHENTICATED not in groups and UNAUTHENTICATED not in groups:
        groups = (*groups, AUTHENTICATED)
    elif name == ANONYMOUS and UNAUTHENTICATED not in groups:
        groups = (*groups, UNAUTHENTICATED)
    return User(name, groups, extra=extra or {})
