"""`kubectl set` itself."""

from __future__ import annotations

from cluster_engine.kubectl.command import Command
from cluster_engine.kubectl.set import env, image, resources, selector, serviceaccount, subject

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
        selector.COMMAND,
        serviceaccount.COMMAND,
        subject.COMMAND,
    ),
)
