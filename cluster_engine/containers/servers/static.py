"""Files over HTTP: what nginx, httpd and busybox httpd share."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from cluster_engine.containers.files import Directory, File

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

_TYPES = {
    "html": "text/html", "htm": "text/html", "css": "text/css", "js": "application/javascript", "txt": "text/plain",
    "json": "application/json", "xml": "text/xml", "png": "image/png", "svg": "image/svg+xml", "ico": "image/x-icon",
}  # fmt: skip


class NotThere(Exception):
    """There is nothing to show. `status` is 403, 404 or 301; `path` is the file that was looked for."""

    def __init__(self, status: int, path: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.path = path
        self.words = words


def content_type(path: str, default: str = "application/octet-stream") -> str:
    return _TYPES.get(path.rpartition(".")[2].lower(), default)


def find_file(process: Process, root: str, path: str, indexes: list[str]) -> tuple[str, File]:
    """The file that a request path means, below `root`. Raises `NotThere`."""
    full = posixpath.normpath(root + "/" + path)
    if not (full + "/").startswith(posixpath.normpath(root) + "/"):
        raise NotThere(403, full, "13: Permission denied")
    inode = process.fs.find(full)
    if isinstance(inode, Directory):
        if not path.endswith("/"):
            raise NotThere(301, full, "")
        for index in indexes:
            found = process.fs.find(posixpath.join(full, index))
            if isinstance(found, File):
                full, inode = posixpath.join(full, index), found
                break
        else:
            raise NotThere(403, full + "/", "directory index is forbidden")
    if not isinstance(inode, File):
        raise NotThere(404, full, "2: No such file or directory")
    if not process.user.may(inode, 4):
        raise NotThere(403, full, "13: Permission denied")
    return full, inode
