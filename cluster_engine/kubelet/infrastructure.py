"""What lies between the nodes and outlasts their kubelets: the network, and the disks with all that is kept on them.

One for each cluster. It knows its kubelets, since packets to a pod have to find the pod's node.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from cluster_engine.client.informer import InformerFactory
from cluster_engine.clock import Clock
from cluster_engine.containers.files import File
from cluster_engine.containers.network.fabric import Connection, Fabric, Names, Namespace, Rules
from cluster_engine.containers.servers.base import Silent
from cluster_engine.containers.volumes import Disks, Keeper, Volume, place
from cluster_engine.kubelet.config import FIRST_NODE_ADDRESS, POD_NETWORK, SHARED_FIRST, SHARED_NETWORK, KubeletConfig
from cluster_engine.kubelet.runtime import AddressPool

API_SERVER_ADDRESS = "192.168.0.1"
API_SERVER_PORT = 6443
KUBELET_PORT = 10250
# When what has been written to a disk is kept: soon the first time, then not too often.
SAVE_SECONDS = 2.0
SAVE_AGAIN_SECONDS = 30.0

Contents = Callable[[], dict[str, Any] | None]


class NodeMachine(Protocol):
    """A kubelet and its machine, as far as the network is concerned."""

    config: KubeletConfig
    own_network: Namespace
    dark: bool

    def network_at(self, ip: str) -> Namespace | None: ...

    def save_later(self, disk: str, seconds: float) -> None: ...


class Infrastructure:
    """Made before the kubelets. `keeper` writes down what is on disks; None keeps nothing."""

    def __init__(
        self, clock: Clock, informers: InformerFactory, rules: Rules, names: Names, keeper: Keeper | None = None
    ) -> None:
        self._clock = clock
        self._informers = informers
        self._keeper = keeper
        self.nodes: dict[str, NodeMachine] = {}
        self.fabric = Fabric(self.find, rules, names)
        self.disks = Disks(keeper, on_dirty=self._on_dirty)
        # What is to be written down of containers, by the name under which it is kept.
        self._pending: dict[str, Contents] = {}
        self._saved_us: dict[str, int] = {}
        self._follows_volumes = False
        self._listeners: dict[int, Callable[[], None]] = {}
        self.addresses = AddressPool(str(SHARED_NETWORK), SHARED_FIRST)
        self._master = Namespace(API_SERVER_ADDRESS, API_SERVER_ADDRESS)
        self._master.listen(API_SERVER_PORT, Silent)

    # The network.

    def serve_api(self, accept: Callable[[Connection], Any]) -> None:
        """From now on the API server's address answers connections from pods."""
        self._master.listeners.clear()
        self._master.listen(API_SERVER_PORT, accept)

    def find(self, ip: str) -> Namespace | None:
        """Who has an address; a pod's world is made where it is asked for."""
        if ip == API_SERVER_ADDRESS:
            return self._master
        node = self.nodes.get(node_of(ip))
        if node is None:
            return self._find_shared(ip)
        if node.dark:
            return None
        return node.own_network if ip == node.config.address else node.network_at(ip)

    def _find_shared(self, ip: str) -> Namespace | None:
        """The pod with an address of the whole cluster's range, on whatever node it is."""
        found = (node.network_at(ip) for node in self.nodes.values() if node.config.shares_addresses and not node.dark)
        return next((network for network in found if network is not None), None)

    def node_name(self, ip: str) -> str:
        """The name of the node with that address, or ""."""
        node = next((n for n in self.nodes.values() if n.config.address == ip), None)
        return node.config.name if node is not None else ""

    def node_network(self, config: KubeletConfig) -> Namespace:
        """The network namespace of a node itself."""
        network = Namespace(config.address, config.address)
        network.listen(KUBELET_PORT, Silent)
        return network

    def listen(self, key: int, listener: Callable[[], None]) -> None:
        """Calls `listener` at each change of the network, until `unlisten`."""
        self._listeners[key] = listener

    def unlisten(self, key: int) -> None:
        self._listeners.pop(key, None)

    def network_changed(self) -> None:
        for listener in tuple(self._listeners.values()):
            listener()

    # The disks.

    def node_disk(self, config: KubeletConfig) -> Volume:
        """The disk of a node, with a few files of its system."""
        disk = self.disks.open(f"node/{config.name}", mode=0o755)
        if not disk.root.entries:
            files = {
                "etc/hostname": f"{config.name}\n",
                "etc/hosts": f"127.0.0.1\tlocalhost\n{config.address}\t{config.name}\n",
                "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nID=debian\n',
                "var/log/syslog": "",
            }
            for path, text in files.items():
                place(disk.root, path, File(text.encode(), mtime_us=self._clock.now_us))
            disk.dirty = False
        return disk

    def follow_volumes(self) -> None:
        """Forgets the contents of persistent volumes that are deleted."""
        if not self._follows_volumes:
            self._follows_volumes = True
            informer = self._informers.get("persistentvolumes")
            informer.add_handler(lambda type_, pv, old, cause: self._volume_event(type_, pv["metadata"]["name"]))

    def _volume_event(self, type_: str, name: str) -> None:
        if type_ == "DELETED":
            self.forget(f"pv/{name}")

    def kept(self, name: str) -> dict[str, Any] | None:
        """What was written down under a name."""
        return self._keeper.load(name) if self._keeper is not None else None

    def mark(self, name: str, contents: Contents) -> None:
        """There is something new to write down under a name."""
        if self._keeper is not None and name not in self._pending:
            self._pending[name] = contents
            self._save_later(name)

    def _on_dirty(self, disk: str) -> None:
        if self._keeper is not None:
            self._pending[disk] = partial(self._save_disk, disk)
            self._save_later(disk)

    def _save_disk(self, disk: str) -> None:
        self.disks.save(disk)

    def _save_later(self, name: str) -> None:
        node = next(iter(self.nodes.values()), None)
        if node is None:
            return
        saved_us = self._saved_us.get(name)
        seconds = (
            SAVE_SECONDS
            if saved_us is None
            else max(SAVE_SECONDS, SAVE_AGAIN_SECONDS - (self._clock.now_us - saved_us) / 1_000_000)
        )
        node.save_later(name, seconds)

    def save(self, name: str) -> None:
        """Writes down what there is under a name."""
        contents = self._pending.pop(name, None)
        if contents is None or self._keeper is None:
            return
        self._saved_us[name] = self._clock.now_us
        made = contents()
        if made is not None:
            self._keeper.save(name, made)

    @property
    def unsaved(self) -> bool:
        """Whether there is anything that is not written down yet."""
        return bool(self._pending)

    def save_all(self) -> None:
        """Writes down everything that is not yet."""
        for name in list(self._pending):
            self.save(name)

    def forget(self, name: str) -> None:
        """What was kept under a name is gone."""
        self._pending.pop(name, None)
        self._saved_us.pop(name, None)
        self.disks.forget(name)

    def forget_pod(self, uid: str) -> None:
        for disk in [disk for disk in self.disks.volumes if disk.startswith(f"pod/{uid}/")]:
            self.forget(disk)
        if self._keeper is not None:
            self._keeper.drop(f"pod/{uid}/")


def node_of(ip: str) -> str:
    """The name that the node has whose address this is, or which the pod with this address runs on."""
    try:
        address = ipaddress.IPv4Address(ip)
    except ValueError:
        return ""
    if address in POD_NETWORK:
        index = (int(address) - int(POD_NETWORK.network_address)) // 256
    else:
        index = int(address) - int(FIRST_NODE_ADDRESS)
    return f"k8s-node{index + 1:02d}" if 0 <= index < 256 else ""
