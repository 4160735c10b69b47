"""Who may do what: tokens, impersonation, roles, reviews."""

# ruff: noqa: E501 - one whole message a line
from __future__ import annotations

import base64

import pytest

from tests.api.harness import POD, Api

PODS = "/api/v1/namespaces/default/pods"
MAPS = "/api/v1/namespaces/default/configmaps"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
AUTHZ = "/apis/authorization.k8s.io/v1"
ACCOUNT = "system:serviceaccount:default:default"


def rule(resources: str, verbs: str, groups: str = "", **more: list[str]) -> dict:
    return {"apiGroups": groups.split(",") if groups else [""], "resources": resources.split(), "verbs": verbs.split(), **more}


def test_the_owner_may_do_everything(api: Api) -> None:
    review = api.post(f"{AUTHZ}/selfsubjectaccessreviews", {"spec": {"resourceAttributes": {"verb": "*", "resource": "*"}}})
    assert review["status"] == {"allowed": True}
    who = api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert who["status"] == {"userInfo": {"username": "system:admin", "groups": ["system:masters", "system:authenticated"]}}


def test_a_token_speaks_for_its_service_account(api: Api) -> None:
    who = api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, authorization=f"Bearer {api.token()}")
    info = who["status"]["userInfo"]
    assert info["username"] == ACCOUNT
    assert info["groups"] == ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]
    assert info["uid"] == api.get("/api/v1/namespaces/default/serviceaccounts/default")["metadata"]["uid"]
    assert list(info["extra"]) == ["authentication.kubernetes.io/credential-id"]


def test_tokens_of_one_seed_are_the_same(api: Api) -> None:
    assert api.token() == Api().token()
    assert api.token() != api.token()


@pytest.mark.parametrize("spoil", [lambda t: t + "x", lambda t: t[:-5], lambda t: "a.b.c", lambda t: "", lambda t: "é"])
def test_a_token_that_is_no_good_is_unauthorized(api: Api, spoil) -> None:
    answer = api.call("GET", PODS, authorization=f"Bearer {spoil(api.token())}")
    assert answer.code == 401
    assert answer.body == {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "Unauthorized", "reason": "Unauthorized", "code": 401}


def test_passwords_are_unauthorized(api: Api) -> None:
    assert api.call("GET", PODS, authorization="Basic YTpi").code == 401


def test_a_token_of_another_cluster_is_unauthorized(api: Api) -> None:
    assert api.call("GET", PODS, token=Api(seed=2).token()).code == 401


def test_a_token_ends_with_its_time_its_account_and_its_pod(api: Api) -> None:
    api.grant("default", [rule("pods configmaps", "get list")])
    short = api.token(expirationSeconds=600)
    assert api.call("GET", PODS, token=short).code == 200
    api.cluster.run_for(601)
    assert api.call("GET", PODS, token=short).code == 401

    api.post(PODS, POD)
    bound = api.token(boundObjectRef={"apiVersion": "v1", "kind": "Pod", "name": "p"})
    assert api.call("GET", PODS, token=bound).code == 200
    api.call("DELETE", f"{PODS}/p?gracePeriodSeconds=0")
    assert api.call("GET", PODS, token=bound).code == 401

    lasting = api.token()
    api.call("DELETE", "/api/v1/namespaces/default/serviceaccounts/default")
    api.cluster.run_for(2)  # the controller makes a new one, with another uid
    assert api.call("GET", PODS, token=lasting).code == 401
    assert api.call("GET", PODS, token=api.token()).code == 200


