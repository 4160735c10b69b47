"""How the terminal's kubectl looks: today's, or that of the document (Kubernetes v1.12).

A look stands between the shell and kubectl and changes what is shown, never what is done: columns of tables
(`tables.py`) and words of lines (`rules.py`). Each other look is a module of data, such as `document.py`.
"""

from __future__ import annotations

from cluster_engine.shell.looks import document
from cluster_engine.shell.looks.rules import Look

CURRENT = "current"
LOOKS: dict[str, Look] = {document.LOOK.name: document.LOOK}
NAMES = (CURRENT, *LOOKS)
