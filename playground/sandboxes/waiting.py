"""Why a Pod has no node: the scheduler's message, taken apart and told in plain words. Pure functions.

The message is kept as it is (`0/3 nodes are available: 3 Insufficient cpu. preemption: …`), so that what is learned
here is recognised on any cluster; beside each of its reasons stands what it means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cluster_engine.apimachinery.meta import Obj, get_condition

_HEAD = re.compile(r"0/(\d+) nodes are available: (.*?)\.(?: preemption: (.*))?$", re.DOTALL)
_COUNTED = re.compile(r"(\d+) (.+?)(?=, \d+ |$)")
_MORE = " ..."

# What the reasons mean; the groups of a pattern are values of its text.
MEANINGS: tuple[tuple[str, Promise], ...] = (
    (
        r"Insufficient (?P<what>\S+)",
        _("What is left of %(what)s is less than the Pod requests. Requests count, not what is really used."),
    ),
    (r"Too many pods", _("It has as many Pods as it may have.")),
    (
        r"node\(s\) didn't match Pod's node affinity/selector",
        _("It lacks the labels that the Pod's nodeSelector or node affinity asks for."),
    ),
    (r"pod affinity terms conflict", _("The nodes that its node affinity names exclude each other.")),
    (
        r"node\(s\) had untolerated taint \{(?P<key>[^:]+): (?P<value>[^}]*)\}",
        _("It has the taint “%(key)s”, which the Pod does not tolerate."),
    ),
    (r"node\(s\) were unschedulable", _("It is cordoned: it takes no new Pods until somebody uncordons it.")),
    (r"node\(s\) didn't match the requested node name", _("The Pod names another node.")),
    (
        r"node\(s\) didn't match pod affinity rules",
        _("The Pods that this one wants to be with (podAffinity) are not there."),
    ),
    (
        r"node\(s\) didn't match pod anti-affinity rules",
        _("A Pod that this one wants to keep away from (podAntiAffinity) is there."),
    ),
    (
        r"node\(s\) didn't satisfy existing pods anti-affinity rules",
        _("A Pod is there that wants to keep away from this one (its own podAntiAffinity)."),
    ),
    (
        r"node\(s\) didn't match pod topology spread constraints \(missing required label\)",
        _("It lacks the label by which the Pod's topologySpreadConstraints tell places apart."),
    ),
    (
        r"node\(s\) didn't match pod topology spread constraints",
        _("With one more Pod there, the spread would be more uneven than maxSkew allows."),
    ),
    (
        r"node\(s\) didn't have free ports for the requested pod ports",
        _("Another Pod on it has the host port that this one asks for."),
    ),
    (
        r"node\(s\) didn't satisfy plugin\(?s?\)? .*NodeAffinity.*",
        _("The Pod is meant for another node, by name. DaemonSets pin their Pods so."),
    ),
    (
        r"node\(s\) had volume node affinity conflict",
        _("A volume of the Pod can be had on other nodes only."),
    ),
    (r"node\(s\) had no available volume zone", _("A volume of the Pod is in another zone.")),
    (
        r"node\(s\) didn't find available persistent volumes to bind",
        _("No free PersistentVolume that suits the Pod's claim can be had there, and none can be made."),
    ),
    (
        r"node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",
        _("Another Pod uses the claim, which is for one Pod alone (ReadWriteOncePod)."),
    ),
    (
        r"pod has unbound immediate PersistentVolumeClaims",
        _("A claim of the Pod has no volume yet. The Pod is placed when it is bound."),
    ),
    (
        r'persistentvolumeclaim "(?P<name>[^"]+)" not found',
        _("The Pod uses the claim “%(name)s”, which does not exist."),
    ),
    (
        r'persistentvolumeclaim "(?P<name>[^"]+)" is being deleted',
        _("The Pod uses the claim “%(name)s”, which is being deleted."),
    ),
    (
        r'waiting for ephemeral volume controller to create the persistentvolumeclaim "(?P<name>[^"]+)"',
        _("The claim “%(name)s” of the Pod's ephemeral volume has not been made yet."),
    ),
    (r"no nodes available to schedule pods", _("The cluster has no nodes.")),
    (r"No preemption victims found for incoming pod", _("No Pod of lower priority is there to be pushed out.")),
    (r"Preemption is not helpful for scheduling", _("Pushing other Pods out would not change the reason.")),
    (
        r"not eligible due to preemptionPolicy=Never\.",
        _("The Pod's priority class lets it push nobody out (preemptionPolicy: Never)."),
    ),
    (
        r"not eligible due to a terminating pod on the nominated node\.",
        _("It has pushed others out already, and waits until they have ended."),
    ),
)


@dataclass(frozen=True)
class Reason:
    """One reason in Kubernetes' words, and for how many nodes it holds; `count` is 0 where it holds for all at once."""

    words: str
    count: int = 0

    @property
    def meaning(self) -> str:
        """In the reader's language; "" for a reason that is not known here."""
        for pattern, text in MEANINGS:
            found = re.fullmatch(pattern, self.words)
            if found:
                return str(text) % found.groupdict() if found.groupdict() else str(text)
        return ""


@dataclass(frozen=True)
class Waiting:
    """A Pod that waits for a node. `nominated` is one where others make room for it."""

    message: str
    gates: tuple[str, ...] = ()
    nominated: str = ""

    @cached_property
    def _parts(self) -> re.Match[str] | None:
        return _HEAD.match(self.message.removesuffix(_MORE))

    @property
    def nodes(self) -> int:
        """How many nodes were looked at."""
        return int(self._parts.group(1)) if self._parts else 0

    @property
    def lead(self) -> str:
        """The one line to begin with."""
        if self.gates:
            names = ", ".join(self.gates)
            return gettext("It has scheduling gates (%(names)s): nobody looks for a node until these are removed.") % {
                "names": names
            }
        if self.nominated:
            return gettext(
                "Pods of lower priority are leaving %(node)s for it. It gets their place when they have ended."
            ) % {"node": self.nominated}
        if self.nodes:
            return gettext("None of the %(count)s nodes will do. The scheduler tries again when something changes.") % {
                "count": self.nodes
            }
        return gettext("The scheduler has found no node for it.")

    @property
    def reasons(self) -> list[Reason]:
        """Why the nodes were refused."""
        if self.gates:
            return []
        return _reasons(self._parts.group(2)) if self._parts else [Reason(self.message)]

    @property
    def preemption(self) -> list[Reason]:
        """Why pushing other Pods out does not help."""
        text = (self._parts.group(3) or "") if self._parts else ""
        inner = _HEAD.match(text)
        return _reasons(inner.group(2)) if inner else [Reason(text)] if text else []


def why_waiting(pod: Obj) -> Waiting | None:
    """Why a Pod has no node; None where it has one, or nobody has looked yet."""
    status = pod.get("status") or {}
    condition = get_condition(status.get("conditions"), "PodScheduled")
    if condition is None or condition["status"] != "False" or pod["spec"].get("nodeName"):
        return None
    gates = tuple(gate["name"] for gate in pod["spec"].get("schedulingGates") or ())
    return Waiting(condition.get("message") or "", gates, status.get("nominatedNodeName") or "")


def _reasons(text: str) -> list[Reason]:
    counted = [Reason(words, int(count)) for count, words in _COUNTED.findall(text)]
    return counted if counted and text[:1].isdigit() else [Reason(text)]
