"""Answers that repeat the secrets of a request, as a careless proxy, gateway or log would."""

import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

from ..server import DemoServer
from ..wire import Request, Response
from .fault import Then
from .outcomes import content_of

_Spell = Callable[[str], str]


def token_in(request: Request) -> str:
    """Returns the token of a request to the API."""
    return request.headers["authorization"].partition(" ")[2]


def _each(form: str) -> _Spell:
    """Spells each character by its code."""
    return lambda text: "".join(form.format(ord(character)) for character in text)


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _slashed(text: str) -> str:
    return text.replace("/", "\\/")


def _in_json(text: str) -> str:
    return json.dumps({"message": f'"{_slashed(text)}"'})


def _bits(alphabet: Callable[[bytes], bytes], before: str) -> _Spell:
    return lambda text: alphabet(f"{before}{text}:x".encode()).decode()


SPELLINGS: dict[str, _Spell] = {
    "plain": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "JSON slash": _slashed,
    "JSON equals": lambda text: text.replace("=", "\\u003d").replace("/", "\\u002F"),
    "JSON codes": _each("\\u{:04x}"),
    "JSON codes, upper case": _each("\\u{:04X}"),
    "JSON in JSON": lambda text: json.dumps(_in_json(text)),
    "JSON codes in JSON": lambda text: json.dumps(json.dumps(_each("\\u{:04x}")(text))),
    "hexadecimal codes": _each("\\x{:02x}"),
    "codes in braces": _each("\\u{{{:x}}}"),
    "URL": _quoted,
    "URL, lower case": lambda text: _quoted(text).lower(),
    "URL codes": _each("%{:02X}"),
    "URL codes, lower case": _each("%{:02x}"),
    "URL in URL": lambda text: _quoted(_quoted(text)),
    "URL three times": lambda text: _quoted(_quoted(_each("%{:02x}")(text))),
    "HTML": lambda text: html.escape(text).replace("/", "&#x2F;").replace("=", "&#x3D;"),
    "HTML names": lambda text: text.replace("/", "&sol;").replace("=", "&equals;"),
    "HTML codes": _each("&#{};"),
    "HTML codes, hexadecimal": _each("&#x{:X};"),
    "HTML codes, with zeros": _each("&#x{:06x};"),
    "HTML codes, open": _each("&#x{:x}"),
    "HTML in HTML": lambda text: html.escape(_each("&#x{:x};")(text)),
    "HTML in URL": lambda text: _quoted(_each("&#{};")(text)),
    "URL in JSON": lambda text: json.dumps(_quoted(text)),
    "JSON in URL": lambda text: _quoted(_each("\\u{:04x}")(text)),
    "base64": _bits(b64encode, ""),
    "base64 of Bearer": _bits(b64encode, "Bearer "),
    "base64 of a user": _bits(b64encode, "me:"),
    "base64 of a longer user": _bits(b64encode, "user:"),
    "base64 for URLs": _bits(urlsafe_b64encode, "key:"),
    "base64 in a URL": lambda text: _quoted(_bits(b64encode, "Bearer ")(text)),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal, upper case": lambda text: text.encode().hex().upper(),
    "with zero bytes": lambda text: "\0".join(text),
    "first half": lambda text: text[: len(text) // 2],
    "first quarter": lambda text: text[: len(text) // 4],
    "second half": lambda text: text[len(text) // 2 :],
    "middle": lambda text: text[len(text) // 3 : -len(text) // 3],
    "half of the URL": lambda text: _each("%{:02x}")(text)[:40],
    "half of the base64": lambda text: _bits(b64encode, "Bearer ")(text)[12:36],
    "in two lines": lambda text: f"{text[:20]}\r\n    {text[20:]}",
}
"""Spellings of a secret, and pieces of it."""


def says_token(status: int, spell: _Spell = str) -> Then:
    """Refuses the request with a message that repeats the token."""

    def then(server: DemoServer, request: Request) -> Response:
        message = f"The token {spell(token_in(request))} is not accepted."
        return Response.json({"message": message, "errorCode": "INVALID_TOKEN"}, status)

    return then


def says_token_in_every_spelling(server: DemoServer, request: Request) -> Response:
    """Refuses the request with a message that repeats the token in every spelling."""
    said = " | ".join(spell(token_in(request)) for spell in SPELLINGS.values())
    return Response.json({"message": f"| {said} |", "errorCode": token_in(request)[:19]}, 403)


def says_token_in_other_json(server: DemoServer, request: Request) -> Response:
    """Does the same, in JSON that escapes more than it has to."""
    response = says_token_in_every_spelling(server, request)
    body = content_of(response).decode().replace("/", "\\/").replace("=", "\\u003d")
    return replace(response, body=body.encode())


def status_line(status: int, headers: bool = False) -> Then:
    """Repeats the token in the status line of an answer without a message.

    status: below 100 the line is none of HTTP
    headers: whether names and values of headers repeat it too
    """

    def then(server: DemoServer, request: Request) -> Response:
        token = token_in(request)
        named = {"X-Request-ID": f"for {token}", f"X-{token[:7]}": token, "Retry-After": token}
        reason = f"No {token} here, nor {_quoted(token)}"
        return Response(status, named if headers else {}, b"", reason)

    return then


def broken_chunks(server: DemoServer, request: Request) -> Response:
    """Repeats the token where the length of a chunk should be."""
    body = [f"{token_in(request)}\r\n".encode()]
    return Response(200, {"Transfer-Encoding": "chunked"}, body)


def broken_length(server: DemoServer, request: Request) -> Response:
    """Repeats the token where the length of the answer should be, which is given twice."""
    return Response(200, {"Content-Length": f"2, {token_in(request)}"}, [b"{}"])


def headers_end(then: Then) -> Then:
    """Adds a line to the headers that is none."""

    def broken(server: DemoServer, request: Request) -> Response:
        response = then(server, request)
        body = content_of(response)
        length = {"Content-Length": str(len(body))}
        # what comes after such a line is no header either
        headers = {**length, **response.headers, "X-Broken": "yes\r\nthis line is no header"}
        return replace(response, headers=headers, body=body)

    return broken


def signed(**parameters: str) -> Then:
    """Adds parameters to the link to a file; underscores in their names stand for hyphens."""

    def then(server: DemoServer, request: Request) -> Response:
        response = server.answer(request)
        location = response.headers.get("Location")
        if not location:
            return response
        more = "".join(f"&{n.replace('_', '-')}={quote(v)}" for n, v in parameters.items())
        return replace(response, headers={**response.headers, "Location": location + more})

    return then
