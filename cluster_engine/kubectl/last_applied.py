"""The annotation that remembers what was applied last. Follows k8s.io/kubectl/pkg/util/apply.go."""

from __future__ import annotations

import json
from typing import Any

from cluster_engine.apimachinery.meta import Obj, annotations_of, with_meta
from cluster_engine.kubectl.printers.json_printer import compact

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def original(obj: Obj) -> Obj | None:
    """What was applied last, as the object remembers it; None without the annotation."""
    text = annotations_of(obj).get(ANNOTATION)
    if not text:
        return None
    try:
        value: Any = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def with_last_applied(obj: Obj) -> Obj:
    """The object with the annotation that holds the object itself (the annotation left out)."""
    annotations = {key: value for key, value in annotations_of(obj).items() if key != ANNOTATION}
    bare = with_meta(obj, annotations=annotations)
    return with_meta(obj, annotations={**annotations, ANNOTATION: compact(bare) + "\n"})
