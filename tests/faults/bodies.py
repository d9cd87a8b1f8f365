"""What senders of bad will, bad luck or bad code may post: bodies and headers for the fuzzing."""

from __future__ import annotations

import codecs
import gzip
import json
import random
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from genesys_workbench import samples
from genesys_workbench.events import MAX_EVENTS
from genesys_workbench.simulator.envelopes import ENVELOPES

__all__ = ["CANARY", "HOSTILE", "LITERALS", "headers", "mutant", "mutants", "written_events"]

# In many of the bodies and headers; the blank keeps it out of ids, which an answer repeats.
CANARY = "Imogen Canary"

SAMPLES = [
    json.dumps(samples.event(name, envelope=envelope)).encode()
    for envelope in ENVELOPES
    for name in ("voice-inbound", "chat", "email", "callback")
]

# JSON, near-JSON and worse, to be put where a value is expected
LITERALS = [
    *(b"null", b"true", b"0", b"-0.0", b"1e5", b"1e-400", b"1e400", b"NaN", b"-Infinity", b"[]"),
    *(b"{}", b'""', b"9" * 30, b"9" * 4300, b"9" * 4301, b"-" + b"9" * 400, b"[[[[]]]]", b"[null]"),
    *(b"[" * 70 + b"]" * 70, b'{"":{"":{}}}', b'{"a":1,"a":2}', b'{"__type__":"uuid"}'),
    b'{"__type__": "datetime", "__value__": "Imogen Canary"}',
    b'{"__type__": "bytes", "__value__": "AA=="}',
    *(b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\ud83d\\ude00"', b'"\\u0000"', b'"\\u00"', b'"\0"'),
    *('"\u2028\U0010ffff"'.encode(), b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\\x41"'),
    *(b'"2026-01-05T08:00:00Z"', b'"1969-12-31"', b'"9999-12-31T23:59:59Z"', b'"2026-W01-1"'),
    *(b"1767600000000", b"-1", b"253370764800000", b'"1767600000000"', b"1767600000000.5"),
    *(b'"CALL"', b'"c-1"', b'"../../etc/passwd"', b'"Imogen Canary"', b'"' + b"x" * 3000 + b'"'),
    b'"v2.detail.events.conversation.{id}.customer.start"',
]

_SEED = b'{"conversationId":"c-1","note":"Imogen Canary"}'
_PAIR = '{"conversationId":"c-1","note":"%s"}'
# Each with the only status that is right
HOSTILE: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "blanks": (b" \r\n\t ", 400),
    "deep arrays": (b"[" * 200_000, 400),
    "deep objects": (b'{"a":' * 150_000, 400),
    "deep but whole": (b"[" * 400 + b"]" * 400, 400),
    "a huge number": (b'{"conversationId":"c","n":' + b"9" * 900_000 + b"}", 400),
    "the longest number": (b'{"conversationId":"c","n":' + b"9" * 4300 + b"}", 202),
    "an endless fraction": (b'{"conversationId":"c","n":0.' + b"1" * 900_000 + b"}", 202),
    "infinity by digits": (b'{"conversationId":"c","n":1e999}', 400),
    "NaN": (b'{"conversationId":"c","n":NaN}', 400),
    "the same key twice": (b'{"note":"Imogen Canary","note":"Imogen Canary"}', 400),
    "the same key, spelt otherwise": (b'{"conversationId":"c","\\u0063onversationId":"c"}', 400),
    "UTF-16": (_SEED.decode().encode("utf-16"), 400),
    "UTF-16, no mark": (_SEED.decode().encode("utf-16-le"), 400),
    "UTF-32": (_SEED.decode().encode("utf-32"), 400),
    "a byte order mark": (codecs.BOM_UTF8 + _SEED, 400),
    "latin-1": (_PAIR.replace("%s", "caf\xe9").encode("latin-1"), 400),
    "half a pair": ((_PAIR % "\\ud83d").encode(), 400),
    "half a pair in a key": (b'{"conversationId":"c","\\uDC00":1}', 400),
    "a whole pair": ((_PAIR % "\\ud83d\\ude00").encode(), 202),
    "NUL": ((_PAIR % "\\u0000").encode(), 400),
    "NUL in the id": (b'{"conversationId":"c\\u0000"}', 400),
    "NUL bytes": (b"\0" * 1000, 400),
    "a very long string": ((_PAIR % ("x" * 1_000_000)).encode(), 202),
    "a very long id": (b'{"conversationId":"' + b"c" * 500_000 + b'"}', 422),
    "a path as id": (b'{"conversationId":"../oauth/token"}', 422),
    "too many values": (b'{"conversationId":"c","n":[' + b"1," * 400_000 + b"1]}", 400),
    "too many objects": (b'{"conversationId":"c","n":[' + b"{}," * 250_000 + b"{}]}", 400),
    "as many events as may be": (b"[" + b",".join([_SEED] * MAX_EVENTS) + b"]", 202),
    "one event more": (b"[" + b",".join([_SEED] * (MAX_EVENTS + 1)) + b"]", 422),
    "a great many events": (b"[" + b",".join([b'{"conversationId":"c"}'] * 40_000) + b"]", 422),
    "a packed bomb": (gzip.compress(b"0" * 50_000_000), 400),
    "a kombu type": (
        b'{"conversationId":"c","at":{"__type__":"datetime","__value__":"Imogen Canary"}}',
        202,
    ),
    "one byte too much": (_SEED.ljust(1024 * 1024 + 1), 413),
    "as long as may be": (_SEED.ljust(1024 * 1024), 202),
}


def _edit(dice: random.Random, body: bytearray) -> None:
    """Do one thing to a body."""
    at = dice.randrange(len(body) + 1)
    end = min(len(body), at + dice.choice((1, 2, 8, 64)))
    edits: list[Callable[[], bytes]] = [
        lambda: b"",  # cut out
        lambda: bytes(body[at:end]) * 2,
        lambda: dice.randbytes(end - at),
        lambda: dice.choice((b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\0", b"\xff")),
        lambda: dice.choice(LITERALS),
    ]
    body[at:end] = dice.choice(edits)()


def _replace_value(dice: random.Random, value: Any) -> Any:
    """Put a marker somewhere into a JSON value, or a hostile key."""
    if not isinstance(value, dict | list) or not value or dice.random() < 0.15:
        return _MARK
    if isinstance(value, list):
        index = dice.randrange(len(value))
        return [*value[:index], _replace_value(dice, value[index]), *value[index + 1 :]]
    key = dice.choice(list(value))
    return value | {key: _replace_value(dice, value[key])}


_MARK = "*here*"


def mutant(dice: random.Random) -> bytes:
    body = dice.choice(SAMPLES)
    kind = dice.random()
    if kind < 0.55:
        text = json.dumps(_replace_value(dice, json.loads(body)), ensure_ascii=dice.random() < 0.5)
        return text.encode().replace(f'"{_MARK}"'.encode(), dice.choice(LITERALS))
    if kind < 0.6:
        coding = dice.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp500"))
        return body.decode().encode(coding)
    if kind < 0.65:
        return b"[" + b",".join([body, mutant(dice)]) + b"]"
    if kind < 0.7:
        return dice.randbytes(dice.randrange(200))
    changed = bytearray(body)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        _edit(dice, changed)
    return bytes(changed)


def mutants(count: int) -> st.SearchStrategy[list[bytes]]:
    """Batches of samples with something done to each; a seed stands for a batch."""
    seeds = st.integers(0, 2**32).map(random.Random)
    return seeds.map(lambda dice: [mutant(dice) for _ in range(count)])


_ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:~-]{0,20}", fullmatch=True)
_texts = st.text(max_size=20) | st.sampled_from([CANARY, "", "VOICE", "inbound", "\x00", "é" * 600])
_numbers = st.integers() | st.floats(allow_nan=False) | st.integers(0, 2**48)
_times = st.datetimes().map(lambda when: when.isoformat() + "Z") | st.integers(0, 2**48)
_leaves = st.none() | st.booleans() | _numbers | _texts | _times
_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=12,
)
_topics = st.sampled_from(
    [
        "v2.detail.events.conversation.{id}.customer.start",
        "v2.detail.events.conversation.c.acw",
        "v2.users.u-1.conversations.calls",
        "v2.unheard.of",
        "",
    ]
)


def _mostly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(good, good, good, _values)


_participants = st.lists(
    st.dictionaries(
        st.sampled_from(["calls", "chats", "messages", "purpose", "id", "attributes"]),
        st.lists(
            st.dictionaries(st.sampled_from(["direction", "connectedTime", "state"]), _values)
            | _values,
            max_size=2,
        )
        | _values,
        max_size=3,
    ),
    max_size=2,
)
_bodies = st.fixed_dictionaries(
    {},
    optional={
        "conversationId": _mostly(_ids),
        "id": _mostly(_ids),
        "participants": _mostly(_participants),
        "eventTime": _mostly(_times),
        "mediaType": _mostly(st.sampled_from(["VOICE", "chat", "?"])),
        "direction": _mostly(st.sampled_from(["INBOUND", "outbound", ""])),
        "eventType": _mostly(st.sampled_from(["acw", "conversation:created"])),
        "eventId": _mostly(_ids),
        "note": st.just(CANARY),
        "more": _values,
    },
)
_events = st.one_of(
    st.fixed_dictionaries(
        {"detail-type": _mostly(_topics), "detail": _mostly(st.builds(dict, eventBody=_bodies))},
        optional={"id": _mostly(_ids)},
    ),
    st.fixed_dictionaries(
        {"eventBody": _mostly(_bodies)}, optional={"topicName": _mostly(_topics)}
    ),
    _bodies,
    st.fixed_dictionaries({"conversationId": _ids}, optional={"timestamp": _mostly(_times)}),
)


def written_events() -> st.SearchStrategy[bytes]:
    """Events in the four envelopes with some odd parts, alone or several, in any spelling."""
    values = _events | _events | st.lists(_events, max_size=3) | _values
    return st.builds(_write, values, st.booleans(), st.sampled_from([None, 1, "\t"]))


def _write(value: Any, ascii_only: bool, indent: int | str | None) -> bytes:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    return text.encode("utf-8", "surrogatepass")


def headers(secret: str) -> st.SearchStrategy[dict[str, str]]:
    """Header sets, some of them with the right secret, none of them always right."""
    odd = st.text(st.characters(max_codepoint=255), max_size=20) | st.just(CANARY)
    kinds = ["application/json", "application/json; charset=utf-8", "application/x+json", ""]
    return st.fixed_dictionaries(
        {"x-webhook-secret": st.sampled_from([secret, secret, secret, "wrong"]) | odd},
        optional={
            "content-type": st.sampled_from([*kinds, "text/plain", "a;charset=utf-16"]) | odd,
            "content-encoding": st.sampled_from(["identity", "gzip", "br"]) | odd,
            "content-length": st.sampled_from(["9" * 40, "-1", "²", "1e3", "1,1", CANARY]),
            "webhook-id": odd,
            "webhook-timestamp": st.sampled_from(["1767600000", "9" * 13, "-1"]) | odd,
            "webhook-signature": st.sampled_from(["v1,AAAA", "v1,", "v1a,=", "v1,é"]) | odd,
            "x-hub-signature-256": st.sampled_from(["sha256=", "sha256=00", "sha1=00"]) | odd,
            "x-correlation-id": odd,
            "traceparent": odd,
        },
    )
