"""The Web Services data action that a workflow posts events with, to import into Genesys. No I/O.

https://help.genesys.cloud/articles/import-export-custom-action-integration/
"""

from __future__ import annotations

from typing import Any

__all__ = ["FIELDS", "data_action"]

# Of the trigger's event → the flat body that the receiver takes.
FIELDS = ("conversationId", "eventTime", "mediaType", "direction", "participantId", "sessionId")


def data_action(url: str, *, event: str, header: str) -> dict[str, Any]:
    """Return a custom action of the integration "Web Services Data Actions", as it is imported.

    Args:
        url: Of the receiver, reachable from Genesys Cloud by https.
        event: The detail event that starts the workflow, such as ``customer.start``.
        header: In which the receiver looks for the secret; its value is a credential of the
            integration, of the name ``webhookSecret``.
    """
    texts = {name: {"type": "string"} for name in FIELDS if name != "eventTime"}
    return {
        "name": f"Genesys Workbench: {event}",
        "integrationType": "custom-rest-actions",
        "actionType": "custom",
        "secure": False,
        "config": {
            "request": {
                "requestUrlTemplate": url,
                "requestType": "POST",
                "headers": {
                    "Content-Type": "application/json",
                    header: "${credentials.webhookSecret}",
                },
                "requestTemplate": _template(event),
            },
            "response": {
                "translationMap": {},
                "translationMapDefaults": {},
                "successTemplate": "${rawResult}",
            },
        },
        "contract": {
            "input": {
                "inputSchema": {
                    "type": "object",
                    "required": ["conversationId"],
                    "properties": {**texts, "eventTime": {"type": "integer"}},
                }
            },
            "output": {
                "successSchema": {
                    "type": "object",
                    "properties": {
                        name: {"type": "string"} for name in ("status", "conversationId", "eventId")
                    },
                }
            },
        },
    }


def _template(event: str) -> str:
    """Return the body in Velocity; what the event does not tell becomes an empty text."""
    told = [f'"{name}": "$!{{input.{name}}}"' for name in FIELDS]
    return "{" + ", ".join([f'"eventType": "{event}"', *told]) + "}"
