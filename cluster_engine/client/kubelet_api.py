"""What the API server asks of a kubelet, for kubelets: the questions, the streams, and where to be found."""

from cluster_engine.apiserver.kubelet_api import (
    ExecQuery,
    KubeletApi,
    KubeletRefusal,
    LogQuery,
    ProxyAnswer,
    ProxyCall,
    translated,
)
from cluster_engine.apiserver.streams import ByteStream, Exchange, PortConnection, PortForward

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
