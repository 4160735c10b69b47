"""The translations, without GNU gettext: collect the texts, and compile the catalogues.

    python tools/messages.py update     bring locale/*/LC_MESSAGES/django.po up to date with code and templates
    python tools/messages.py compile    write the .mo files that Django reads
    python tools/messages.py check      fail when a text has no translation
"""

import io
import os
import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
KEYWORDS: dict[str, tuple[object, ...] | None] = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
HEADER = '''\
msgid ""
msgstr ""
"Project-Id-Version: Podarium\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

'''
_TEXT = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALL = re.compile(rf"\bn?p?gettext\({_TEXT}(?:, ?{_TEXT})*(?:, ?count)?\)")


def source_files() -> list[Path]:
    """Return the files whose texts people read."""
    python = [path for path in (ROOT / "playground").rglob("*.py") if "migrations" not in path.parts]
    return sorted(python) + sorted((ROOT / "templates").rglob("*.html"))


def collect() -> Catalog:
    """Return every translatable text of code and templates, with where it stands."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "playground.settings")
    sys.path.insert(0, str(ROOT))
    import django
    from django.utils.translation.template import templatize

    django.setup()
    found = Catalog(charset="utf-8", fuzzy=False)
    for path in source_files():
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            # {% translate "…" %} becomes gettext("…") in its line; the rest of the line is no Python and is left out.
            lines = templatize(text).split("\n")
            text = "\n".join("; ".join(match[0] for match in CALL.finditer(line)) for line in lines)
        source = io.BytesIO(text.encode())
        for line, message, comments, context in extract("python", source, KEYWORDS, ("Translators:",)):
            found.add(message, None, [(str(path.relative_to(ROOT)), line)], auto_comments=comments, context=context)
    return found


def catalogue_paths() -> list[Path]:
    """Return the catalogue of each language."""
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def load(path: Path) -> Catalog:
    """Read one language's catalogue."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def update() -> int:
    """Bring the catalogues up to date; texts that are gone are dropped."""
    found = collect()
    for path in catalogue_paths():
        catalogue = load(path)
        catalogue.update(found, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        path.write_bytes(HEADER.format(language=path.parent.parent.name).encode() + _body(catalogue))
        print(f"{path.relative_to(ROOT)}: {sum(1 for message in catalogue if message.id)} texts")
    return check()


def _body(catalogue: Catalog) -> bytes:
    body = io.BytesIO()
    # Neither dates nor line numbers: they would change with every run.
    write_po(body, catalogue, width=120, sort_by_file=True, omit_header=True, include_lineno=False)
    return body.getvalue()


def compile_all() -> int:
    """Write the .mo files beside the catalogues."""
    for path in catalogue_paths():
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, load(path))
    return 0


def missing() -> list[str]:
    """Return a line for each text that has no translation."""
    found = collect()
    lines = []
    for path in catalogue_paths():
        catalogue = load(path)
        for message in found:
            if not message.id:
                continue
            key = message.id[0] if isinstance(message.id, tuple) else message.id
            translated = catalogue.get(key, message.context)
            strings = translated.string if translated else ""
            if not (all(strings) if isinstance(strings, (tuple, list)) else strings):
                where = ", ".join(f"{file}:{line}" for file, line in message.locations)
                lines.append(f"{path.parent.parent.name}: no translation of {key!r} ({where})")
    return lines


def check() -> int:
    """Print what has no translation."""
    lines = missing()
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    commands = {"update": update, "compile": compile_all, "check": check}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(commands[sys.argv[1]]())
