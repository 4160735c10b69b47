"""`kubectl set` itself."""

from __future__ import annotations

from cluster_engine.kubectl.command import Command, lacking
from cluster_engine.kubectl.set import env, image, resources

COMMAND = Command(
    "set",
    "Set specific features on objects",
    use="SUBCOMMAND [options]",
    long="Changes features of objects that are there already.",
    group="Basic Commands (Beginner)",
    commands=(
        env.COMMAND,
        image.COMMAND,
        resources.COMMAND,
        lacking("selector", "Set the selector on a resource"),
        lacking("serviceaccount", "Update the service account of a resource"),
        lacking("subject", "Update the user, group, or service account in a role binding or cluster role binding"),
    ),
)
