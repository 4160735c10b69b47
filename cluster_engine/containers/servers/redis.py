"""Redis: a server that speaks its protocol, keeps data and replicates it."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from cluster_engine.containers.network.fabric import ConnectFault, Connection
from cluster_engine.containers.network.resolver import addresses_of
from cluster_engine.containers.process import SIGINT, SIGTERM, decode
from cluster_engine.containers.programs.options import arguments
from cluster_engine.containers.programs.system import become
from cluster_engine.containers.runner import Program, Wait
from cluster_engine.containers.servers.base import Signals, moment
from cluster_engine.containers.servers.redis_data import COMMANDS, Data, Ok, RedisFault, Reply
from cluster_engine.containers.servers.redis_disk import Disk
from cluster_engine.containers.servers.redis_protocol import decode_reply, encode_reply, parse_command

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

PORT = 6379
RETRY_SECONDS = 1.0
# After so many failures in a row a replica tries again only when somebody looks.
EAGER_RETRIES = 30
MAX_BUFFER = 1024 * 1024


def entrypoint(process: Process) -> Program:
    """`docker-entrypoint.sh`: options alone are for the server."""
    words = arguments(process)
    if not words or words[0].startswith("-") or words[0].endswith(".conf"):
        words = ["redis-server", *words]
    return (yield from become(process, words))


class _Session:
    """The server's end of one connection."""

    def __init__(self, server: _Redis, connection: Connection) -> None:
        self.server = server
        self.connection = connection
        self.is_replica = False
        self.authorised = not server.password
        self._buffer = b""

    def received(self, data: bytes) -> None:
        self._buffer = (self._buffer + data)[:MAX_BUFFER]
        while (found := parse_command(self._buffer)) is not None:
            words, self._buffer = found
            if words:
                self.connection.write(encode_reply(self.server.run(words, self)))
                if words[0].upper() == "QUIT":
                    self.connection.close()

    def ended(self) -> None:
        self.server.replicas.discard(self)
        self.connection.close()


