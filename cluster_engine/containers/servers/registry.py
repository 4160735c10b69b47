"""All programs by name: the general ones, and the servers with their tools."""

from __future__ import annotations

from cluster_engine.containers.process import Main
from cluster_engine.containers.programs.registry import PROGRAMS as GENERAL
from cluster_engine.containers.servers import (
    agnhost,
    databases,
    httpd,
    made,
    memcached,
    nginx,
    redis,
    redis_client,
    simple,
)

PROGRAMS: dict[str, Main] = {
    **GENERAL,
    "agnhost": agnhost.agnhost, "apache": httpd.httpd, "bootcamp": simple.bootcamp,
    "curl-entrypoint": simple.or_default, "echoserver": simple.echoserver, "exec-entrypoint": simple.or_default,
    "generic": simple.generic, "hello": simple.hello, "hello-app": simple.hello_app, "http-echo": simple.http_echo,
    "httpd": httpd.busybox_httpd, "liveness": agnhost.liveness, "made": made.made, "memcached": memcached.memcached,
    "mongod": databases.mongod, "mysql": databases.mysql, "mysql-entrypoint": databases.mysql_entrypoint,
    "mysqladmin": databases.mysqladmin, "mysqld": databases.mysqld, "nginx": nginx.nginx,
    "nginx-entrypoint": nginx.entrypoint, "page": simple.php_page, "pause": simple.pause,
    "pg_isready": databases.pg_isready, "postgres": databases.postgres,
    "postgres-entrypoint": databases.postgres_entrypoint, "python": simple.python,
    "redis-cli": redis_client.redis_cli, "redis-entrypoint": redis.entrypoint, "redis-server": redis.redis_server,
    "stress": simple.stress, "unknown": simple.unknown, "whoami-server": simple.whoami,
}  # fmt: skip
