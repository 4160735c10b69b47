"""The suffix of generated names: a hash of what is in the object. Follows kustomize's api/hasher/hasher.go."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cluster_engine.apimachinery.meta import Obj

LENGTH = 10
# Letters and digits that could make words are others instead.
_SAFE = str.maketrans({"0": "g", "1": "h", "3": "k", "a": "m", "e": "t"})


def suffix(obj: Obj, name: str = "") -> str:
    """The hash of a ConfigMap's or a Secret's data; of any other object as a whole."""
    if obj["kind"] == "ConfigMap":
        body: Any = {"data": obj.get("data") or "", "kind": "ConfigMap", "name": name}
        if obj.get("binaryData"):
            body["binaryData"] = obj["binaryData"]
    elif obj["kind"] == "Secret":
        body = {"data": obj.get("data") or "", "kind": "Secret", "name": name, "type": obj.get("type", "")}
    else:
        body = obj
    text = json.dumps(body, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH].translate(_SAFE)
