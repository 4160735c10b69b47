"""MySQL, MariaDB, PostgreSQL and MongoDB, as far as a cluster sees them: they start, refuse to start without a
password, listen, and answer pings. They keep no tables: of SQL only a few questions about the server are answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from cluster_engine.containers.network.client import Timeout, connect
from cluster_engine.containers.network.fabric import ConnectFault
from cluster_engine.containers.pipe import read_all
from cluster_engine.containers.process import decode, encode
from cluster_engine.containers.programs.network import BadAddress, resolve
from cluster_engine.containers.programs.options import arguments
from cluster_engine.containers.programs.system import become
from cluster_engine.containers.runner import Program, Wait
from cluster_engine.containers.servers.base import Silent, listen, moment, run_until_stopped

if TYPE_CHECKING:
    from cluster_engine.containers.network.fabric import Connection
    from cluster_engine.containers.process import Process

MYSQL_PORT, POSTGRES_PORT, MONGO_PORT = 3306, 5432, 27017
_WORDS_ON_SETTINGS = (
    "Database is uninitialized and password option is not specified\n    You need to specify one of the "
    "following as an environment variable:\n    - MYSQL_ROOT_PASSWORD\n    - MYSQL_ALLOW_EMPTY_PASSWORD\n"
    "    - MYSQL_RANDOM_ROOT_PASSWORD\n"
)
_ROOT_SETTINGS = ("ROOT_PASSWORD", "ALLOW_EMPTY_PASSWORD", "RANDOM_ROOT_PASSWORD", "ALLOW_EMPTY_ROOT_PASSWORD")


def _stamp(process: Process) -> str:
    now = process.now_us
    return f"{moment(now):%Y-%m-%dT%H:%M:%S}.{now % 1_000_000:06d}Z"


def _note(process: Process, text: str) -> str:
    return f"{moment(process.now_us):%Y-%m-%d %H:%M:%S}+00:00 [Note] [Entrypoint]: {text}\n"


def mysql_entrypoint(process: Process) -> Program:
    """`docker-entrypoint.sh mysqld`: refuses a new database without a word on root's password."""
    words = arguments(process) or ["mysqld"]
    if words[0].startswith("-"):
        words = ["mysqld", *words]
    if words[0] in ("mysqld", "mariadbd"):
        version = process.container.plan.facts.get("version", "8.4.5")
        process.out(_note(process, f"Entrypoint script for MySQL Server {version} started."))
        prefixes = ("MYSQL_", "MARIADB_")
        if not any(process.env.get(prefix + name) for prefix in prefixes for name in _ROOT_SETTINGS):
            if not process.fs.names("/var/lib/mysql"):
                process.err(_note(process, "").replace("[Note]", "[ERROR]").rstrip("\n") + _WORDS_ON_SETTINGS)
                return 1
        if not process.fs.exists("/var/lib/mysql/mysql"):
            process.out(_note(process, "Initializing database files"))
            yield process.sleep(1.5)
            process.fs.make_directory("/var/lib/mysql/mysql")
            process.out(_note(process, "Database files initialized"))
    return (yield from become(process, words))


def mysqld(process: Process) -> Program:
    version = process.container.plan.facts.get("version", "8.4.5")
    if "--version" in process.argv:
        process.out(f"/usr/sbin/mysqld  Ver {version} for Linux on x86_64 (MySQL Community Server - GPL)\n")
        return 0
    head = f"{_stamp(process)} 0 [System]"
    process.err(f"{head} [MY-010116] [Server] /usr/sbin/mysqld (mysqld {version}) starting as process {process.pid}\n")
    yield process.sleep(0.5)
    server = _MySql(process, version)
    listen(process, {MYSQL_PORT: server.accept})
    process.err(
        f"{_stamp(process)} 0 [System] [MY-010931] [Server] /usr/sbin/mysqld: ready for connections. "
        f"Version: '{version}'  "
        f"socket: '/var/run/mysqld/mysqld.sock'  port: {MYSQL_PORT}  MySQL Community Server - GPL.\n"
    )
    return (yield from run_until_stopped(process))


