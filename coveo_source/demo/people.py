"""The visitors of the demo's search site: customers, staff, anonymous visitors and bots."""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple, TypeVar

from .vocabulary import PRODUCTS

_T = TypeVar("_T")


class _Device(NamedTuple):
    """A visitor's device and browser, with the values of the columns about them."""

    category: str
    system: str
    browser: str
    version: str
    agent: str

    @property
    def mobile(self) -> str:
        """`t` for a phone or tablet, else `f`, as booleans are written in the files."""
        return "t" if self.category in ("Phone", "Tablet") else "f"


class _Place(NamedTuple):
    """A visitor's location and language."""

    country: str
    region: str | None
    city: str | None
    language: str


class Person(NamedTuple):
    """A visitor.

    name: email address; None for an anonymous visitor
    visitor: id of the browser; None if every visit has a new one
    groups: the user groups of each of the person's searches
    internal: True for staff
    product: the product that the person uses
    """

    name: str | None
    visitor: int | None
    groups: tuple[str, ...]
    internal: bool
    device: _Device
    place: _Place
    product: str

    @property
    def is_bot(self) -> bool:
        """True for a bot."""
        return self.device.category == "Bot"


_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT}"
_DEVICES = (
    _Device(
        "PC", "Windows 11", "Chrome", "Chrome 120", f"{_WINDOWS} Chrome/120.0.0.0 Safari/537.36"
    ),
    _Device("PC", "Windows 10", "Edge", "Edge 119", f"{_WINDOWS} Chrome/119.0 Edg/119.0.2151.97"),
    _Device(
        "PC",
        "Mac OS X 14.2",
        "Safari",
        "Safari 17",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.2 Safari/605.1.15",
    ),
    _Device(
        "PC",
        "Linux",
        "Firefox",
        "Firefox 121",
        "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
    ),
    _Device(
        "Phone",
        "iOS 17.2",
        "Mobile Safari",
        "Mobile Safari 17",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/17.2 Mobile/15E148 Safari/604.1",
    ),
    _Device(
        "Phone",
        "Android 14",
        "Chrome Mobile",
        "Chrome Mobile 120",
        f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_WEBKIT} Chrome/120.0 Mobile Safari/537.36",
    ),
    _Device(
        "Tablet",
        "iPadOS 17.2",
        "Mobile Safari",
        "Mobile Safari 17",
        "Mozilla/5.0 (iPad; CPU OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.2 Mobile/15E148 Safari/604.1",
    ),
)
_BOT_DEVICE = _Device(
    "Bot",
    "Other",
    "Googlebot",
    "Googlebot 2.1",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
)
_PLACES = (
    _Place("United States", "CA", "San Francisco", "en"),
    _Place("United States", "NY", "New York", "en"),
    _Place("Canada", "QC", "Québec", "fr"),
    _Place("Canada", "QC", "Montréal", "fr"),
    _Place("United Kingdom", "ENG", "London", "en"),
    _Place("Germany", "BY", "München", "de"),
    _Place("Brazil", "SP", "São Paulo", "pt"),
    _Place("Japan", "13", "Tokyo", "ja"),
    _Place("India", None, None, "en"),
)
_GROUPS = ("Everyone", "Customers", "Partners", "Beta testers", "Premier, Gold", "Employees")
_FIRST_NAMES = tuple("ann bo carla dmitri élodie fatima george hana igor jane".split())
_LAST_NAMES = tuple("lee o'neil silva novak tremblay müller sato singh ng brown".split())


def pick(choices: Sequence[_T], draw: float) -> _T:
    """Returns one of the choices for a draw from [0, 1); earlier choices are more likely."""
    return choices[int(draw * draw * len(choices))]


def accounts(seed: int, size: int) -> tuple[Person, ...]:
    """Returns the people who have an account, the most frequent visitors first.

    One in eight is staff.
    """
    rng = Random(f"{seed}:people")
    return tuple(_account(rng, number) for number in range(size))


def anonymous_visitor(rng: Random) -> Person:
    """Returns a person who is not logged in, with a browser never seen before."""
    device, place = pick(_DEVICES, rng.random()), pick(_PLACES, rng.random())
    return Person(None, None, ("Everyone",), False, device, place, pick(PRODUCTS, rng.random()))


BOT = Person(None, None, (), False, _BOT_DEVICE, _PLACES[0], PRODUCTS[0])


def _account(rng: Random, number: int) -> Person:
    internal = number % 8 == 3
    first_name = _FIRST_NAMES[number % len(_FIRST_NAMES)]
    last_name = _LAST_NAMES[number // len(_FIRST_NAMES) % len(_LAST_NAMES)]
    return Person(
        name=f"{first_name}.{last_name}{number}@{'staff.' if internal else ''}example.com",
        visitor=rng.getrandbits(128),
        groups=_groups(rng, internal),
        internal=internal,
        device=pick(_DEVICES, rng.random()),
        place=pick(_PLACES, rng.random()),
        product=pick(PRODUCTS, rng.random()),
    )


def _groups(rng: Random, internal: bool) -> tuple[str, ...]:
    if internal:
        return ("Everyone", "Employees")
    return ("Everyone", *(group for group in _GROUPS[1:5] if rng.random() < 0.3))
