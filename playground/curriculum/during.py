"""What happened on the way: a check over the history of the cluster since an object was last changed.

```yaml
- during: deployments.apps/nginx-deployment   # since its spec was last changed,
  selector: app=nginx                         # of these pods
  most: {at_most: 4}                          # there were never more than four at a time,
  fewest_ready: {at_least: 3}                 # and never fewer than three were ready
```

Pods that are being deleted or have ended are not counted, as the controllers do not count them either. The history
reaches back to the last start of the sandbox: what happened before it is not known, and is not held against anybody.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from cluster_engine.apimachinery.labels import Selector
from cluster_engine.apimachinery.meta import Obj, condition_is, deleting, labels_of, namespace_of, uid_of
from playground.curriculum.checks import Expected, Lack, Sentenced, find, titled
from playground.curriculum.reading import Reader

PODS = "/registry/pods/"


@dataclass(frozen=True)
class DuringCheck(Sentenced):
    """While the last change of an object was carried out, the number of pods kept within bounds."""

    resource: str
    name: str
    selector: Selector
    namespace: str = "default"
    most: Expected | None = None
    fewest_ready: Expected | None = None

    def lacking(self, reader: Reader) -> Lack | None:
        """Return which bound was not kept, or not reached."""
        sentence = self._sentence(reader)
        return Lack(sentence) if sentence else None

    def _sentence(self, reader: Reader) -> str | None:
        obj = find(reader, self.resource, self.name, self.namespace)
        if obj is None:
            return _("There is no %(object)s yet.") % {"object": titled(self.resource, self.name)}
        counts = list(self._counts(reader, _changed_at(reader, obj)))
        most = max(living for living, _ready in counts)
        fewest = min(ready for _living, ready in counts)
        if self.most and not self.most.accepts(most):
            return _("Since the last change there were up to %(n)s pods at a time; the step asks for %(expected)s.") % {
                "n": most,
                "expected": self.most,
            }
        if self.fewest_ready and not self.fewest_ready.accepts(fewest):
            return _(
                "Since the last change, at the lowest point %(n)s pods were ready; the step asks for %(expected)s."
            ) % {"n": fewest, "expected": self.fewest_ready}
        return None

    def _counts(self, reader: Reader, revision: int) -> Iterator[tuple[int, int]]:
        """Return (pods, ready pods) at a revision, and after each change of one of them since."""
        present = {uid_of(pod): pod for pod in reader.history.range_at(PODS, f"{PODS}{self.namespace}/", revision)}
        states = {uid: state for uid, pod in present.items() if (state := self._state(pod)) is not None}
        yield len(states), sum(states.values())
        for commit in reader.history.history_since(revision):
            pod = commit.value or commit.before
            if not commit.key.startswith(PODS) or pod is None or namespace_of(pod) != self.namespace:
                continue
            state = self._state(pod) if commit.value is not None else None
            states.pop(uid_of(pod), None)
            if state is not None:
                states[uid_of(pod)] = state
            yield len(states), sum(states.values())

    def _state(self, pod: Obj) -> bool | None:
        """Return whether a pod is ready; None for one that does not count."""
        ended = pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
        if ended or deleting(pod) or not self.selector.matches(labels_of(pod)):
            return None
        return condition_is(pod, "Ready")


def _changed_at(reader: Reader, obj: Obj) -> int:
    """Return the revision just before the object's spec became what it is, or the first that is known."""
    history = reader.history
    uid, generation = uid_of(obj), obj["metadata"].get("generation")
    for commit in history.history_since(history.compacted_revision):
        value = commit.value
        if value and uid_of(value) == uid and value["metadata"].get("generation") == generation:
            return int(commit.revision) - 1
    return int(history.compacted_revision)