class _MySql:
    """Answers one question a connection: `user TAB password NEWLINE question`."""

    def __init__(self, process: Process, version: str) -> None:
        self._process = process
        self._version = version
        env = process.env
        self._password = env.get("MYSQL_ROOT_PASSWORD") or env.get("MARIADB_ROOT_PASSWORD") or ""
        self._databases = {"information_schema", "mysql", "performance_schema", "sys"}
        if env.get("MYSQL_DATABASE"):
            self._databases.add(env["MYSQL_DATABASE"])

    def accept(self, connection: Connection) -> _Question:
        return _Question(connection, self.answer)

    def answer(self, user: str, password: str, question: str) -> str:
        if user == "root" and password != self._password:
            using = "YES" if password else "NO"
            return f"ERROR 1045 (28000): Access denied for user '{user}'@'localhost' (using password: {using})"
        rows: list[str] = []
        for statement in question.split(";"):
            rows += self._statement(statement.strip())
        return "\n".join(rows)

    def _statement(self, statement: str) -> list[str]:
        words = statement.lower().split()
        if not words or words[0] in ("use", "set", "flush", "grant", "begin", "commit"):
            return []
        if words[:2] == ["show", "databases"]:
            return ["Database", *sorted(self._databases)]
        if words[:2] in (["create", "database"], ["create", "schema"]):
            self._databases.add(words[-1].strip("`"))
            return []
        if words[:2] == ["drop", "database"]:
            self._databases.discard(words[-1].strip("`"))
            return []
        if words[0] == "select":
            return self._select(statement[6:].strip())
        return [f"ERROR 1235 (42000): This simulated MySQL keeps no tables: {statement[:40]}"]

    def _select(self, what: str) -> list[str]:
        values = {"version()": self._version, "@@version": self._version, "@@hostname": self._process.pod.hostname}
        values |= {"@@server_id": "1", "now()": f"{moment(self._process.pod.read_clock()):%Y-%m-%d %H:%M:%S}"}
        if what.lower() in values:
            return [what, values[what.lower()]]
        if re.fullmatch(r"\d+", what):
            return [what, what]
        return [f"ERROR 1235 (42000): This simulated MySQL keeps no tables: SELECT {what[:40]}"]


class _Question:
    def __init__(self, connection: Connection, answer: Callable[[str, str, str], str]) -> None:
        self._connection = connection
        self._answer = answer
        self._buffer = b""

    def received(self, data: bytes) -> None:
        self._buffer += data
        if self._buffer.endswith(b"\0"):
            login, _, question = decode(self._buffer[:-1]).partition("\n")
            user, _, password = login.partition("\t")
            self._connection.write(encode(self._answer(user, password, question)))
            self._connection.close()

    def ended(self) -> None:
        self._connection.close()


def _mysql_login(words: list[str]) -> tuple[str, str, str, str | None, list[str]]:
    """(host, user, password, statement, the other words)."""
    host, user, password, statement, rest = "localhost", "root", "", None, []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        name, equals, value = word.partition("=")
        short = word[:2] if word.startswith("-") and not word.startswith("--") else ""
        if name in ("--host", "--user", "--execute") or short in ("-h", "-u", "-e"):
            text = value if equals and not short else word[2:] if short and word[2:] else queue.pop(0) if queue else ""
            key = name if not short else {"-h": "--host", "-u": "--user", "-e": "--execute"}[short]
            host, user = (text if key == "--host" else host), (text if key == "--user" else user)
            statement = text if key == "--execute" else statement
        elif name == "--password" or short == "-p":
            password = value if not short else word[2:]
        elif not word.startswith("-"):
            rest.append(word)
    return host, user, password, statement, rest


def mysql(process: Process) -> Program:
    """`mysql -h HOST -u USER -pPASSWORD -e STATEMENT`, or statements on standard input."""
    host, user, password, statement, _ = _mysql_login(arguments(process))
    if statement is None:
        statement = decode((yield from read_all(process.stdin)))
    answer = yield from _ask_mysql(process, host, user, password, statement)
    if answer.startswith("ERROR"):
        process.err(answer + "\n")
        return 1
    if answer:
        process.out(answer + "\n")
    return 0


