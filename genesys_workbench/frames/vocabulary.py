"""The words that categorical columns know from the start, so that their categories are stable.

A word that the platform adds later joins them at the end, in alphabetical order.
https://developer.genesys.cloud/analyticsdatamanagement/analytics/detail/conversation-detail-model
"""

from __future__ import annotations

from ..events import MEDIA_TYPES

__all__ = [
    "DIRECTIONS",
    "DISCONNECT_TYPES",
    "MEDIA",
    "MESSAGE_TYPES",
    "METRICS",
    "OUTCOMES",
    "PURPOSES",
    "SEGMENT_TYPES",
    "STATUSES",
    "TELLERS",
    "UNITS",
]

Words = tuple[str, ...]

MEDIA: Words = tuple(sorted(MEDIA_TYPES))
DIRECTIONS: Words = ("inbound", "outbound")
MESSAGE_TYPES: Words = tuple(
    "apple facebook instagram kakao line open sms telegram twitter webmessaging whatsapp".split()
)
PURPOSES: Words = tuple(
    "acd agent api botflow campaign customer dialer external fax group inbound ivr manual outbound "
    "station user voicemail voicesurveyflow workflow".split()
)
SEGMENT_TYPES: Words = tuple(
    "alert barging callback coaching contacting converting delay dialing hold interact ivr "
    "monitoring parked scheduled screenmonitoring sharing system transmitting unknown uploading "
    "voicemail wrapup".split()
)
DISCONNECT_TYPES: Words = tuple(
    "client conferenceTransfer consultTransfer dndEndpoint dndTransfer endpoint error "
    "forwardTransfer inactivity noAnswerTransfer notAvailableTransfer other peer sessionExpired "
    "spam system takeover timeout transfer transportFailure uncallable".split()
)
METRICS: Words = tuple(
    "nBlindTransferred nConnected nConsult nConsultTransferred nError nFlow nFlowOutcome nOffered "
    "nOutbound nOutboundAttempted nOverSla nTransferred tAbandon tAcd tAcw tAlert tAnswered "
    "tCallback tConnected tContacting tDialing tFlow tFlowDisconnect tFlowExit tFlowOut "
    "tFlowOutcome tHandle tHeld tHeldComplete tIvr tNotResponding tParked tShortAbandon tTalk "
    "tTalkComplete tVoicemail tWait".split()
)
UNITS: Words = ("s", "count")
TELLERS: Words = ("rest", "analytics", "events")
STATUSES: Words = ("processed", "retrying", "dead")
OUTCOMES: Words = ("retry", "dead", "duplicate", "replayed")
