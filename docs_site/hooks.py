"""Hooks of MkDocs: pages for what lies outside `docs/` and is linked to from there.

The README is the first page. Other Markdown files are pages where they are, and files of code are
pages that show them, so that every link leads somewhere on the site itself. A link to a file that
does not exist stays as it is, and MkDocs complains about it.
"""

import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel

ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"(\]\()([^()\s#]+)(#[^()\s]*)?(\))")
_FENCED = re.compile(r"^ *(```+).*?^ *\1$", re.M | re.S)
_LANGUAGES = {".py": "python", ".sql": "sql", ".yml": "yaml", ".csv": "text", ".mjs": "js"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds a page for the README, and for all that pages link to, and for what these link to."""
    waiting = ["README.md", *(f"docs/{page.src_uri}" for page in files.documentation_pages())]
    seen = set(waiting)
    for source in waiting:
        uri = site_path(source)
        if not files.get_file_from_path(uri):
            files.append(_page(source, uri, config))
        if source.endswith(".md"):
            found = dict.fromkeys(_targets(source, _read(source)))
            waiting += [each for each in found if each not in seen]
            seen |= found.keys()
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Leads links to where their files are on the site."""
    source = _source_of(page.file.src_uri)
    return linked_on_site(source, markdown) if source else markdown


def linked_on_site(source: str, markdown: str) -> str:
    """Returns a page whose links lead to pages of the site.

    source: its path from the root of the checkout
    """
    here = posixpath.dirname(site_path(source))

    def replaced(match: re.Match[str]) -> str:
        target = _target(source, match[2])
        if target is None:
            return match[0]
        path = posixpath.relpath(site_path(target), here or ".")
        return f"{match[1]}{path}{match[3] or ''}{match[4]}"

    return _outside_of_code(lambda text: _LINK.sub(replaced, text), markdown)


def site_path(source: str) -> str:
    """Returns the path, in the sources of the site, of a file of the checkout."""
    if source == "README.md":
        return "index.md"
    if source.startswith("docs/"):
        return source.removeprefix("docs/")
    if source.endswith(".md"):
        return source
    return f"source/{source}.md"


def _source_of(uri: str) -> str | None:
    """Returns the file of the checkout that a page of the site is; None if it shows code."""
    if uri.startswith("source/"):
        return None
    if uri == "index.md":
        return "README.md"
    return f"docs/{uri}" if (ROOT / "docs" / uri).exists() else uri


def _targets(source: str, markdown: str) -> list[str]:
    """Returns the files and folders of the checkout that a page links to."""
    plain = _outside_of_code(lambda text: text, markdown, code="")
    found = [_target(source, match[2]) for match in _LINK.finditer(plain)]
    return [each for each in found if each]


def _target(source: str, link: str) -> str | None:
    """Returns the path of what a link leads to, from the root; None if it is nothing of ours."""
    if "://" in link:
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    return path if not path.startswith("..") and (ROOT / path).exists() else None


def _page(source: str, uri: str, config: MkDocsConfig) -> File:
    """Returns a page that is not in `docs/`; one that shows code is in no menu."""
    is_page = source.endswith(".md")
    place = InclusionLevel.UNDEFINED if is_page else InclusionLevel.NOT_IN_NAV
    return File.generated(config, uri, content=_content(source), inclusion=place)


def _content(source: str) -> str:
    """Returns the page of a file or folder outside of `docs/`."""
    path = ROOT / source
    if path.is_dir():
        names = sorted(f"- `{each.name}`" for each in path.iterdir() if each.name[0] not in "._")
        return "\n".join([f"# {source}", "", *names])
    if path.suffix == ".md":
        return _read(source)
    fence = "`" * 6
    # found by its link: a search for words of a question should not find tests
    hidden = "---\nsearch:\n  exclude: true\n---\n"
    language = _LANGUAGES.get(path.suffix, "text")
    return f"{hidden}# {source}\n\n{fence}{language}\n{_read(source)}\n{fence}\n"


def _read(source: str) -> str:
    return (ROOT / source).read_text(encoding="utf-8")


def _outside_of_code(change: Callable[[str], str], markdown: str, code: str | None = None) -> str:
    """Returns a page of which what is outside of blocks of code is changed.

    code: what replaces the blocks; None leaves them as they are
    """
    parts, end = [], 0
    for block in _FENCED.finditer(markdown):
        parts += [change(markdown[end : block.start()]), block[0] if code is None else code]
        end = block.end()
    return "".join([*parts, change(markdown[end:])])
