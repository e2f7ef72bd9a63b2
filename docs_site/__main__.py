"""Writes the generated pages: `python -m docs_site`."""

from .pages import ROOT, generated_pages


def main() -> None:
    """Writes each page whose text has changed."""
    for name, text in generated_pages().items():
        page = ROOT / name
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.parent.mkdir(exist_ok=True)
            page.write_text(text, encoding="utf-8", newline="\n")
            print(name)


if __name__ == "__main__":
    main()