class _Redis:
    """One server."""

    def __init__(self, process: Process, version: str) -> None:
        self.process = process
        self.version = version
        self.data = Data()
        self.replicas: set[_Session] = set()
        self.password = ""
        self.port = PORT
        # Whom it follows: (host, port), and the connection while there is one.
        self.master: tuple[str, int] | None = None
        self.link: Connection | None = None
        self.config: dict[str, str] = {
            "maxmemory": "0", "appendonly": "no", "dir": process.cwd, "save": "3600 1 300 100 60 10000",
            "requirepass": "",
        }  # fmt: skip
        self.run_id = process.pod.rng.hex(40)
        self._link_buffer = b""
        self.disk = Disk(process, self.config, version)
        self._loading = False
        kept = process.container.memory.get("redis")
        if isinstance(kept, dict):
            self.data.load(kept)

    def log(self, text: str, mark: str = "*") -> None:
        now = self.process.now_us
        role = "S" if self.master else "M"
        stamp = f"{moment(now):%d %b %Y %H:%M:%S}.{now // 1000 % 1000:03d}"
        self.process.out(f"{self.process.pid}:{role} {stamp} {mark} {text}\n")

    def load(self) -> None:
        """Goes on with what is on disk, unless it is the same server after a sleep of the whole cluster."""
        if not isinstance(self.process.container.memory.get("redis"), dict):
            self._loading = True
            self.disk.load(self.data, lambda words: self.run(words, None), self.log)
            self._loading = False

    def accept(self, connection: Connection) -> _Session:
        return _Session(self, connection)

    # Commands.

    def run(self, words: list[str], session: _Session | None) -> Reply:
        """Runs one command; what it answers. Without a session it comes from the master."""
        name, args = words[0].upper(), words[1:]
        try:
            if session is not None and not session.authorised and name not in ("AUTH", "QUIT", "HELLO"):
                raise RedisFault("NOAUTH Authentication required.")
            special = getattr(self, f"_do_{name.lower()}", None)
            if special is not None and session is not None:
                return special(args, session)
            if name not in COMMANDS:
                shown = " ".join(f"'{arg}'" for arg in args[:3])
                raise RedisFault(f"ERR unknown command '{words[0]}', with args beginning with: {shown} ".rstrip() + " ")
            fewest, most, writes, execute = COMMANDS[name]
            if len(args) < fewest or (most is not None and len(args) > most):
                raise RedisFault(f"ERR wrong number of arguments for '{name.lower()}' command")
            if writes and self.master is not None and session is not None:
                raise RedisFault("READONLY You can't write against a read only replica.")
            self.data.drop_expired(self.process.now_us)
            reply = execute(self.data, args, self.process.now_us)
            if writes:
                self._written(words)
            return reply
        except RedisFault as fault:
            return fault

    def _written(self, words: list[str]) -> None:
        container = self.process.container
        container.memory["redis"] = self.data.dump
        container.fs.space.changed()
        if not self._loading:
            self.disk.append(words)
        for replica in tuple(self.replicas):
            replica.connection.write(encode_reply(words))

    def _do_ping(self, args: list[str], session: _Session) -> Reply:
        return args[0] if args else Ok("PONG")

    def _do_echo(self, args: list[str], session: _Session) -> Reply:
        return args[0] if args else RedisFault("ERR wrong number of arguments for 'echo' command")

    def _do_quit(self, args: list[str], session: _Session) -> Reply:
        return Ok("OK")

    def _do_select(self, args: list[str], session: _Session) -> Reply:
        return Ok("OK") if args == ["0"] else RedisFault("ERR DB index is out of range")

    def _do_auth(self, args: list[str], session: _Session) -> Reply:
        if not self.password:
            return RedisFault(
                "ERR AUTH <password> called without any password configured for the default user. "
                "Are you sure your configuration is correct?"
            )
        if args[-1:] == [self.password]:
            session.authorised = True
            return Ok("OK")
        return RedisFault("WRONGPASS invalid username-password pair or user is disabled.")

    def _doparse_command(self, args: list[str], session: _Session) -> Reply:
        return []

    def _do_client(self, args: list[str], session: _Session) -> Reply:
        return Ok("OK")

    def _do_save(self, args: list[str], session: _Session) -> Reply:
        why = self.disk.save(self.data)
        self.log(why or "DB saved on disk", "#" if why else "*")
        return RedisFault("ERR") if why else Ok("OK")

    def _do_bgsave(self, args: list[str], session: _Session) -> Reply:
        self._do_save(args, session)
        return Ok("Background saving started")

    def _do_time(self, args: list[str], session: _Session) -> Reply:
        now_us = self.process.pod.read_clock()
        return [str(now_us // 1_000_000), str(now_us % 1_000_000)]

    def _do_config(self, args: list[str], session: _Session) -> Reply:
        if len(args) >= 2 and args[0].upper() == "GET":
            names = sorted(self.config) if args[1] == "*" else [args[1].lower()]
            return [part for name in names if name in self.config for part in (name, self.config[name])]
        if len(args) == 3 and args[0].upper() == "SET":
            self.set_config(args[1].lower(), args[2])
            return Ok("OK")
        return RedisFault("ERR Unknown subcommand or wrong number of arguments for 'config'. Try CONFIG HELP.")

    def set_config(self, name: str, value: str) -> None:
        self.config[name] = value
        if name == "requirepass":
            self.password = value
        elif name == "port" and value.isdigit():
            self.port = int(value)
        elif name in ("slaveof", "replicaof") and len(value.split()) == 2:
            host, port = value.split()
            self.master = (host, int(port)) if port.isdigit() else None

    def _do_replicaof(self, args: list[str], session: _Session) -> Reply:
        if len(args) != 2:
            return RedisFault("ERR wrong number of arguments for 'replicaof' command")
        if [word.upper() for word in args] == ["NO", "ONE"]:
            self.master = None
            self._drop_link()
            self.log("MASTER MODE enabled (user request)")
            return Ok("OK")
        self.master = (args[0], int(args[1]) if args[1].isdigit() else PORT)
        self._drop_link()
        self.log(f"REPLICAOF {self.master[0]}:{self.master[1]} enabled (user request)")
        self.follow()
        return Ok("OK")

    _do_slaveof = _do_replicaof

    def _do_psync(self, args: list[str], session: _Session) -> Reply:
        """A replica asks for everything, and for all that will be written."""
        session.is_replica = True
        self.replicas.add(session)
        self.log(f"Replica {session.connection.peer_ip}:{self.port} asks for synchronization")
        self.log(f"Synchronization with replica {session.connection.peer_ip}:{self.port} succeeded")
        return ["FULLRESYNC", self.run_id, *self.data.commands()]

    def _do_role(self, args: list[str], session: _Session) -> Reply:
        if self.master is None:
            return ["master", 0, [[r.connection.peer_ip, str(self.port), "0"] for r in self._live_replicas()]]
        return ["slave", self.master[0], self.master[1], "connected" if self.linked else "connect", 0]

    def _live_replicas(self) -> list[_Session]:
        return [replica for replica in self.replicas if not replica.connection.incoming.closed]

    @property
    def linked(self) -> bool:
        return self.link is not None and not self.link.incoming.closed

    def _do_info(self, args: list[str], session: _Session) -> Reply:
        wanted = args[0].lower() if args else "all"
        seconds = (self.process.pod.read_clock() - self.process.started_us) // 1_000_000
        replication = [f"role:{'slave' if self.master else 'master'}"]
        if self.master is not None:
            replication += [f"master_host:{self.master[0]}", f"master_port:{self.master[1]}"]
            replication += [f"master_link_status:{'up' if self.linked else 'down'}", "slave_read_only:1"]
        live = self._live_replicas()
        replication.append(f"connected_slaves:{len(live)}")
        replication += [
            f"slave{i}:ip={r.connection.peer_ip},port={self.port},state=online,offset=0,lag=0"
            for i, r in enumerate(live)
        ]
        keys = len(self.data.values)
        sections = {
            "Server": [
                f"redis_version:{self.version}", "redis_mode:standalone", f"tcp_port:{self.port}",
                f"uptime_in_seconds:{seconds}",
            ],
            "Clients": ["connected_clients:1"],
            "Memory": [f"used_memory:{1_000_000 + 100 * keys}"],
            "Replication": [*replication, f"master_replid:{self.run_id}"],
            "Keyspace": [f"db0:keys={keys},expires={len(self.data.expires_us)},avg_ttl=0"] if keys else [],
        }  # fmt: skip
        return "\r\n".join(
            f"# {title}\r\n" + "".join(f"{line}\r\n" for line in lines)
            for title, lines in sections.items()
            if wanted in ("all", "default", "everything", title.lower())
        )

    # Following a master.

    def _drop_link(self) -> None:
        link, self.link = self.link, None
        if link is not None:
            link.finish()

    def follow(self) -> bool:
        """Tries to reach the master; whether it is linked then."""
        if self.master is None or self.linked:
            return self.linked
        pod = self.process.pod
        host, port = self.master
        self.log(f"Connecting to MASTER {host}:{port}")
        found, _ = addresses_of(self.process.container, host)
        if not found:
            self.log("Unable to connect to MASTER: Resource temporarily unavailable", "#")
            return False
        try:
            link = pod.fabric.connect(pod.network, found[0], port)
        except ConnectFault as fault:
            words = {
                "refused": "Connection refused",
                "timeout": "Connection timed out",
                "unreachable": "No route to host",
            }
            self.log(f"Error condition on socket for SYNC: {words[fault.kind]}", "#")
            return False
        self.log("MASTER <-> REPLICA sync started")
        link.send(encode_reply(["PSYNC", "?", "-1"]))
        first = decode_reply(link.incoming.take())
        if first is None or not isinstance(first[0], list):
            self.log(f"Master replied to PING, replication can't continue: {first[0] if first else 'no reply'}", "#")
            link.finish()
            return False
        self.data = Data()
        for words_of in first[0][2:]:
            self.run(words_of, None)
        self.link = link
        self._link_buffer = first[1]
        self.process.on_end.append(lambda _: link.finish())
        self.log("MASTER <-> REPLICA sync: Finished with success")
        return True

    def take_from_master(self) -> None:
        """Does what the master has written since."""
        link = self.link
        if link is None:
            return
        self._link_buffer += link.incoming.take()
        while (found := parse_command(self._link_buffer)) is not None:
            words, self._link_buffer = found
            self.run(words, None)
        if link.incoming.closed:
            self.log("Connection with master lost.", "#")
            self.link = None


def redis_server(process: Process) -> Program:
    words = arguments(process)
    version = process.container.plan.facts.get("version", "7.4.2")
    if "--version" in words or "-v" in words:
        process.out(f"Redis server v={version} sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=0\n")
        return 0
    server = _Redis(process, version)
    if words and not words[0].startswith("-"):
        try:
            _configure(server, decode(process.fs.read(words[0], process.cwd, process.user)).splitlines())
        except OSError as error:
            process.err(f"Fatal error, can't open config file '{words[0]}': {error.strerror}\n")
            return 1
    text = " ".join(shlex.quote(word) for word in words[1 if words and not words[0].startswith("-") else 0 :])
    _configure(server, [line.strip() for line in re.split(r"(?:^|\s)--", text)])
    try:
        process.pod.network.listen(server.port, server.accept, process)
    except OSError:
        server.log(
            f"Warning: Could not create server TCP listening socket *:{server.port}: bind: Address already in use", "#"
        )
        return 1
    process.title = f"redis-server *:{server.port}"
    _greet(server, with_file=bool(words) and not words[0].startswith("-"))
    return (yield from _serve(server))


def _configure(server: _Redis, lines: list[str]) -> None:
    for line in lines:
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        if len(words) > 1:
            server.set_config(words[0].lower(), " ".join(words[1:]))


def _greet(server: _Redis, *, with_file: bool) -> None:
    process = server.process
    head = f"{process.pid}:C {moment(process.now_us):%d %b %Y %H:%M:%S}.{process.now_us // 1000 % 1000:03d}"
    process.out(f"{head} * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo\n")
    about = f"bits=64, commit=00000000, modified=0, pid={process.pid}, just started"
    process.out(f"{head} * Redis version={server.version}, {about}\n")
    if not with_file:
        process.out(
            f"{head} # Warning: no config file specified, using the default config. In order to specify a config file "
            "use redis-server /path/to/redis.conf\n"
        )
    server.log("monotonic clock: POSIX clock_gettime")
    server.log(f"Running mode=standalone, port={server.port}.")
    server.log("Server initialized")
    server.load()
    server.log("Ready to accept connections tcp")


def _serve(server: _Redis) -> Program:
    process = server.process
    signals = Signals(process, (SIGTERM, SIGINT))
    failures = 0
    while not signals.ready:
        if server.master is not None and not server.linked:
            server.take_from_master()
            failures = 0 if server.follow() else failures + 1
            process.lazy = failures > EAGER_RETRIES
        server.take_from_master()
        waits: tuple[Any, ...] = (signals, server.link.incoming) if server.link is not None else (signals,)
        retry_us = process.now_us + round(RETRY_SECONDS * 1_000_000)
        yield Wait(on=waits, deadline_us=retry_us if server.master is not None and not server.linked else None)
    server.log("User requested shutdown...", "#")
    if server.disk.saves_at_the_end:
        server.log("Saving the final RDB snapshot before exiting.")
        why = server.disk.save(server.data)
        server.log(why or "DB saved on disk", "#" if why else "*")
    server.log("Redis is now ready to exit, bye bye...", "#")
    yield process.sleep(0.1)
    return 0
