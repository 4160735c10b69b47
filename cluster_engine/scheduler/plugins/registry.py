"""Which plugins run, in the order in which they filter."""

from __future__ import annotations

from cluster_engine.scheduler.framework import Plugin
from cluster_engine.scheduler.plugins.image_locality import ImageLocality
from cluster_engine.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from cluster_engine.scheduler.plugins.node_affinity import NodeAffinity
from cluster_engine.scheduler.plugins.node_name import NodeName
from cluster_engine.scheduler.plugins.node_ports import NodePorts
from cluster_engine.scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from cluster_engine.scheduler.plugins.node_resources_fit import NodeResourcesFit
from cluster_engine.scheduler.plugins.node_unschedulable import NodeUnschedulable
from cluster_engine.scheduler.plugins.pod_topology_spread import PodTopologySpread
from cluster_engine.scheduler.plugins.taint_toleration import TaintToleration
from cluster_engine.scheduler.plugins.volume_binding import VolumeBinding
from cluster_engine.scheduler.plugins.volume_restrictions import VolumeRestrictions
from cluster_engine.scheduler.plugins.volume_zone import VolumeZone

# As pkg/scheduler/apis/config/v1/default_plugins.go orders them.
PLUGINS: tuple[type[Plugin], ...] = (
    NodeUnschedulable,
    NodeName,
    TaintToleration,
    NodeAffinity,
    NodePorts,
    NodeResourcesFit,
    VolumeRestrictions,
    VolumeBinding,
    VolumeZone,
    PodTopologySpread,
    InterPodAffinity,
    NodeResourcesBalancedAllocation,
    ImageLocality,
)
