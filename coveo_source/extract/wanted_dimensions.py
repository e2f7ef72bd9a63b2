"""Which dimensions an export is asked for."""

import difflib
from collections.abc import Collection

from ..api import CoveoClient
from ..exceptions import SettingError
from ..privacy_settings import same_name
from ..settings import Settings
from ..tables import COVEO_COLUMNS, NEEDED
from .dimensions import api_names
from .private_columns import PrivateColumns


def wanted_dimensions(settings: Settings, client: CoveoClient) -> tuple[str, ...]:
    """Returns the dimensions to export, without those that are excluded; none for all.

    To leave some out, all others have to be named.

    Raises:
        SettingError: if one that is set does not exist
    """
    private = (*settings.exclude_dimensions, *settings.hash_dimensions)
    if not settings.dimensions and not private:
        return ()
    known = api_names(client.exportable_dimensions())
    for name in settings.dimensions:
        if name not in known:
            raise _unknown("dimensions", name, known)
    for setting in ("exclude_dimensions", "hash_dimensions"):
        for name in getattr(settings, setting):
            # what is misspelled would be loaded as it is
            if not any(same_name(name, each) for each in known | COVEO_COLUMNS):
                raise _unknown(setting, name, known)
    if not settings.dimensions and not settings.exclude_dimensions:
        return ()
    wanted = PrivateColumns(settings).loaded(settings.dimensions or sorted(known))
    return tuple(dict.fromkeys(name for name in (*wanted, *NEEDED) if name in known))


def _unknown(setting: str, name: str, known: Collection[str]) -> SettingError:
    close = difflib.get_close_matches(name, known, 5) or sorted(known)[:20]
    return SettingError(setting, name, f"This organization has, among others: {', '.join(close)}.")