def test_a_token_for_another_audience_is_no_good_here(api: Api) -> None:
    token = api.token(audiences=["vault"])
    assert api.call("GET", PODS, token=token).code == 401
    reviewed = api.post("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token, "audiences": ["vault", "x"]}})
    assert (reviewed["status"]["authenticated"], reviewed["status"]["audiences"]) == (True, ["vault"])
    refused = api.post("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token}})
    assert "authenticated" not in refused["status"]


def test_a_secret_of_the_old_kind_holds_a_token_that_lasts(api: Api) -> None:
    secrets = "/api/v1/namespaces/default/secrets"
    annotations = {"kubernetes.io/service-account.name": "default"}
    made = api.post(secrets, {"metadata": {"name": "kept", "annotations": annotations}, "type": "kubernetes.io/service-account-token"})
    assert sorted(made["data"]) == ["ca.crt", "namespace", "token"]
    token = base64.b64decode(made["data"]["token"]).decode()
    api.cluster.run_for(400 * 24 * 3600)
    review = api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, authorization=f"Bearer {token}")
    assert review["status"]["userInfo"]["username"] == ACCOUNT
    api.call("DELETE", f"{secrets}/kept")
    assert api.call("GET", PODS, token=token).code == 401


def test_too_short_and_misbound_tokens_are_refused(api: Api) -> None:
    url = "/api/v1/namespaces/default/serviceaccounts/default/token"
    answer = api.call("POST", url, {"spec": {"expirationSeconds": 5}})
    assert answer.message == 'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes'
    answer = api.call("POST", url, {"spec": {"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "no"}}})
    assert (answer.code, answer.message) == (404, 'pods "no" not found')
    answer = api.call("POST", "/api/v1/namespaces/default/serviceaccounts/no/token", {})
    assert answer.message == 'serviceaccounts "no" not found'


@pytest.mark.parametrize(
    ("method", "url", "message"),
    [
        ("GET", PODS, 'pods is forbidden: User "U" cannot list resource "pods" in API group "" in the namespace "default"'),
        ("GET", f"{PODS}?watch=true", 'pods is forbidden: User "U" cannot watch resource "pods" in API group "" in the namespace "default"'),
        ("GET", f"{PODS}/p", 'pods "p" is forbidden: User "U" cannot get resource "pods" in API group "" in the namespace "default"'),
        ("GET", "/api/v1/pods", 'pods is forbidden: User "U" cannot list resource "pods" in API group "" at the cluster scope'),
        ("DELETE", PODS, 'pods is forbidden: User "U" cannot deletecollection resource "pods" in API group "" in the namespace "default"'),
        ("PATCH", "/apis/apps/v1/namespaces/x/deployments/d/scale", 'deployments.apps "d" is forbidden: User "U" cannot patch resource "deployments/scale" in API group "apps" in the namespace "x"'),
        ("GET", "/api/v1/nodes/n", 'nodes "n" is forbidden: User "U" cannot get resource "nodes" in API group "" at the cluster scope'),
        ("GET", "/api/v1/namespaces/x", 'namespaces "x" is forbidden: User "U" cannot get resource "namespaces" in API group "" in the namespace "x"'),
        ("GET", "/metrics", 'forbidden: User "U" cannot get path "/metrics"'),
        ("POST", PODS, 'pods is forbidden: User "U" cannot create resource "pods" in API group "" in the namespace "default"'),
    ],
)
def test_what_is_not_allowed_is_forbidden_in_kubernetes_words(api: Api, method: str, url: str, message: str) -> None:
    answer = api.call(method, url, b"{not even json", token=api.token())
    assert (answer.code, answer.body["reason"]) == (403, "Forbidden")
    assert answer.message == message.replace('"U"', f'"{ACCOUNT}"')


@pytest.mark.parametrize("url", ["/api", "/apis", "/apis/apps/v1", "/openapi/v3", "/version", "/healthz"])
def test_everybody_may_look_at_the_api_itself(api: Api, url: str) -> None:
    assert api.call("GET", url, token=api.token()).code == 200


def test_a_role_allows_what_it_says_and_no_more(api: Api) -> None:
    api.grant("default", [rule("pods", "get list"), rule("configmaps", "get update", resourceNames=["mine"]), rule("*/scale", "get", "apps")])
    api.config_map("mine")
    api.config_map("yours")
    token = api.token()
    assert api.call("GET", PODS, token=token).code == 200
    assert api.call("GET", "/api/v1/namespaces/kube-system/pods", token=token).code == 403
    assert api.call("POST", PODS, POD, token=token).code == 403
    assert api.call("GET", f"{MAPS}/mine", token=token).code == 200
    assert api.call("GET", f"{MAPS}/yours", token=token).code == 403
    assert api.call("GET", MAPS, token=token).code == 403
    assert api.call("GET", "/apis/apps/v1/namespaces/default/deployments/d/scale", token=token).code == 404
    assert api.call("GET", "/apis/apps/v1/namespaces/default/deployments/d", token=token).code == 403


def test_a_binding_to_a_role_that_is_not_there_is_told(api: Api) -> None:
    body = {"metadata": {"name": "b"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "gone"},
            "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}]}  # fmt: skip
    api.post(f"{RBAC}/namespaces/default/rolebindings", body)
    answer = api.call("GET", PODS, token=api.token())
    assert answer.message == (
        f'pods is forbidden: User "{ACCOUNT}" cannot list resource "pods" in API group "" in the namespace "default": RBAC: role.rbac.authorization.k8s.io "gone" not found'
    )


@pytest.mark.parametrize(
    ("role", "allowed", "refused"),
    [
        ("view", [("GET", PODS)], [("POST", MAPS), ("GET", "/api/v1/namespaces/default/secrets"), ("GET", f"{RBAC}/namespaces/default/roles")]),
        ("edit", [("GET", PODS), ("POST", MAPS), ("GET", "/api/v1/namespaces/default/secrets")], [("GET", f"{RBAC}/namespaces/default/roles")]),
        ("admin", [("GET", f"{RBAC}/namespaces/default/roles"), ("POST", MAPS)], [("GET", "/api/v1/nodes"), ("DELETE", "/api/v1/namespaces/default")]),
        ("cluster-admin", [("GET", "/api/v1/namespaces/default/secrets")], [("GET", "/api/v1/nodes")]),
    ],
)
def test_the_roles_that_every_cluster_has(api: Api, role: str, allowed: list, refused: list) -> None:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    subject = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "ann"}
    api.post(f"{RBAC}/namespaces/default/rolebindings", {"metadata": {"name": "ann"}, "roleRef": reference, "subjects": [subject]})
    for method, url in allowed:
        assert api.call(method, url, {"metadata": {"generateName": "x-"}}, impersonate_user="ann").code in (200, 201), url
    for method, url in refused:
        assert api.call(method, url, {"metadata": {"generateName": "x-"}}, impersonate_user="ann").code == 403, url


def test_a_cluster_role_collects_the_rules_of_others(api: Api) -> None:
    labels = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    api.post(f"{RBAC}/clusterroles", {"metadata": {"name": "nodes-too", "labels": labels}, "rules": [rule("nodes", "get list")]})
    api.cluster.run_for(1)
    assert rule("nodes", "get list") in api.get(f"{RBAC}/clusterroles/view")["rules"]
    assert rule("nodes", "get list") in api.get(f"{RBAC}/clusterroles/admin")["rules"]
    api.call("DELETE", f"{RBAC}/clusterroles/nodes-too")
    api.cluster.run_for(1)
    assert rule("nodes", "get list") not in api.get(f"{RBAC}/clusterroles/admin")["rules"]


def test_impersonation_needs_a_right_of_its_own(api: Api) -> None:
    token = api.token()
    answer = api.call("GET", PODS, token=token, impersonate_user="ann")
    assert answer.message == f'users "ann" is forbidden: User "{ACCOUNT}" cannot impersonate resource "users" in API group "" at the cluster scope'
    who = api.call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, impersonate_user="ann", impersonate_group="devs")
    assert who.body["status"]["userInfo"] == {"username": "ann", "groups": ["devs", "system:authenticated"]}
    answer = api.call("GET", PODS, impersonate_group="devs")
    assert answer.code == 500


def test_nobody_gives_away_more_than_they_have(api: Api) -> None:
    api.grant("default", [rule("roles rolebindings", "get create patch", "rbac.authorization.k8s.io"), rule("pods", "get list")])
    token = api.token()
    roles = f"{RBAC}/namespaces/default/roles"
    assert api.call("POST", roles, {"metadata": {"name": "less"}, "rules": [rule("pods", "get")]}, token=token).code == 201
    answer = api.call("POST", roles, {"metadata": {"name": "more"}, "rules": [rule("pods secrets", "get delete")]}, token=token)
    assert answer.code == 403
    assert answer.message == (
        f'roles.rbac.authorization.k8s.io "more" is forbidden: user "{ACCOUNT}" (groups=["system:serviceaccounts" "system:serviceaccounts:default" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n'
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}'
    )
    patched = api.call("PATCH", f"{roles}/less", b'{"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}', token=token, content_type="application/merge-patch+json")
    assert patched.code == 403
    binding = {"metadata": {"name": "up"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
               "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}]}  # fmt: skip
    assert api.call("POST", f"{RBAC}/namespaces/default/rolebindings", binding, token=token).code == 403


def test_applying_something_new_needs_the_right_to_create_it(api: Api) -> None:
    api.grant("default", [rule("configmaps", "patch")])
    api.config_map("there")
    headers = {"content_type": "application/apply-patch+yaml", "token": api.token()}

    def apply(name: str) -> int:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
        return api.call("PATCH", f"{MAPS}/{name}?fieldManager=me", body, **headers).code

    assert (apply("there"), apply("new")) == (200, 403)


def test_reviews_answer_for_others_and_for_oneself(api: Api) -> None:
    api.grant("default", [rule("pods", "get list")])
    asked = {"resourceAttributes": {"verb": "list", "resource": "pods", "namespace": "default"}}
    for user, allowed in ((ACCOUNT, True), ("bob", False)):
        review = api.post(f"{AUTHZ}/subjectaccessreviews", {"spec": {**asked, "user": user}})
        assert review["status"]["allowed"] is allowed
    assert api.post(f"{AUTHZ}/subjectaccessreviews", {"spec": {**asked, "user": ACCOUNT}})["status"]["reason"] == (
        'RBAC: allowed by RoleBinding "granted/default" of Role "granted" to ServiceAccount "default/default"'
    )
    local = api.post(f"{AUTHZ}/namespaces/default/localsubjectaccessreviews", {"spec": {**asked, "user": ACCOUNT}})
    assert local["status"]["allowed"] is True
    mine = api.post(f"{AUTHZ}/selfsubjectaccessreviews", {"spec": asked}, authorization=f"Bearer {api.token()}")
    assert mine["status"]["allowed"] is True
    path = api.post(f"{AUTHZ}/subjectaccessreviews", {"spec": {"user": "bob", "nonResourceAttributes": {"path": "/metrics", "verb": "get"}}})
    assert path["status"] == {"allowed": False}
    answer = api.call("POST", f"{AUTHZ}/subjectaccessreviews", {"spec": asked})
    assert answer.message == 'SubjectAccessReview.authorization.k8s.io "" is invalid: spec.user: Invalid value: "": at least one of user or group must be specified'


def test_a_rules_review_lists_what_one_may_do(api: Api) -> None:
    api.grant("default", [rule("pods", "get list")])
    status = api.post(f"{AUTHZ}/selfsubjectrulesreviews", {"spec": {"namespace": "default"}}, authorization=f"Bearer {api.token()}")["status"]
    assert {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]} in status["resourceRules"]
    assert any("/version" in r["nonResourceURLs"] for r in status["nonResourceRules"])
    assert status["incomplete"] is False
