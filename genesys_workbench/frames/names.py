"""The names of queues beside their ids."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

__all__ = ["with_names", "with_names_of_conversations"]


def with_names(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Put names beside the ids; where an id has none, the name that was told itself stays."""
    return frame.assign(queue_name=_named(frame, names))


def with_names_of_conversations(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Put names beside the ids; where no id has one, those that were told themselves stay."""
    pairs = zip(frame["queue_ids"], frame["queue_names"], strict=True)
    lists = [tuple(names[one] for one in ids if one in names) or told for ids, told in pairs]
    return frame.assign(
        queue_name=_named(frame, names),
        queue_names=pd.Series(lists, index=frame.index, dtype=object),
    )


def _named(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.Series[str]:
    return frame["queue_id"].map(dict(names)).astype("str").fillna(frame["queue_name"])
