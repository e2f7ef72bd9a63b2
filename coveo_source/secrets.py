"""The secrets in use, and texts without them, however the secrets are spelled there.

A text is read as every reader of it might: its URL, JSON and HTML escapes are decoded, one inside
the other, while it is known from where in the text each character came. What is then recognized as
a secret, as a piece of one, or as one in base64 or hexadecimal, is masked where it stands.
"""

import re
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from html.entities import html5
from itertools import chain
from threading import Lock
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

MASK = "***"

_LEAST = 8
"""Characters: a shorter secret is a word that other texts may have, and is not looked for."""
_PIECE = 8
"""Characters in a row of a token that are masked wherever they stand: messages may be cut off."""
_LINK_PIECE = 16
"""The same for a link, which holds words too, such as the name of its file."""
_LINKS = 32
"""Links that are remembered: they expire, and each download gets a new one."""
_SECRETS = 256
"""Tokens and passwords that are remembered, in a process that renews its token again and again."""
_NESTED = 4
"""How many escapes may be inside each other."""

_Span = tuple[int, int]

# repetitions are bounded, so that a hostile text takes no longer than another one
_ESCAPE = re.compile(
    r"%(?P<url>[0-9a-f]{2})"
    r"|\\{1,16}(?:u00|x)(?P<json>[0-9a-f]{2})"
    r"|\\{1,16}u\{0{0,8}(?P<script>[0-9a-f]{1,2})\}"
    r"|&\#x0{0,8}(?P<hex>[0-9a-f]{1,2});?"
    r"|&\#0{0,8}(?P<decimal>[0-9]{1,3});?"
    r"|&(?P<name>[a-z]{2,12});"
    r"|[\\\x00]{1,16}(?P<plain>[^\\\x00])",
    re.IGNORECASE | re.DOTALL,
)
_SAME = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_", "abcdefghijklmnopqrstuvwxyz+/")
"""Characters that are taken for each other: cases, and the two alphabets of base64."""

_USER_INFO = re.compile(r"(?<=://)(?!user(?:name)?:password@)[^\s/?#\"'<>]+(?=@)")
"""User and password in an address; in an example of one there are just these words."""
_WORD = re.compile(r"[^\s\"'<>]+")
_SIGNING = re.compile(
    r"(?<![a-z0-9])(?:signature|sig|hmac|hdnea|hdnts|security-token|credential|key-pair-id|policy"
    r"|awsaccesskeyid|googleaccessid|token|api_?key|password|passwd|pwd|secret)=",
    re.IGNORECASE,
)
"""Parameters of signed links, as the large storages and CDNs call them, and of other addresses."""
_NAMED = re.compile(
    r"(?:(?<![a-z0-9])(?:password|passwd|pwd|passphrase|client_secret|secret_?key|access_?key"
    r"|private_?key|api_?key)[\"']?\s{0,8}[=:]\s{0,8}[\"']?"
    r"|authorization[\"']?\s{0,8}[=:]\s{0,8}[\"']?[a-z]{1,20}\s{1,8})(?P<secret>[^\s\"',;&\\]+)",
    re.IGNORECASE,
)
"""What a text itself calls a secret, as in a database's connection string."""


class _Secret(NamedTuple):
    """One secret as it is looked for.

    forms: all of it: as it is, and in base64 and hexadecimal
    pieces: so many characters in a row of it, from any place; none if only all of it is secret
    """

    forms: tuple[str, ...]
    pieces: frozenset[str]


class _Known:
    """Secrets of one kind; beyond `most`, those that were kept longest ago are forgotten.

    piece: the length of their pieces; 0 if only whole secrets are looked for
    """

    def __init__(self, piece: int, most: int) -> None:
        self._piece = piece
        self._most = most
        self._secrets: OrderedDict[str, _Secret] = OrderedDict()
        # a file that is fetched in advance has its link in another thread
        self._lock = Lock()
        self.forms: frozenset[str] = frozenset()
        self._pieces: frozenset[str] = frozenset()

    def keep(self, secrets: Iterable[str]) -> None:
        """Remembers secrets, unless they are too short to be told from other words."""
        with self._lock:
            for secret in secrets:
                if len(secret) >= max(_LEAST, self._piece):
                    self._secrets.setdefault(secret, self._looked_for(secret))
                    self._secrets.move_to_end(secret)
            while len(self._secrets) > self._most:
                self._secrets.popitem(last=False)
            known = list(self._secrets.values())
            self.forms = frozenset(chain.from_iterable(each.forms for each in known))
            self._pieces = frozenset(chain.from_iterable(each.pieces for each in known))

    def spans(self, text: str) -> Iterator[_Span]:
        """Yields where a folded text has secrets, or pieces of them."""
        yield from _places(text, self.forms)
        if length := self._piece if self._pieces else 0:
            for start in range(len(text) - length + 1):
                if text[start : start + length] in self._pieces:
                    yield start, start + length

    def _looked_for(self, secret: str) -> _Secret:
        forms, length = tuple(_forms(secret)), self._piece
        pieces = (form[at : at + length] for form in forms for at in range(len(form) - length + 1))
        return _Secret(forms, frozenset(pieces if length else ()))


