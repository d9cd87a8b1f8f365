"""Write the sample data: ``python -m genesys_workbench.simulator.write_samples data``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .analytics import analytics_conversation
from .detail_events import detail_events
from .envelopes import render
from .error_bodies import ERROR_BODIES
from .fixtures import FIXTURES, UNKNOWN, fixture_bodies
from .rest import rest_conversation
from .scenarios import SCENARIOS
from .truth import SimConversation
from .world import World

__all__ = ["main", "sample_files"]

SEED = 42
_BATCH_SCENARIO = "voice-transfer"
_README = """\
# Sample data

Made by us: `World(seed={seed})` of the simulator, nobody's real data. Names are invented, phone
numbers come from the ranges kept free for fiction, addresses end in example.com or example.org.
The conversation ids are those of a simulator with its default seed, so it can enrich the events.

Do not edit: `python -m genesys_workbench.simulator.write_samples data` writes all of this, and a
test compares. In Python, `genesys_workbench.samples` reads it from any working directory.

| files | shape | origin | use |
|---|---|---|---|
| `events/eventbridge/*.json` | Amazon EventBridge event | made by us, seed {seed} | deliveries |
| `events/notification/*.json` | Notifications API message | made by us, seed {seed} | deliveries |
| `events/data-action/*.json` | flat body of a Web Services data action | made by us, seed {seed} \
| deliveries |
| `events/seed/*.json` | `conversationId` and `timestamp` only | made by us, seed {seed} \
| deliveries |
| `events/batch.json` | array of EventBridge events: one {batch} conversation from start to end \
| made by us, seed {seed} | one delivery of many events |
| `conversations/rest/*.json` | answer of `GET /api/v2/conversations/{{id}}` \
| made by us, seed {seed} | enrichment, frames |
| `conversations/analytics/*.json` | `AnalyticsConversation` with attributes \
| made by us, seed {seed} | frames, metrics |
| `errors/*.json` | error bodies of the API, `oauth-*` of the token endpoint \
| made by us in recorded shapes | error handling |

## Events

| name | detail event | shows |
|---|---|---|
{events}

## Conversations

One of each scenario: {scenarios}.
"""


def sample_files(world: World) -> dict[str, str]:
    """Return the text of every sample file, by its path below ``data/``."""
    values: dict[str, Any] = {
        f"events/{envelope}/{name}.json": body
        for (envelope, name), body in fixture_bodies(world.conversations).items()
    }
    first = _first_of_each(world.conversations)
    batch = first[_BATCH_SCENARIO]
    values["events/batch.json"] = [
        render(event, "eventbridge", conversation=batch) for event in detail_events(batch)
    ]
    for scenario, conversation in first.items():
        values[f"conversations/rest/{scenario}.json"] = rest_conversation(conversation)
        analytics = analytics_conversation(conversation, attributes=True)
        values[f"conversations/analytics/{scenario}.json"] = analytics
    values |= {f"errors/{name}.json": body for name, body in ERROR_BODIES.items()}
    files = {path: _text(value) for path, value in values.items()}
    return files | {"README.md": _readme()}


def _first_of_each(conversations: Sequence[SimConversation]) -> dict[str, SimConversation]:
    found: dict[str, SimConversation] = {}
    for conversation in conversations:
        found.setdefault(conversation.scenario, conversation)
    return found


def _text(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _readme() -> str:
    rows = [f"| `{name}` | `{item.what}` | {item.use} |" for name, item in FIXTURES.items()]
    rows.append(f"| `{UNKNOWN}` | none of the sixteen | a topic that nobody knows |")
    scenarios = ", ".join(f"`{scenario.name}`" for scenario in SCENARIOS)
    return _README.format(
        seed=SEED, batch=_BATCH_SCENARIO, events="\n".join(rows), scenarios=scenarios
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Write all sample files below a folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="usually data")
    folder: Path = parser.parse_args(argv).folder
    for path, text in sample_files(World(SEED)).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
