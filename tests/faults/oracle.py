"""The invariants of the fault table: what is promised, compared with what a sender knows.

I1 every accepted event is in the store or a dead letter; I2 in one of them only, and once;
I3 a dead letter has a reason, the id and the original; I4 nothing is stored that was not sent;
I5 what is stored is what was sent; I6 refused events are at most once in one place; I8 no secret
and no person's name in logs and in headers of dead letters. I7, a bounded recovery, is each
test's own deadline.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import text

from genesys_workbench.dead import DeadLetter
from genesys_workbench.store import Store
from tests.faults.sender import PERSON, Delivery

__all__ = ["check_letters", "check_logs", "check_records"]


def check_records(store: Store, ledger: dict[str, Delivery]) -> set[str]:
    """Compare the store with what was sent; return the ids that it holds."""
    with store.database.connect() as connection:
        stored = connection.execute(text("SELECT event_id, source FROM events")).all()
        counted = connection.execute(
            text(
                "SELECT c.conversation_id, c.events, count(*) FROM conversations c"
                " JOIN events e ON e.conversation_id = c.conversation_id"
                " GROUP BY c.conversation_id, c.events HAVING c.events <> count(*)"
            )
        ).all()
    ids = [row[0] for row in stored]
    assert len(ids) == len(set(ids)), "I2: an event is stored twice"
    assert set(ids) <= ledger.keys(), f"I4: never sent: {sorted(set(ids) - ledger.keys())[:5]}"
    wrong = [row[0] for row in stored if _hash(json.loads(row[1])) != _hash(ledger[row[0]].body)]
    assert wrong == [], "I5: other content than was sent"
    assert list(counted) == [], "I2: a conversation counts an event twice"
    return set(ids)


def check_letters(letters: Iterable[DeadLetter], ledger: dict[str, Delivery]) -> dict[str, str]:
    """Check each dead letter against what was sent; return the reasons by event id."""
    reasons: dict[str, str] = {}
    ids: Counter[str] = Counter()
    for letter in letters:
        assert letter.reason, "I3: a dead letter without a reason"
        assert letter.event_id in ledger, f"I3: a dead letter of no known event: {letter.event_id}"
        payload = json.loads(json.loads(letter.message.body)[0][0])
        assert payload["source"] == ledger[letter.event_id].body, "I3: the original is not kept"
        assert PERSON not in repr(letter.message.headers), "I8: a person's name in the headers"
        ids[letter.event_id] += 1
        reasons[letter.event_id] = letter.reason
    assert max(ids.values(), default=1) == 1, f"I2: two dead letters of one event: {ids}"
    return reasons


def check_logs(logs: dict[str, str], secrets: Iterable[str]) -> None:
    """Look for secrets and for the person's name in the logs, by name of the process."""
    for name, log in logs.items():
        found = [secret for secret in (*secrets, PERSON) if secret in log]
        assert found == [], f"I8: in the log of the {name}: {found}"


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
