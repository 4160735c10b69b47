"""`kubectl rollout` itself."""

from __future__ import annotations

from cluster_engine.kubectl.command import Command
from cluster_engine.kubectl.rollout import history, pause, restart, status, undo

COMMAND = Command(
    "rollout",
    "Manage the rollout of a resource",
    use="SUBCOMMAND [options]",
    long="Follows, pauses and undoes the rollouts of Deployments, DaemonSets and StatefulSets.",
    example="kubectl rollout status deployment/web\n\nkubectl rollout undo deployment/web",
    group="Deploy Commands",
    commands=(history.COMMAND, pause.PAUSE, restart.COMMAND, pause.RESUME, status.COMMAND, undo.COMMAND),
)
