"""What to paste into AWS, so that Amazon EventBridge posts Genesys' events to a receiver. No I/O.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .topics import topic_of

__all__ = ["api_destination", "rule_pattern", "terraform"]

NAME = "genesys-workbench"
# The highest that AWS gives without asking, and what the receiver takes at ease.
PER_SECOND = 300
# AWS' own defaults and maxima: a day, 185 times.
RETRIES = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
_SECRET = "<the value of WORKBENCH_WEBHOOK_SECRET>"  # noqa: S105 - says where it stands


def rule_pattern(events: Sequence[str]) -> dict[str, Any]:
    """Return the event pattern of a rule on the partner's bus.

    Args:
        events: Detail events, such as ``customer.start``.

    Raises:
        UsageError: There is no such event.
    """
    return {
        "source": [{"prefix": "aws.partner/genesys.com"}],
        "detail-type": [topic_of(event) for event in events],
    }


def api_destination(url: str, *, header: str) -> dict[str, Any]:
    """Return the settings of connection, API destination and target; the secret is not in them.

    Args:
        url: Of the receiver, reachable from AWS by https.
        header: In which the receiver looks for the secret.
    """
    return {
        "connection": {
            "Name": NAME,
            "AuthorizationType": "API_KEY",
            "AuthParameters": {
                "ApiKeyAuthParameters": {"ApiKeyName": header, "ApiKeyValue": _SECRET}
            },
        },
        "apiDestination": {
            "Name": NAME,
            "InvocationEndpoint": url,
            "HttpMethod": "POST",
            "InvocationRateLimitPerSecond": PER_SECOND,
        },
        "target": {"Input": "matched event, as it is", "RetryPolicy": RETRIES},
    }


def terraform(url: str, events: Sequence[str], *, header: str) -> str:
    """Return a Terraform module that makes all of it, with a queue for what could not be delivered.

    Args:
        url: Of the receiver, reachable from AWS by https.
        events: Detail events, such as ``customer.start``.
        header: In which the receiver looks for the secret.

    Raises:
        UsageError: There is no such event.
    """
    # A brace after a dollar or percent sign would be Terraform's own; topics have none of these.
    pattern = json.dumps(rule_pattern(events), indent=2)
    return _TERRAFORM.format(
        name=NAME,
        url=json.dumps(url),
        header=json.dumps(header),
        pattern=pattern.replace("\n", "\n  "),
        rate=PER_SECOND,
        age=RETRIES["MaximumEventAgeInSeconds"],
        attempts=RETRIES["MaximumRetryAttempts"],
    )


_TERRAFORM = """\
variable "event_source_name" {{
  description = "Of the partner event source: aws.partner/genesys.com/cloud/<org id>/<suffix>"
  type        = string
}}

variable "webhook_secret" {{
  description = "The value of WORKBENCH_WEBHOOK_SECRET"
  type        = string
  sensitive   = true
}}

resource "aws_cloudwatch_event_bus" "genesys" {{
  name              = var.event_source_name
  event_source_name = var.event_source_name
}}

resource "aws_cloudwatch_event_connection" "receiver" {{
  name               = "{name}"
  authorization_type = "API_KEY"

  auth_parameters {{
    api_key {{
      key   = {header}
      value = var.webhook_secret
    }}
  }}
}}

resource "aws_cloudwatch_event_api_destination" "receiver" {{
  name                             = "{name}"
  connection_arn                   = aws_cloudwatch_event_connection.receiver.arn
  invocation_endpoint              = {url}
  http_method                      = "POST"
  invocation_rate_limit_per_second = {rate}
}}

resource "aws_cloudwatch_event_rule" "conversations" {{
  name           = "{name}"
  event_bus_name = aws_cloudwatch_event_bus.genesys.name
  event_pattern  = jsonencode({pattern})
}}

resource "aws_sqs_queue" "undelivered" {{
  name                      = "{name}-undelivered"
  message_retention_seconds = 1209600
}}

resource "aws_sqs_queue_policy" "undelivered" {{
  queue_url = aws_sqs_queue.undelivered.id
  policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Effect    = "Allow"
      Principal = {{ Service = "events.amazonaws.com" }}
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.undelivered.arn
      Condition = {{
        ArnEquals = {{ "aws:SourceArn" = aws_cloudwatch_event_rule.conversations.arn }}
      }}
    }}]
  }})
}}

resource "aws_iam_role" "invoke" {{
  name = "{name}-invoke"
  assume_role_policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Effect    = "Allow"
      Principal = {{ Service = "events.amazonaws.com" }}
      Action    = "sts:AssumeRole"
    }}]
  }})
}}

resource "aws_iam_role_policy" "invoke" {{
  role = aws_iam_role.invoke.id
  policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Effect   = "Allow"
      Action   = "events:InvokeApiDestination"
      Resource = aws_cloudwatch_event_api_destination.receiver.arn
    }}]
  }})
}}

resource "aws_cloudwatch_event_target" "receiver" {{
  rule           = aws_cloudwatch_event_rule.conversations.name
  event_bus_name = aws_cloudwatch_event_bus.genesys.name
  arn            = aws_cloudwatch_event_api_destination.receiver.arn
  role_arn       = aws_iam_role.invoke.arn

  retry_policy {{
    maximum_event_age_in_seconds = {age}
    maximum_retry_attempts       = {attempts}
  }}

  dead_letter_config {{
    arn = aws_sqs_queue.undelivered.arn
  }}
}}
"""