_tokens = _Known(_PIECE, _SECRETS)
_passwords = _Known(0, _SECRETS)
_links = _Known(_LINK_PIECE, _LINKS)


def keep_token(token: str) -> None:
    """Has a token masked from now on, and each piece of it, in any spelling."""
    _tokens.keep([token])


def keep_passwords(*passwords: str | None) -> None:
    """Has passwords masked from now on; pieces of them may be words."""
    _passwords.keep(filter(None, passwords))


def keep_link(address: str) -> None:
    """Has what makes an address a secret masked from now on: its longer parameters."""
    parts = urlsplit(address)
    values = [value for _, value in parse_qsl(parts.query)]
    # the id of an export is in many links, and in messages
    path = unquote(parts.path)
    _links.keep(value for value in values if value not in path)
    keep_passwords(parts.password and unquote(parts.password))


def scrub(text: str) -> str:
    """Returns a text for people, files or logs, with every secret masked.

    Masked are also the secrets that nobody has kept, if the text itself says what they are: the
    parameters of a signed link, the user in an address, a password in a connection string.
    """
    found: list[_Span] = []
    for plain, starts in _readings(text):
        folded = plain.translate(_SAME)
        known = (each.spans(folded) for each in (_tokens, _passwords, _links))
        spans = chain(*known, _signed(plain), _named(plain))
        found += [(starts[start], starts[end]) for start, end in spans]
    return _masked(text, found)


def without_token(text: str) -> str:
    """Returns data of others with each whole token masked, and nothing else changed."""
    found: list[_Span] = []
    for plain, starts in _readings(text):
        spans = _places(plain.translate(_SAME), _tokens.forms)
        found += [(starts[start], starts[end]) for start, end in spans]
    return _masked(text, found)


def _readings(text: str) -> Iterator[tuple[str, Sequence[int]]]:
    """Yields a text as it is, then with its escapes decoded, then with those inside of these.

    With each comes where in the text each of its characters starts, and where the last one ends.
    """
    starts: Sequence[int] = range(len(text) + 1)
    yield text, starts
    for _ in range(_NESTED):
        decoded, places = _decoded(text)
        if decoded == text:
            return
        text, starts = decoded, [starts[place] for place in places]
        yield text, starts


def _decoded(text: str) -> tuple[str, list[int]]:
    """Decodes the escapes of ASCII characters; returns where each character of the result starts.

    The backslash before any other character belongs to it.
    """
    parts: list[str] = []
    starts: list[int] = []
    end = 0
    for escape in _ESCAPE.finditer(text):
        if (character := _character(escape)) is None:
            continue
        parts += (text[end : escape.start()], character)
        starts += range(end, escape.start() + 1)
        end = escape.end()
    parts.append(text[end:])
    starts += range(end, len(text) + 1)
    return "".join(parts), starts


def _character(escape: re.Match[str]) -> str | None:
    kind, code = str(escape.lastgroup), escape[str(escape.lastgroup)]
    if kind == "plain":
        return code
    if kind == "name":
        named = html5.get(f"{code};") or html5.get(f"{code.lower()};", "")
        return named if len(named) == 1 else None
    number = int(code, 10 if kind == "decimal" else 16)
    return chr(number) if number else None


def _forms(secret: str) -> Iterator[str]:
    """Yields what a secret looks like in a text: as it is, and encoded, whatever is around it."""
    *_, (plain, _) = _readings(secret)
    yield plain.translate(_SAME)
    content = secret.encode()
    yield content.hex()
    for offset in range(3):
        encoded = b64encode(bytes(offset) + content).decode()
        # the first and the last character may depend on what stands beside the secret
        inside = encoded[(offset * 8 + 5) // 6 : (offset + len(content)) * 8 // 6]
        yield inside.translate(_SAME)


def _places(text: str, forms: Iterable[str]) -> Iterator[_Span]:
    for form in forms:
        start = text.find(form)
        while start >= 0:
            yield start, start + len(form)
            start = text.find(form, start + len(form))


def _signed(text: str) -> Iterator[_Span]:
    """Yields the queries of signed links, and the users in addresses."""
    for user in _USER_INFO.finditer(text):
        yield user.span()
    for word in _WORD.finditer(text) if "=" in text else ():
        if name := _SIGNING.search(word[0]):
            query = word[0].find("?", 0, name.start())
            yield word.start() + (query + 1 if query >= 0 else name.end()), word.end()


def _named(text: str) -> Iterator[_Span]:
    for named in _NAMED.finditer(text):
        yield named.span("secret")


def _masked(text: str, spans: Iterable[_Span]) -> str:
    parts: list[str] = []
    end = 0
    for first, last in _joined(spans):
        parts += (text[end:first], MASK)
        end = last
    return "".join((*parts, text[end:])) if parts else text


def _joined(spans: Iterable[_Span]) -> list[_Span]:
    """Returns spans in order, those that overlap or touch as one, and no empty ones."""
    joined: list[_Span] = []
    for first, last in sorted(span for span in spans if span[0] < span[1]):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
