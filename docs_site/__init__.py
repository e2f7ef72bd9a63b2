"""The pages in `docs/` that are written from the code, and the site made of all pages.

`python -m docs_site` writes `docs/settings.md`, `docs/verbs.md`, `docs/models.md` and a page for
each model anew; a test fails while they differ from the code. `mkdocs build --strict` makes the
site, with the hooks in `hooks.py`.
"""
