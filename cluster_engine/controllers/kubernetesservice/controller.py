"""Brings back what the API server itself needs when it is gone."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, key_of, split_key
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType, Handler
from cluster_engine.client.system_objects import system_objects
from cluster_engine.trace import Cause

# The real loop looks every ten seconds; an idle cluster must have no timers, so this one looks when something is gone.
RECREATE_AFTER_SECONDS = 0.5


class KubernetesServiceController(Controller):
    """Watches for the deletion of system objects."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("kubernetes-service", context)
        self._wanted = {f"{resource}/{key_of(obj)}": (resource, obj) for resource, obj in system_objects()}
        for resource in dict.fromkeys(resource for resource, _ in system_objects()):
            self.informer(resource).add_handler(self._on_event(resource))

    def _on_event(self, resource: str) -> Handler:
        def on_event(type_: EventType, obj: Obj, _old: Obj | None, cause: Cause) -> None:
            key = f"{resource}/{key_of(obj)}"
            if type_ == "DELETED" and key in self._wanted:
                self.queue.add_after(key, RECREATE_AFTER_SECONDS, cause)

        return on_event

    def sync(self, key: str) -> None:
        """Creates the object again where it is still missing."""
        resource, obj = self._wanted[key]
        namespace, name = split_key(key_of(obj))
        try:
            self.client.get(resource, name, namespace)
        except ApiError as error:
            if error.code != 404:
                raise
            self.client.create(resource, obj)
            self.trace.note(f"{resource} {name} was gone, and the API server needs it: created again")
