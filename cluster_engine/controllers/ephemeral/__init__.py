"""Claims for the generic ephemeral volumes of pods: made with a pod, owned by it, and gone with it."""
