"""Custom kinds come and go with their CustomResourceDefinitions: what is served follows what is stored.

Follows k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go.
"""

from __future__ import annotations

from cluster_engine.api.apiextensions.customresource import strategies_of
from cluster_engine.api.apiextensions.customresourcedefinition import CustomResourceDefinitionStrategy
from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery.meta import Obj, condition_is
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.etcd.store import Commit

_BUCKET = CustomResourceDefinitionStrategy.resource.prefix


class CustomResources:
    """Keeps the kinds of one server in step with the definitions in its store."""

    def __init__(self, server: ServerContext) -> None:
        self._server = server
        # By name of a definition: what it said when its kinds were made, and the group resources of those.
        self._served: dict[str, tuple[Obj, tuple[str, ...]]] = {}
        for item in server.store.range(_BUCKET):
            self._follow(item.value["metadata"]["name"], item.value)
        server.store.watch(_BUCKET, self._on_commit)

    def _on_commit(self, commit: Commit) -> None:
        self._follow(commit.key.removeprefix(_BUCKET), commit.value)

    def _follow(self, name: str, crd: Obj | None) -> None:
        """Serves what a definition says at present, or what it said no more (None: it is gone)."""
        said = _said(crd) if crd is not None else None
        before = self._served.get(name)
        if said == (before[0] if before is not None else None):
            return
        made = strategies_of(crd, terminating=said["terminating"]) if crd is not None and said is not None else []
        names = tuple(strategy.resource.group_resource for strategy in made)
        gone = [group_resource for group_resource in (before[1] if before else ()) if group_resource not in names]
        if said is None:
            self._served.pop(name, None)
        else:
            self._served[name] = said, names
        for strategy in made:
            self._serve(strategy)
        for group_resource in gone:
            self._server.scheme.remove(group_resource)
            del self._server.strategies[group_resource]

    def _serve(self, strategy: Strategy) -> None:
        # The rules first: whoever hears of a resource may ask for its objects at once.
        self._server.strategies[strategy.resource.group_resource] = strategy
        self._server.scheme.add(strategy.resource)


def _said(crd: Obj) -> Obj | None:
    """What decides how a definition's kinds are served; None while its names have not been accepted."""
    if not condition_is(crd, "Established"):
        return None
    status = crd.get("status") or {}
    terminating = condition_is(crd, "Terminating") or "deletionTimestamp" in crd["metadata"]
    return {"spec": crd["spec"], "names": status.get("acceptedNames"), "terminating": terminating}
