"""/etc/hosts, /etc/hostname and /etc/resolv.conf of a pod.

Follows pkg/kubelet/kubelet_pods.go (managedHostsFileContent) and pkg/kubelet/network/dns.
"""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.containers.network.resolver import CLUSTER_DNS

CLUSTER_DOMAIN = "cluster.local"
NODE_DNS = "192.168.0.1"
_LOCAL = (
    "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\n"
    "fe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
)


def hostname_of(pod: Obj, node: str) -> str:
    """The pod's host name, at most 63 characters."""
    spec = pod["spec"]
    if spec.get("hostNetwork"):
        return node
    name: str = spec.get("hostname") or pod["metadata"]["name"]
    return name[:63].rstrip("-.")


def hosts_file(pod: Obj, ip: str, node: str, node_ip: str) -> str:
    spec, meta = pod["spec"], pod["metadata"]
    if spec.get("hostNetwork"):
        text = f"# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n{node_ip}\t{node}\n"
    else:
        name = hostname_of(pod, node)
        text = f"# Kubernetes-managed hosts file.\n{_LOCAL}"
        if spec.get("subdomain"):
            domain = f"{name}.{spec['subdomain']}.{meta['namespace']}.svc.{CLUSTER_DOMAIN}"
            text += f"{ip}\t{domain}\t{name}\n"
        else:
            text += f"{ip}\t{name}\n"
    aliases = spec.get("hostAliases") or ()
    if aliases:
        text += "\n# Entries added by HostAliases.\n"
        text += "".join(f"{alias['ip']}\t{chr(9).join(alias.get('hostnames') or ())}\n" for alias in aliases)
    return text


def resolv_file(pod: Obj) -> str:
    spec = pod["spec"]
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    if policy == "ClusterFirst" and spec.get("hostNetwork"):
        policy = "Default"
    servers, searches, options = [NODE_DNS], ["podarium.internal"], {}
    if policy in ("ClusterFirst", "ClusterFirstWithHostNet"):
        namespace = pod["metadata"]["namespace"]
        servers = [CLUSTER_DNS]
        searches = [f"{namespace}.svc.{CLUSTER_DOMAIN}", f"svc.{CLUSTER_DOMAIN}", CLUSTER_DOMAIN]
        options = {"ndots": "5"}
    elif policy == "None":
        servers, searches = [], []
    config = spec.get("dnsConfig") or {}
    servers += [server for server in config.get("nameservers") or () if server not in servers]
    searches += [search for search in config.get("searches") or () if search not in searches]
    for option in config.get("options") or ():
        options[option["name"]] = option.get("value") or ""
    lines = [f"search {' '.join(searches)}"] if searches else []
    lines += [f"nameserver {server}" for server in servers]
    if options:
        lines.append("options " + " ".join(f"{name}:{value}" if value else name for name, value in options.items()))
    return "".join(f"{line}\n" for line in lines)
