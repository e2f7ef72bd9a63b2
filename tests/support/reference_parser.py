"""A second parser for the export formats, slow and simple, to check the real one against."""

_LINE_ENDS = ("\r", "\n")


class InvalidCsv(Exception):
    """Raised where the text does not follow the format."""


def parse(text: str, export_format: str) -> list[list[str]]:
    """Returns all records, header included; blank lines are skipped."""
    records: list[list[str]] = []
    record: list[str] = []
    position = 0
    while position < len(text) or record:
        if not record and text[position] in _LINE_ENDS:
            position += 1
            continue
        cell, position = _read_cell(text, position, export_format)
        record.append(cell)
        separator = text[position : position + 1]
        if separator == ",":
            position += 1
        elif separator in ("", *_LINE_ENDS):
            records.append(record)
            record = []
        else:
            raise InvalidCsv(f"{separator!r} after the cell that ends at {position}")
    return records


def _read_cell(text: str, start: int, export_format: str) -> tuple[str, int]:
    """Returns a cell and the position after it."""
    if text[start : start + 1] == '"':
        return _read_quoted_cell(text, start + 1, export_format)
    end = start
    while end < len(text) and text[end] not in (",", *_LINE_ENDS, '"'):
        end += 1
    return text[start:end], end


def _read_quoted_cell(text: str, start: int, export_format: str) -> tuple[str, int]:
    """Returns a cell and the position after it; `start` is after its opening quote."""
    escape = '"' if export_format == "EXCEL" else "\\"
    value = ""
    position = start
    while position < len(text):
        character, following = text[position], text[position + 1 : position + 2]
        if character == escape and following in ('"', "\\") and following:
            value += following
            position += 2
        elif character == '"':
            return value, position + 1
        elif character == escape:
            raise InvalidCsv(f"nothing to escape at {position}")
        else:
            value += character
            position += 1
    raise InvalidCsv(f"the quote at {start - 1} is not closed")
