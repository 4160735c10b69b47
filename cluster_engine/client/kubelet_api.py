"""What the API server asks of a kubelet, for kubelets: the questions, the streams, and where to be found."""

from cluster_engine.apiserver.connect import ExecQuery, KubeletApi, LogQuery, ProxyAnswer, ProxyCall
from cluster_engine.apiserver.streams import (
    ByteStream,
    Exchange,
    KubeletRefusal,
    PortConnection,
    PortForward,
    translated,
)

__all__ = [
    "ByteStream",
    "Exchange",
    "ExecQuery",
    "KubeletApi",
    "KubeletRefusal",
    "LogQuery",
    "PortConnection",
    "PortForward",
    "ProxyAnswer",
    "ProxyCall",
    "translated",
]
