"""Export files that are not as Coveo should send them."""

import io
import zipfile
from collections.abc import Callable, Sequence

from coveo_source.demo.faults import Then, changed_file, with_files

Members = list[tuple[zipfile.ZipInfo, bytes]]
_NewMembers = Sequence[tuple[zipfile.ZipInfo | str, bytes]]


def replace_members(edit: Callable[[Members], _NewMembers]) -> Then:
    """Sends the archive with other members."""

    def change(content: bytes) -> bytes:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(member, archive.read(member)) for member in archive.infolist()]
        edited = io.BytesIO()
        with zipfile.ZipFile(edited, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in edit(members):
                archive.writestr(member, data)
        return edited.getvalue()

    return changed_file(change)


def replace_files(edit: Callable[[dict[str, bytes]], dict[str, bytes]]) -> Then:
    """Sends the archive with other files; `edit` sees and returns their contents by name."""

    return changed_file(with_files(edit))