def _ask_mysql(process: Process, host: str, user: str, password: str, statement: str) -> Generator[Wait, None, str]:
    where = "127.0.0.1" if host == "localhost" else host
    try:
        address = yield from resolve(process, where)
        connection = yield from connect(process.pod, address, MYSQL_PORT)
    except BadAddress:
        return f"ERROR 2005 (HY000): Unknown MySQL server host '{host}' (-2)"
    except (ConnectFault, Timeout):
        if host == "localhost":
            socket = "/var/run/mysqld/mysqld.sock"
            return f"ERROR 2002 (HY000): Can't connect to local MySQL server through socket '{socket}' (2)"
        return f"ERROR 2003 (HY000): Can't connect to MySQL server on '{host}:{MYSQL_PORT}' (111)"
    connection.send(encode(f"{user}\t{password}\n{statement}\0"))
    return decode(connection.incoming.take())


def mysqladmin(process: Process) -> Program:
    host, user, password, _, rest = _mysql_login(arguments(process))
    answer = yield from _ask_mysql(process, host, user, password, "")
    if "ping" in rest and "1045" in answer:
        answer = ""
    if answer:
        process.err(f"mysqladmin: connect to server at '{host}' failed\nerror: '{answer.partition(': ')[2]}'\n")
        return 1
    if "ping" in rest:
        process.out("mysqld is alive\n")
    return 0


def postgres_entrypoint(process: Process) -> Program:
    words = arguments(process) or ["postgres"]
    data = process.env.get("PGDATA", "/var/lib/postgresql/data")
    if words[0] == "postgres" and not process.fs.exists(f"{data}/PG_VERSION"):
        if not process.env.get("POSTGRES_PASSWORD") and process.env.get("POSTGRES_HOST_AUTH_METHOD") != "trust":
            process.err(
                "Error: Database is uninitialized and superuser password is not specified.\n"
                "       You must specify POSTGRES_PASSWORD to a non-empty value for the\n"
                '       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".\n'
            )
            return 1
        process.out('The files belonging to this database system will be owned by user "postgres".\n')
        yield process.sleep(1.0)
        process.fs.make_directory(data, parents=True)
        version = process.container.plan.facts.get("version", "17.4").split(".")[0]
        process.fs.write(f"{data}/PG_VERSION", f"{version}\n".encode())
        process.out("PostgreSQL init process complete; ready for start up.\n\n")
    return (yield from become(process, words))


def postgres(process: Process) -> Program:
    version = process.container.plan.facts.get("version", "17.4")
    stamp = f"{moment(process.now_us):%Y-%m-%d %H:%M:%S}.{process.now_us // 1000 % 1000:03d} UTC [{process.pid}]"
    process.err(f"{stamp} LOG:  starting PostgreSQL {version} on x86_64-pc-linux-gnu, 64-bit\n")
    listen(process, {POSTGRES_PORT: Silent})
    process.err(f'{stamp} LOG:  listening on IPv4 address "0.0.0.0", port {POSTGRES_PORT}\n')
    process.err(f"{stamp} LOG:  database system is ready to accept connections\n")
    return (yield from run_until_stopped(process))


def pg_isready(process: Process) -> Program:
    words = arguments(process)
    host = words[words.index("-h") + 1] if "-h" in words[:-1] else "localhost"
    shown = "/var/run/postgresql" if host == "localhost" else host
    try:
        address = yield from resolve(process, "127.0.0.1" if host == "localhost" else host)
        connection = yield from connect(process.pod, address, POSTGRES_PORT, process.now_us + 3_000_000)
        connection.finish()
    except (BadAddress, ConnectFault, Timeout):
        process.out(f"{shown}:{POSTGRES_PORT} - no response\n")
        return 2
    process.out(f"{shown}:{POSTGRES_PORT} - accepting connections\n")
    return 0


def mongod(process: Process) -> Program:
    listen(process, {MONGO_PORT: Silent})
    process.out('{"s":"I","c":"NETWORK","msg":"Waiting for connections","attr":{"port":27017,"ssl":"off"}}\n')
    return (yield from run_until_stopped(process))
