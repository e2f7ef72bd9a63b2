"""Iceberg's jars, and the library that the package with them lacks."""

import struct
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

_JACKSON = "com/fasterxml/jackson"
_SHADED = "org/apache/iceberg/shaded/"
_LIBRARIES = ("jackson-core-2", "jackson-databind-2", "jackson-annotations-2")

_CONSTANTS = 8
"""Where a class file counts its constants; they follow."""
_TEXT = 1
_SIZES = {
    **dict.fromkeys((7, 8, 16, 19, 20), 3),
    15: 4,
    **dict.fromkeys((3, 4, 9, 10, 11, 12, 17, 18), 5),
    **dict.fromkeys((5, 6), 9),
}
"""Bytes of a constant in a class file by its tag, texts aside."""
_TWO_PLACES = (5, 6)
"""Tags of constants that count twice: long and double."""


def iceberg_jars(folder: Path) -> list[Path]:
    """Returns Iceberg's jars for Spark 3.5, one of which is written into a folder."""
    [iceberg] = _folder_of("snowpark_connect_deps_iceberg").glob("iceberg-spark-runtime-*_2.12-*")
    jackson = folder / "jackson.jar"
    with ZipFile(jackson, "w") as jar:
        for name, content in _jackson_of_spark():
            jar.writestr(_SHADED + name, shaded(content))
    return [iceberg, jackson]


def shaded(class_file: bytes) -> bytes:
    """Returns a class that belongs to Jackson or uses it, as Iceberg's build would rename it."""
    renamed = [class_file[: _CONSTANTS + 2]]
    place, end = 1, struct.unpack_from(">H", class_file, _CONSTANTS)[0]
    position = _CONSTANTS + 2
    while place < end:
        tag = class_file[position]
        if tag == _TEXT:
            size = 3 + struct.unpack_from(">H", class_file, position + 1)[0]
            text = _with_new_names(class_file[position + 3 : position + size])
            renamed.append(struct.pack(">BH", _TEXT, len(text)) + text)
        else:
            size = _SIZES[tag]
            renamed.append(class_file[position : position + size])
        position += size
        place += 2 if tag in _TWO_PLACES else 1
    return b"".join((*renamed, class_file[position:]))


def _with_new_names(text: bytes) -> bytes:
    """Returns a constant in which Jackson's packages have their new names."""
    for separator in ("/", "."):
        old, prefix = (name.replace("/", separator).encode() for name in (_JACKSON, _SHADED))
        text = text.replace(old, prefix + old)
    return text


def _jackson_of_spark() -> Iterator[tuple[str, bytes]]:
    """Yields the class files of Jackson that Spark brings along."""
    for path in _folder_of("pyspark").iterdir():
        if path.name.startswith(_LIBRARIES):
            with ZipFile(path) as jar:
                for name in jar.namelist():
                    if name.startswith(_JACKSON) and name.endswith(".class"):
                        yield name, jar.read(name)


def _folder_of(package: str) -> Path:
    """Returns the folder of the jars in a package."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).with_name("jars")
