"""The annotation that remembers what was applied last. Follows k8s.io/kubectl/pkg/util/apply.go."""

from __future__ import annotations

import json
from typing import Any

from cluster_engine.apimachinery.meta import Obj, annotations_of, with_meta
from cluster_engine.kubectl.printers.go_typed import Typed, typed
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


def without_last_applied(obj: Obj) -> Obj:
    """The object without the annotation; its annotations are there, as apply writes them."""
    return with_meta(obj, annotations={k: v for k, v in annotations_of(obj).items() if k != ANNOTATION})


def with_last_applied(obj: Obj) -> Obj:
    """The object with the annotation that holds the object itself (the annotation left out)."""
    annotations = {key: value for key, value in annotations_of(obj).items() if key != ANNOTATION}
    if isinstance(obj, Typed):
        # kubectl's own types leave empty maps out, and have an order of their own.
        bare = with_meta(obj, annotations=annotations or None) if "annotations" in obj["metadata"] else obj
        text = compact(bare, in_order=True)
    else:
        text = compact(with_meta(obj, annotations=annotations))
    return (
        Typed(typed(with_meta(obj, annotations={**annotations, ANNOTATION: text + "\n"})))
        if isinstance(obj, Typed)
        else with_meta(obj, annotations={**annotations, ANNOTATION: text + "\n"})
    )
