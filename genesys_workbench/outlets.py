"""The ways by which a real organisation hands events out, and what each needs. No I/O.

Genesys Cloud registers no webhooks. What it has instead:
https://developer.genesys.cloud/notificationsalerts/
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import SettingsError

__all__ = ["OUTLETS", "Outlet", "outlet_for"]


@dataclass(frozen=True, slots=True)
class Outlet:
    """One way out of the platform.

    Attributes:
        have: Who takes it: ``aws``, ``architect`` or ``laptop``.
        needs: What must be there before.
        steps: What to do, in order.
        if_away: What becomes of events while the receiver cannot be reached.
        here: What this workbench has for it.
    """

    have: str
    name: str
    needs: str
    steps: tuple[str, ...]
    if_away: str
    here: str

    def row(self) -> dict[str, str]:
        """Return what a table of all outlets shows."""
        return {
            "you have": self.have,
            "outlet": self.name,
            "needs": self.needs,
            "while the receiver is away": self.if_away,
            "in this workbench": self.here,
        }

    def todo(self) -> list[dict[str, str]]:
        """Return the steps as rows, numbered."""
        return [{"step": str(n), "what to do": step} for n, step in enumerate(self.steps, 1)]


_PUBLIC = "Make the receiver reachable by HTTPS from outside: a host of yours, or a tunnel."
_PROVE = (
    "Set WORKBENCH_WEBHOOK_SECRET, and send the same text in the header X-Webhook-Secret: "
    "these deliveries carry no signature of Genesys."
)

OUTLETS = (
    Outlet(
        have="aws",
        name="Amazon EventBridge integration",
        needs="an AWS account; the permission Integrations > Integration > All; a public URL",
        steps=(
            _PUBLIC,
            "Admin > Integrations: add Amazon EventBridge Source with the AWS account, the region "
            "and the topics v2.detail.events.conversation.{id}.customer.start and .end.",
            "In AWS, accept the partner event source: it becomes an event bus.",
            "Add a rule on that bus whose target is an API destination: POST to the receiver, "
            "the body as it is. genesys-workbench outlets eventbridge --url URL writes both, with "
            "--terraform as a module.",
            _PROVE,
        ),
        if_away="AWS tries again, by default for a day",
        here="outlets eventbridge; the receiver takes its envelope",
    ),
    Outlet(
        have="architect",
        name="Process Automation trigger",
        needs="the permission processautomation:trigger:add; an Architect workflow; a public URL",
        steps=(
            _PUBLIC,
            "Admin > Integrations: add Web Services Data Actions with the credential "
            "webhookSecret, and import the action that genesys-workbench outlets trigger writes.",
            "In Architect, publish a workflow that calls this action.",
            "genesys-workbench outlets trigger --url URL --workflow ID --ensure adds the trigger "
            "on the topic v2.detail.events.conversation.{id}.customer.start.",
            _PROVE,
        ),
        if_away="not sent again, unless the workflow does it",
        here="outlets trigger; the receiver takes its flat body",
    ),
    Outlet(
        have="laptop",
        name="Notifications WebSocket",
        needs="the permissions conversation:communication:view and routing:queue:view; no public "
        "URL",
        steps=(
            "Admin > Roles: give a role of the OAuth client these permissions, and "
            "analytics:conversationDetail:view to look up what was missed.",
            "Set GENESYS_CLOUD_CLIENT_ID, _SECRET and _REGION.",
            "genesys-workbench listen --queue NAME, for as long as you want to hear of it.",
        ),
        if_away="looked up in analytics when the bridge is back",
        here="the bridge: genesys-workbench listen",
    ),
)


def outlet_for(have: str) -> Outlet:
    """Return the outlet for those who have this.

    Args:
        have: ``aws``, ``architect`` or ``laptop``.

    Raises:
        SettingsError: It is none of the three.
    """
    found = {outlet.have: outlet for outlet in OUTLETS}
    if have not in found:
        raise SettingsError(f"There is no outlet for {have!r}.", fix=f"one of: {', '.join(found)}")
    return found[have]
