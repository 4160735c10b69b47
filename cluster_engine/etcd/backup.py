"""A snapshot as bytes, as `etcdctl snapshot save` writes a file: compressed JSON of every key."""

from __future__ import annotations

import zlib

import orjson

from cluster_engine.etcd.store import KeyValue, StoreSnapshot

MAX_BYTES = 256 * 1024 * 1024


def pack(snapshot: StoreSnapshot) -> bytes:
    body = {"revision": snapshot.revision, "items": [list(item) for item in snapshot.items]}
    return zlib.compress(orjson.dumps(body), 6)


def unpack(data: bytes) -> StoreSnapshot:
    """Raises ValueError for what is no snapshot."""
    try:
        stream = zlib.decompressobj()
        body = orjson.loads(stream.decompress(data, MAX_BYTES))
        items = [KeyValue(str(key), dict(value), int(first), int(last)) for key, value, first, last in body["items"]]
        return StoreSnapshot(int(body["revision"]), items)
    except (zlib.error, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"this is no snapshot of etcd: {error}") from None
