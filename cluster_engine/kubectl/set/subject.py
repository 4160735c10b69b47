"""`kubectl set subject`. Follows k8s.io/kubectl/pkg/cmd/set/set_subject.go."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.kubectl.set import change

RBAC = "rbac.authorization.k8s.io"


def run(call: Invocation) -> Process:
    flags = call.flags
    infos = yield from change.find(call, call.args)
    change.check_local(call)
    if flags.on("all") and flags.string("selector"):
        raise CommandError("cannot set --all and --selector at the same time")
    added = subjects(flags.strings("user"), flags.strings("group"), flags.strings("serviceaccount"))
    if not added:
        raise CommandError("you must specify at least one value of user, group or serviceaccount")

    def set_subjects(info: Info) -> Obj:
        if info.resource.kind not in ("RoleBinding", "ClusterRoleBinding"):
            raise CommandError("setting subjects is only supported for RoleBinding/ClusterRoleBinding")
        present = list(info.obj.get("subjects") or ())
        return {**info.obj, "subjects": [*present, *(one for one in added if one not in present)]}

    return (
        yield from change.apply(
            call, infos, set_subjects, operation="subjects updated", failure="failed to patch subjects to rolebinding:"
        )
    )


def subjects(users: list[str], groups: list[str], accounts: list[str]) -> list[Obj]:
    """The subjects that flags name. Raises CommandError for a service account without its namespace."""
    found: list[Obj] = [{"apiGroup": RBAC, "kind": "User", "name": name} for name in sorted(set(users))]
    found += [{"apiGroup": RBAC, "kind": "Group", "name": name} for name in sorted(set(groups))]
    for text in sorted(set(accounts)):
        parts = text.split(":")
        if len(parts) != 2 or not all(parts):
            raise CommandError("serviceaccount must be <namespace>:<name>")
        found.append({"kind": "ServiceAccount", "name": parts[1], "namespace": parts[0]})
    return found


COMMAND = Command(
    "subject",
    "Update the user, group, or service account in a role binding or cluster role binding",
    run,
    use="(-f FILENAME | TYPE NAME) [--user=username] [--group=groupname] "
    "[--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none] [options]",
    long="Adds users, groups and service accounts to a role binding.",
    example="kubectl set subject rolebinding readers --user=jane --group=team",
    flags=(
        *(flag for flag in change.FLAGS if flag.name != "record"),
        Flag("group", "stringSlice", help="A group; may be repeated"),
        Flag("serviceaccount", "stringSlice", help="A service account, as namespace:name; may be repeated"),
        Flag("user", "stringSlice", help="A user; may be repeated"),
    ),
)
