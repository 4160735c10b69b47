"""`kubectl create rolebinding` and `clusterrolebinding`. Follows the files of the same names."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create import generate
from cluster_engine.kubectl.create.role import RBAC
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process


def run_role_binding(call: Invocation) -> Process:
    name = generate.name_of(call)
    role, cluster_role = call.flags.string("role"), call.flags.string("clusterrole")
    if bool(role) == bool(cluster_role):
        raise CommandError("exactly one of clusterrole or role must be specified")
    obj = _binding(call, "RoleBinding", name, "Role" if role else "ClusterRole", role or cluster_role)
    return generate.submit(call, obj, what="rolebinding:")
    yield


def run_cluster_role_binding(call: Invocation) -> Process:
    name = generate.name_of(call)
    obj = _binding(call, "ClusterRoleBinding", name, "ClusterRole", call.flags.string("clusterrole"))
    return generate.submit(call, obj, what="clusterrolebinding:")
    yield


def _binding(call: Invocation, kind: str, name: str, role_kind: str, role: str) -> Obj:
    obj: Obj = {
        "apiVersion": f"{RBAC}/v1",
        "kind": kind,
        "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": role_kind, "name": role},
    }
    flags = call.flags
    subjects = [{"apiGroup": RBAC, "kind": "User", "name": user} for user in flags.strings("user")]
    subjects += [{"apiGroup": RBAC, "kind": "Group", "name": group} for group in flags.strings("group")]
    for account in flags.strings("serviceaccount"):
        namespace, _, account_name = account.partition(":")
        if not namespace or not account_name or ":" in account_name:
            raise CommandError("serviceaccount must be <namespace>:<name>")
        subjects.append({"kind": "ServiceAccount", "name": account_name, "namespace": namespace})
    return {**obj, "subjects": subjects} if subjects else obj


_SUBJECTS = (
    Flag("group", "stringArray", help="A group; may be repeated"),
    Flag("serviceaccount", "stringArray", help="A service account, as namespace:name; may be repeated"),
    Flag("user", "stringArray", help="A user; may be repeated"),
)
ROLE_BINDING = Command(
    "rolebinding",
    "Create a role binding for a particular role or cluster role",
    run_role_binding,
    use="NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] "
    "[--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none] [options]",
    long="Gives a role to users, groups and service accounts, in one namespace.",
    example="kubectl create rolebinding readers --role=reader --serviceaccount=default:bot",
    completes="nothing",
    flags=(
        *generate.FLAGS,
        *_SUBJECTS,
        Flag("clusterrole", help="The ClusterRole"),
        Flag("role", help="The Role"),
    ),
)
CLUSTER_ROLE_BINDING = Command(
    "clusterrolebinding",
    "Create a cluster role binding for a particular cluster role",
    run_cluster_role_binding,
    use="NAME --clusterrole=NAME [--user=username] [--group=groupname] "
    "[--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none] [options]",
    long="Gives a ClusterRole to users, groups and service accounts, in the whole cluster.",
    example="kubectl create clusterrolebinding admins --clusterrole=cluster-admin --user=jane",
    completes="nothing",
    flags=(*generate.FLAGS, *_SUBJECTS, Flag("clusterrole", required=True, help="The ClusterRole")),
)
