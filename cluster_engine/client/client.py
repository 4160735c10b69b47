"""The typed client: a component's hand on the API server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver.request import Accept, PatchType, Propagation, Request, Verb, Watch
from cluster_engine.apiserver.server import ApiServer


@dataclass(frozen=True, slots=True)
class Listing:
    """The result of a list: immutable objects in key order, and the revision at which they are true."""

    items: list[Obj]
    resource_version: int


class Client:
    """Requests in the name of one component. `resource` is a group resource ("pods", "deployments.apps").

    Every method raises `ApiError` for what the server refuses. Objects that go in or come out are immutable.
    """

    def __init__(self, server: ApiServer, user_agent: str, user: str = "system:admin") -> None:
        self._server = server
        self.user_agent = user_agent
        self.user = user
        # What every request fails with while there is no way to the server; None as a rule.
        self.cut: ApiError | None = None

    @property
    def server(self) -> ApiServer:
        """For those that speak whole requests (kubectl)."""
        return self._server

    def request(self, verb: Verb, resource: str, namespace: str = "", name: str = "", **options: Any) -> Any:
        """Any request, whole: see `apiserver/request.py` for the options. Returns the response's body."""
        if self.cut is not None:
            raise self.cut
        request = Request(
            verb=verb,
            resource=resource,
            namespace=namespace,
            name=name,
            user=self.user,
            field_manager=options.pop("field_manager", self.user_agent),
            **options,
        )
        return self._server.handle(request).body

    def get(self, resource: str, name: str, namespace: str = "", *, subresource: str = "") -> Obj:
        return self.request("get", resource, namespace, name, subresource=subresource)  # type: ignore[no-any-return]

    def list(
        self, resource: str, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> Listing:
        if self.cut is not None:
            raise self.cut
        items, revision = self._server.list_raw(resource, namespace, label_selector, field_selector)
        return Listing(items, revision)

    def create(self, resource: str, obj: Obj, namespace: str = "", *, dry_run: bool = False) -> Obj:
        """Creates `obj`; with `generateName` the server picks the name. The namespace defaults to the object's."""
        namespace = namespace or obj["metadata"].get("namespace", "")
        return self.request("create", resource, namespace, body=obj, dry_run=dry_run, trusted=True)  # type: ignore[no-any-return]

    def update(self, resource: str, obj: Obj, *, subresource: str = "") -> Obj:
        """Replaces the object; a stale `resourceVersion` is a Conflict, a missing one overwrites."""
        meta = obj["metadata"]
        return self.request(  # type: ignore[no-any-return]
            "update", resource, meta.get("namespace", ""), meta["name"], body=obj, subresource=subresource, trusted=True
        )

    def update_status(self, resource: str, obj: Obj) -> Obj:
        """Replaces the status only."""
        return self.update(resource, obj, subresource="status")

    def patch(
        self,
        resource: str,
        name: str,
        patch: Any,
        namespace: str = "",
        *,
        patch_type: PatchType = "strategic",
        subresource: str = "",
    ) -> Obj:
        return self.request(  # type: ignore[no-any-return]
            "patch", resource, namespace, name, body=patch, patch_type=patch_type, subresource=subresource, trusted=True
        )

    def delete(
        self,
        resource: str,
        name: str,
        namespace: str = "",
        *,
        propagation_policy: Propagation | None = None,
        grace_period_seconds: int | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> Obj:
        """Asks for deletion; with `uid` only if the object still is that one."""
        preconditions = {k: v for k, v in (("uid", uid), ("resourceVersion", resource_version)) if v is not None}
        return self.request(  # type: ignore[no-any-return]
            "delete",
            resource,
            namespace,
            name,
            propagation_policy=propagation_policy,
            grace_period_seconds=grace_period_seconds,
            preconditions=preconditions or None,
        )

    def bind(self, pod: Obj, node: str) -> None:
        """Binds a pod to a node, as the scheduler does."""
        meta = pod["metadata"]
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]},
            "target": {"kind": "Node", "name": node},
        }
        self.request("create", "pods", meta["namespace"], meta["name"], subresource="binding", body=body, trusted=True)

    def watch(
        self,
        resource: str,
        namespace: str = "",
        *,
        resource_version: int | None = None,
        label_selector: str = "",
        field_selector: str = "",
        accept: Accept = "object",
    ) -> Watch:
        """Events after `resource_version` (from now on if None): see `Watch`."""
        return self.request(  # type: ignore[no-any-return]
            "watch",
            resource,
            namespace,
            resource_version=resource_version,
            label_selector=label_selector,
            field_selector=field_selector,
            accept=accept,
        )
