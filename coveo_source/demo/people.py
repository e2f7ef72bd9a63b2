"""The visitors of the demo's search site: customers, staff, passers-by and robots."""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple, TypeVar

from .vocabulary import PRODUCTS

T = TypeVar("T")


class Device(NamedTuple):
    """What a visitor searches with."""

    category: str
    system: str
    browser: str
    version: str
    agent: str

    @property
    def mobile(self) -> str:
        """Whether it fits in a pocket, as the files write booleans."""
        return "t" if self.category in ("Phone", "Tablet") else "f"


class Place(NamedTuple):
    """Where a visitor is."""

    country: str
    region: str | None
    city: str | None
    language: str


class Person(NamedTuple):
    """A visitor.

    name: e-mail address; None for a visitor who is not logged in
    visitor: id of the browser; None when every visit has a new one
    groups: the user groups of each of the person's searches
    """

    name: str | None
    visitor: int | None
    groups: tuple[str, ...]
    internal: bool
    device: Device
    place: Place
    product: str

    @property
    def is_bot(self) -> bool:
        """Whether it is a robot."""
        return self.device.category == "Bot"


_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT}"
DEVICES = (
    Device(
        "PC", "Windows 11", "Chrome", "Chrome 120", f"{_WINDOWS} Chrome/120.0.0.0 Safari/537.36"
    ),
    Device("PC", "Windows 10", "Edge", "Edge 119", f"{_WINDOWS} Chrome/119.0 Edg/119.0.2151.97"),
    Device(
        "PC",
        "Mac OS X 14.2",
        "Safari",
        "Safari 17",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.2 Safari/605.1.15",
    ),
    Device(
        "PC",
        "Linux",
        "Firefox",
        "Firefox 121",
        "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
    ),
    Device(
        "Phone",
        "iOS 17.2",
        "Mobile Safari",
        "Mobile Safari 17",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/17.2 Mobile/15E148 Safari/604.1",
    ),
    Device(
        "Phone",
        "Android 14",
        "Chrome Mobile",
        "Chrome Mobile 120",
        f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_WEBKIT} Chrome/120.0 Mobile Safari/537.36",
    ),
    Device(
        "Tablet",
        "iPadOS 17.2",
        "Mobile Safari",
        "Mobile Safari 17",
        "Mozilla/5.0 (iPad; CPU OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.2 Mobile/15E148 Safari/604.1",
    ),
)
ROBOT = Device(
    "Bot",
    "Other",
    "Googlebot",
    "Googlebot 2.1",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
)
PLACES = (
    Place("United States", "CA", "San Francisco", "en"),
    Place("United States", "NY", "New York", "en"),
    Place("Canada", "QC", "Québec", "fr"),
    Place("Canada", "QC", "Montréal", "fr"),
    Place("United Kingdom", "ENG", "London", "en"),
    Place("Germany", "BY", "München", "de"),
    Place("Brazil", "SP", "São Paulo", "pt"),
    Place("Japan", "13", "Tokyo", "ja"),
    Place("India", None, None, "en"),
)
GROUPS = ("Everyone", "Customers", "Partners", "Beta testers", "Premier, Gold", "Employees")
_GIVEN = ("ann", "bo", "carla", "dmitri", "élodie", "fatima", "george", "hana", "igor", "jane")
_FAMILY = ("lee", "o'neil", "silva", "novak", "tremblay", "müller", "sato", "singh", "ng", "brown")


def pick(choices: Sequence[T], draw: float) -> T:
    """One of the choices, the first ones more often, for a draw between 0 and 1."""
    return choices[int(draw * draw * len(choices))]


def directory(seed: int, size: int) -> tuple[Person, ...]:
    """The people who have an account; the first ones come most often, one in eight is staff."""
    rng = Random(f"{seed}:people")
    return tuple(_account(rng, number) for number in range(size))


def passer_by(rng: Random) -> Person:
    """Somebody who is not logged in, with a new browser."""
    device, place = pick(DEVICES, rng.random()), pick(PLACES, rng.random())
    return Person(None, None, ("Everyone",), False, device, place, pick(PRODUCTS, rng.random()))


ROBOT_VISITOR = Person(None, None, (), False, ROBOT, PLACES[0], PRODUCTS[0])


def _account(rng: Random, number: int) -> Person:
    internal = number % 8 == 3
    given = _GIVEN[number % len(_GIVEN)]
    family = _FAMILY[number // len(_GIVEN) % len(_FAMILY)]
    return Person(
        name=f"{given}.{family}{number}@{'staff.' if internal else ''}example.com",
        visitor=rng.getrandbits(128),
        groups=_groups(rng, internal),
        internal=internal,
        device=pick(DEVICES, rng.random()),
        place=pick(PLACES, rng.random()),
        product=pick(PRODUCTS, rng.random()),
    )


def _groups(rng: Random, internal: bool) -> tuple[str, ...]:
    if internal:
        return ("Everyone", "Employees")
    return ("Everyone", *(group for group in GROUPS[1:5] if rng.random() < 0.3))
