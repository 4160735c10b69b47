"""Runs the plugins stage by stage. Follows pkg/scheduler/framework/runtime/framework.go and schedule_one.go."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.diagnosis import Diagnosis
from cluster_engine.scheduler.framework import SKIP, CycleState, Handle, OnlyNodes, Plugin, Refusal, Scores
from cluster_engine.scheduler.nominator import Nominator
from cluster_engine.scheduler.resources import priority_of


class Framework:
    """The plugins of the scheduler, in their order."""

    def __init__(self, handle: Handle, plugins: Iterable[type[Plugin]]) -> None:
        self.cache = handle.cache
        self.nominator = Nominator()
        self.plugins: list[Plugin] = [plugin(handle) for plugin in plugins]
        self.by_name = {plugin.name: plugin for plugin in self.plugins}
        self._pre_filters = [plugin for plugin in self.plugins if type(plugin).pre_filter is not Plugin.pre_filter]
        self._filters = [plugin for plugin in self.plugins if type(plugin).filter is not Plugin.filter]
        self._scorers = [plugin for plugin in self.plugins if plugin.weight]
        self._trials = [plugin for plugin in self.plugins if type(plugin).pod_changed is not Plugin.pod_changed]

    # Pre-filter and filter.

    def find_feasible(self, state: CycleState) -> tuple[list[NodeInfo], Diagnosis]:
        """The nodes that every plugin lets through, and why the others are refused."""
        diagnosis = Diagnosis(len(self.cache))
        names = self._run_pre_filters(state, diagnosis)
        if diagnosis.pre_filter is not None:
            return [], diagnosis
        nominated = (state.pod.get("status") or {}).get("nominatedNodeName")
        if nominated:
            # Others were pushed out for this node: where it lets the pod in, no other one is looked at.
            node = self.cache.get(nominated)
            if node is not None and (names is None or nominated in names) and self.fits(state, node):
                return [node], diagnosis
        feasible = []
        for node in self.cache:
            if names is not None and node.name not in names:
                diagnosis.leave_out(node.name)
                continue
            refused = self.refusal(state, node) if self.nominator.anybody else self._run_filters(state, node)
            if refused is None:
                feasible.append(node)
            else:
                diagnosis.refuse(node.name, *refused)
        return feasible, diagnosis

    def _run_pre_filters(self, state: CycleState, diagnosis: Diagnosis) -> frozenset[str] | None:
        """The names of the nodes to which the pod is confined, None for all. Follows RunPreFilterPlugins."""
        names: frozenset[str] | None = None
        for plugin in self._pre_filters:
            answer = plugin.pre_filter(state)
            if answer is SKIP:
                state.skipped.add(plugin.name)
            elif answer is None:
                continue
            elif isinstance(answer, OnlyNodes):
                diagnosis.confined_by.append(plugin.name)
                names = answer.names if names is None else names & answer.names
                if not names:
                    diagnosis.nowhere()
                    return names
            elif isinstance(answer, Refusal):
                diagnosis.refuse_all(plugin.name, answer)
                if not answer.resolvable:
                    return names
        skipped = state.skipped
        state.filters = [plugin for plugin in self._filters if plugin.name not in skipped]
        return names

    def refusal(self, state: CycleState, node: NodeInfo) -> tuple[str, Refusal] | None:
        """(plugin, why) of the first plugin that refuses the node, with the pods nominated for it and without them.

        A nominated pod of no lower priority counts as if it were there already: its place is not given away. Since it
        may never come, the node must do without it too. Follows RunFilterPluginsWithNominatedPods.
        """
        if self.nominator.anybody:
            guests = self._guests(state.pod, node)
            if guests:
                trial, twin = self.trial(state), node.copy()
                for pod in guests:
                    self.add_pod(trial, twin, pod)
                refused = self._run_filters(trial, twin)
                if refused is not None:
                    return refused
        return self._run_filters(state, node)

    def fits(self, state: CycleState, node: NodeInfo) -> bool:
        return self.refusal(state, node) is None

    def _guests(self, pod: Obj, node: NodeInfo) -> list[Obj]:
        uid, priority = pod["metadata"].get("uid"), priority_of(pod)
        return [
            one
            for one in self.nominator.pods_for(node.name)
            if one["metadata"].get("uid") != uid and priority_of(one) >= priority
        ]

    def _run_filters(self, state: CycleState, node: NodeInfo) -> tuple[str, Refusal] | None:
        for plugin in state.filters:
            refused = plugin.filter(state, node)
            if refused is not None:
                return plugin.name, refused
        return None

    # Trials: what if this pod were there, or gone?

    def trial(self, state: CycleState) -> CycleState:
        """A copy of an attempt, in which pods may come and go."""
        kept = {name: self.by_name[name].copy_kept(value) for name, value in state.kept.items()}
        return CycleState(state.pod, state.resources, kept, state.skipped, state.filters)

    def add_pod(self, trial: CycleState, node: NodeInfo, pod: Obj) -> None:
        """Puts a pod onto a copied node of a trial."""
        node.add_pod(pod)
        self._tell(trial, node, pod, 1)

    def remove_pod(self, trial: CycleState, node: NodeInfo, pod: Obj) -> None:
        """Takes a pod off a copied node of a trial."""
        node.remove_pod(pod)
        self._tell(trial, node, pod, -1)

    def _tell(self, trial: CycleState, node: NodeInfo, pod: Obj, sign: int) -> None:
        for plugin in self._trials:
            if plugin.name not in trial.skipped:
                plugin.pod_changed(trial, pod, node, sign)

    # Score.

    def scores(self, state: CycleState, nodes: list[NodeInfo]) -> list[tuple[Plugin, Scores]]:
        """What each plugin that has an opinion thinks of each node, 0 to 100, before its weight."""
        opinions = []
        for plugin in self._scorers:
            scores = plugin.scores(state, nodes)
            if scores is not None:
                opinions.append((plugin, scores))
        return opinions
