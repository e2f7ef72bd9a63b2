"""Which pages are generated."""

from pathlib import Path

from .models import model_pages
from .settings import settings_page
from .verbs import verbs_page

ROOT = Path(__file__).parents[1]


def generated_pages() -> dict[str, str]:
    """Returns the text of each generated page by its path from the root of the checkout."""
    return {
        "docs/settings.md": settings_page(),
        "docs/verbs.md": verbs_page(),
        **model_pages(),
    }
