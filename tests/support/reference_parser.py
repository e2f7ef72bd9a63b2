"""A second reading of the export formats, character by character and slow, to check the first."""

LINE_ENDS = ("\r", "\n")


class InvalidCsv(Exception):
    """The text is not of the format."""


def parse(text: str, export_format: str) -> list[list[str]]:
    """All records, header included; blank lines are none."""
    records: list[list[str]] = []
    record: list[str] = []
    position = 0
    while position < len(text) or record:
        if not record and text[position] in LINE_ENDS:
            position += 1
            continue
        cell, position = _read_cell(text, position, export_format)
        record.append(cell)
        behind = text[position : position + 1]
        if behind == ",":
            position += 1
        elif behind in ("", *LINE_ENDS):
            records.append(record)
            record = []
        else:
            raise InvalidCsv(f"{behind!r} behind a cell at {position}")
    return records


def _read_cell(text: str, start: int, export_format: str) -> tuple[str, int]:
    """A cell, and where it ends."""
    if text[start : start + 1] == '"':
        return _read_quoted_cell(text, start + 1, export_format)
    end = start
    while end < len(text) and text[end] not in (",", *LINE_ENDS, '"'):
        end += 1
    return text[start:end], end


def _read_quoted_cell(text: str, start: int, export_format: str) -> tuple[str, int]:
    """A cell from behind its opening quote, and where it ends."""
    escape = '"' if export_format == "EXCEL" else "\\"
    value = ""
    position = start
    while position < len(text):
        character, next_one = text[position], text[position + 1 : position + 2]
        if character == escape and next_one in ('"', "\\") and next_one:
            value += next_one
            position += 2
        elif character == '"':
            return value, position + 1
        elif character == escape:
            raise InvalidCsv(f"an escape that is none at {position}")
        else:
            value += character
            position += 1
    raise InvalidCsv(f"the quote at {start - 1} is not closed")
