"""The ClusterRoles and bindings that every cluster has from its start.

Follows plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go as far as people meet it: the roles that are handed
out (cluster-admin, admin, edit, view), those that let everybody look at the API, and a few of the components. The roles
of single controllers are left out: the simulated controllers need no permission.
"""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.policy_rules import aggregated_rules
from cluster_engine.apiserver.auth.rbac import GROUP
from cluster_engine.apiserver.request import Request
from cluster_engine.apiserver.server import ApiServer

_LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_ANNOTATIONS = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
_READ = "get list watch"
_WRITE = "create delete deletecollection patch update"
_ALL = "create delete deletecollection get list patch update watch"
_HEALTH = "/healthz /livez /readyz"

# Role: (aggregates into, rules). A rule is (groups, resources, verbs), the core group written "-"; a rule of two parts
# is (paths, verbs).
_Rules = tuple[tuple[str, ...], ...]
_ROLES: dict[str, tuple[str, _Rules]] = {
    "cluster-admin": ("", (("*", "*", "*"), ("*", "*"))),
    "system:aggregate-to-admin": (
        "admin",
        (("authorization.k8s.io", "localsubjectaccessreviews", "create"), (GROUP, "rolebindings roles", _ALL)),
    ),
    "system:aggregate-to-edit": (
        "edit",
        (
            ("-", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy", _READ),
            ("-", "serviceaccounts", "impersonate"),
            ("-", "pods pods/attach pods/exec pods/portforward pods/proxy", _WRITE),
            ("-", "pods/eviction", "create"),
            (
                "-",
                "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets "
                "serviceaccounts services services/proxy",
                _WRITE,
            ),
            ("-", "serviceaccounts/token", "create"),
            (
                "apps",
                "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale "
                "statefulsets statefulsets/scale",
                _WRITE,
            ),
            ("autoscaling", "horizontalpodautoscalers", _WRITE),
            ("batch", "cronjobs jobs", _WRITE),
            ("policy", "poddisruptionbudgets", _WRITE),
            ("networking.k8s.io", "ingresses networkpolicies", _WRITE),
            ("coordination.k8s.io", "leases", _ALL),
        ),
    ),
    "system:aggregate-to-view": (
        "view",
        (
            (
                "-",
                "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers "
                "replicationcontrollers/scale serviceaccounts services services/status",
                _READ,
            ),
            (
                "-",
                "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status "
                "resourcequotas resourcequotas/status",
                _READ,
            ),
            ("-", "namespaces", _READ),
            ("discovery.k8s.io", "endpointslices", _READ),
            (
                "apps",
                "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status "
                "replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
                _READ,
            ),
            ("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", _READ),
            ("batch", "cronjobs cronjobs/status jobs jobs/status", _READ),
            ("policy", "poddisruptionbudgets poddisruptionbudgets/status", _READ),
            ("networking.k8s.io", "ingresses ingresses/status networkpolicies", _READ),
        ),
    ),
    "system:auth-delegator": (
        "",
        (
            ("authentication.k8s.io", "tokenreviews", "create"),
            ("authorization.k8s.io", "subjectaccessreviews", "create"),
        ),
    ),
    "system:basic-user": (
        "",
        (
            ("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", "create"),
            ("authentication.k8s.io", "selfsubjectreviews", "create"),
        ),
    ),
    "system:discovery": (
        "",
        (("/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/", "get"),),
    ),
    "system:monitoring": (
        "",
        (("/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*", "get"),),
    ),
    "system:node-proxier": (
        "",
        (
            ("-", "endpoints services", "list watch"),
            ("-", "nodes", _READ),
            ("- events.k8s.io", "events", "create patch update"),
            ("discovery.k8s.io", "endpointslices", "list watch"),
        ),
    ),
    "system:public-info-viewer": ("", ((f"{_HEALTH} /version /version/", "get"),)),
    "system:service-account-issuer-discovery": (
        "",
        (("/.well-known/openid-configuration /openid/v1/jwks", "get"),),
    ),
}
# Aggregated roles: where their rules come from, in an order in which each source is complete, and into what they go.
_AGGREGATED = {"view": "edit", "edit": "admin", "admin": ""}
# Binding and role share their name: (kind of subject, its name)…
_BINDINGS: dict[str, tuple[tuple[str, str], ...]] = {
    "cluster-admin": (("Group", "system:masters"),),
    "system:basic-user": (("Group", "system:authenticated"),),
    "system:discovery": (("Group", "system:authenticated"),),
    "system:monitoring": (("Group", "system:monitoring"),),
    "system:node-proxier": (("User", "system:kube-proxy"),),
    "system:public-info-viewer": (("Group", "system:authenticated"), ("Group", "system:unauthenticated")),
    "system:service-account-issuer-discovery": (("Group", "system:serviceaccounts"),),
}


def create_policy(server: ApiServer) -> None:
    """Creates them, once, in a cluster that has none."""
    if f"clusterroles.{GROUP}" not in server.strategies:
        return
    roles = [_role(name, into, [_rule(rule) for rule in rules]) for name, (into, rules) in _ROLES.items()]
    for name, into in _AGGREGATED.items():
        selector = {"matchLabels": {_label(name): "true"}}
        role = {**_role(name, into, []), "aggregationRule": {"clusterRoleSelectors": [selector]}}
        roles.append({**role, "rules": aggregated_rules(roles, role)})
    for role in roles:
        _create(server, "clusterroles", role)
    for name, subjects in _BINDINGS.items():
        _create(server, "clusterrolebindings", _binding(name, subjects))


def _create(server: ApiServer, plural: str, obj: Obj) -> None:
    request = Request("create", f"{plural}.{GROUP}", body=obj, trusted=True, field_manager="kube-apiserver")
    server.handle(request)


def _label(aggregate: str) -> str:
    return f"{GROUP}/aggregate-to-{aggregate}"


def _role(name: str, into: str, rules: list[Obj]) -> Obj:
    labels = {**_LABELS, _label(into): "true"} if into else _LABELS
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": labels, "annotations": _ANNOTATIONS},
        "rules": rules,
    }


def _rule(parts: tuple[str, ...]) -> Obj:
    if len(parts) == 2:
        return {"nonResourceURLs": parts[0].split(), "verbs": parts[1].split()}
    groups, resources, verbs = parts
    return {
        "apiGroups": ["" if group == "-" else group for group in groups.split()],
        "resources": resources.split(),
        "verbs": verbs.split(),
    }


def _binding(name: str, subjects: tuple[tuple[str, str], ...]) -> Obj:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name, "labels": _LABELS, "annotations": _ANNOTATIONS},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": GROUP, "kind": kind, "name": subject} for kind, subject in subjects],
    }
