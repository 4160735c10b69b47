"""`kubectl auth` itself."""

from __future__ import annotations

from cluster_engine.kubectl.auth import can_i, whoami
from cluster_engine.kubectl.command import Command, lacking

COMMAND = Command(
    "auth",
    "Inspect authorization",
    use="[flags] [options]",
    long="Shows who you are for the server, and what you may do.",
    group="Troubleshooting and Debugging Commands",
    commands=(
        can_i.COMMAND,
        lacking(
            "reconcile", "Reconciles rules for RBAC role, role binding, cluster role, and cluster role binding objects"
        ),
        whoami.COMMAND,
    ),
)
