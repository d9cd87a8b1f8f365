"""The staff, queues and customers of the simulated contact centre. All of it is invented.

Phone numbers come from the ranges that are kept free for fiction: +1 202 555 01xx, and
Ofcom's +44 20 7946 0xxx and +44 7700 900xxx
(https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama).
"""

from __future__ import annotations

from dataclasses import dataclass

from .times import make_id

__all__ = [
    "CUSTOMERS",
    "DIVISION_ID",
    "ORGANIZATION_ID",
    "OUTBOUND_QUEUE",
    "OWN_EMAIL",
    "OWN_NUMBERS",
    "QUEUES",
    "USERS",
    "WRAPUP_CODES",
    "Customer",
    "Queue",
    "User",
    "WrapupCode",
    "queues_for",
]

ORGANIZATION_ID = make_id("organization")
DIVISION_ID = make_id("division", "Home")
OWN_NUMBERS = ("+12025550100", "+12025550101", "+442079460000")
OWN_EMAIL = "service@example.com"


@dataclass(frozen=True, slots=True)
class Queue:
    """An ACD queue and the media that it serves."""

    id: str
    name: str
    media: frozenset[str]


@dataclass(frozen=True, slots=True)
class User:
    """An agent."""

    id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class WrapupCode:
    """A result that an agent picks after a conversation."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody from outside; contact_id is None where no external contact is kept."""

    name: str
    phone: str
    email: str
    contact_id: str | None
    organization_id: str | None


def _queue(name: str, media: str) -> Queue:
    return Queue(make_id("queue", name), name, frozenset(media.split()))


QUEUES = (
    _queue("Orders", "voice callback"),
    _queue("Billing", "voice callback email"),
    _queue("Technical support", "voice callback chat message"),
    _queue("Deliveries and returns", "voice message"),
    _queue("Priority customers", "voice chat email"),
    _queue("Messaging", "message chat"),
    _queue("Written enquiries", "email"),
    _queue("Winter campaign", "outbound"),
)
OUTBOUND_QUEUE = QUEUES[-1]


def queues_for(media: str) -> tuple[Queue, ...]:
    """Return the queues that serve a medium."""
    return tuple(queue for queue in QUEUES if media in queue.media)


_FIRST = (
    "Ada Bram Cleo Dario Elin Femi Greta Hugo Ines Jonas Kaya Leif Mira Nils Odile Pavel "
    "Quinn Rosa Stellan Tove Umar Vera Wim Yara"
).split()
_STAFF = (
    "Amberfield Birchmoor Copperdale Duskwater Elmstead Fernhollow Glasswick Hazelbrook "
    "Inkwell Juniperton Kitebridge Lanternby Mapleforth Nettlecombe Oakhaven Pebbleworth "
    "Quillmere Rushgate Saltmarsh Thistledown Umberlea Vinecroft Willowmere Yewbarrow"
).split()
_PUBLIC = "Applethorn Brightwater Cloverfield Driftwood Everglen Foxmeadow Goldleaf".split()

USERS = tuple(
    User(make_id("user", first, last), f"{first} {last}", f"{first}.{last}@example.com".lower())
    for first, last in zip(_FIRST, _STAFF, strict=True)
)
WRAPUP_CODES = tuple(
    WrapupCode(make_id("wrapup", name), name)
    for name in (
        "Solved",
        "Follow-up needed",
        "Order placed",
        "Complaint",
        "Wrong department",
        "No answer",
        "Sale",
        "Information given",
    )
)


def _phone(number: int) -> str:
    if number < 60:
        return f"+120255501{10 + number}"
    return f"+44207946{number:04}" if number < 120 else f"+447700900{number:03}"


def _customer(number: int) -> Customer:
    first = _FIRST[number % len(_FIRST)]
    last = _PUBLIC[number // len(_FIRST)]
    # one in six is unknown to the external contacts, one in four belongs to a company
    known, company = number % 6 != 5, number % 4 == 0
    return Customer(
        name=f"{first} {last}",
        phone=_phone(number),
        email=f"{first}.{last}@example.org".lower(),
        contact_id=make_id("contact", number) if known else None,
        organization_id=make_id("company", number % 5) if known and company else None,
    )


CUSTOMERS = tuple(_customer(number) for number in range(len(_FIRST) * len(_PUBLIC)))
