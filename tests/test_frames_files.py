from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal
from pyarrow import parquet

from genesys_workbench.errors import WorkbenchError
from genesys_workbench.frames import Frames, from_conversations, from_file
from genesys_workbench.frames.frameset import FRAMES
from tests.frames_fakes import analytics, queue_names, rest

KEY = "a key of the tests"
FEW = 12


def bodies() -> list[dict[str, Any]]:
    return [*analytics()[:FEW], *rest()[FEW : 2 * FEW]]


def lines(items: list[Any]) -> bytes:
    return b"".join(json.dumps(item, ensure_ascii=False).encode() + b"\n" for item in items)


@pytest.fixture(scope="module")
def expected() -> Frames:
    return from_conversations(bodies(), queue_names=queue_names(), key=KEY)


def test_a_cassettes_damaged_file_is_rejected_with_its_name(tmp_path: Path) -> None:
    told = {"manifest.json": {"format": "genesys-workbench-cassette", "version": 1}}
    told |= {"conversations/analytics/a.json": analytics()[0]}
    told |= {"conversations/rest/b.json": rest()[1], "queues.json": queue_names()}
    for name, body in told.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps(body))
    (tmp_path / "conversations" / "rest" / "c.json").write_text("{")
    found = from_file(tmp_path, key=KEY)
    assert len(found.conversations) == 2
    assert found.conversations["queue_name"].notna().any()
    assert list(found.rejected["reason"]) == ["conversations/rest/c.json is no JSON."]


def assert_equal(found: Frames, expected: Frames) -> None:
    for name in FRAMES:
        if name != "rejected":
            assert_frame_equal(getattr(found, name), getattr(expected, name))


# Frames.write and back


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "jsonl.gz"])
def test_written_frames_are_read_back_equal(ending: Any, tmp_path: Path, expected: Frames) -> None:
    with_reject = from_conversations([*bodies(), "odd"], queue_names=queue_names(), key=KEY)
    folder = with_reject.write(tmp_path / "export", format=ending)
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{n}.{ending}" for n in FRAMES)
    back = from_file(folder)
    assert_equal(back, expected)
    assert {type(value) for value in back.conversations.queue_ids} == {tuple}
    assert_frame_equal(back.rejected, with_reject.rejected)


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "jsonl.gz"])
def test_empty_frames_are_read_back_equal(ending: Any, tmp_path: Path) -> None:
    empty = from_conversations([])
    assert_equal(from_file(empty.write(tmp_path, format=ending)), empty)


def test_written_files_hold_masked_data(tmp_path: Path, expected: Frames) -> None:
    written = b"".join(path.read_bytes() for path in expected.write(tmp_path / "m").iterdir())
    shown = from_conversations(bodies(), show_personal=True)
    names = shown.conversations.customer_name.dropna().unique()
    assert [name for name in names if name.encode() in written] == []
    shown.write(tmp_path / "p", format="jsonl")
    assert names[0] in (tmp_path / "p" / "conversations.jsonl").read_text("utf-8")


def test_csv_is_for_spreadsheets_lists_are_texts_and_no_text_is_a_formula(tmp_path: Path) -> None:
    body = {**rest()[0], "participants": [dict(one) for one in rest()[0]["participants"]]}
    body["participants"][0]["name"] = "=HYPERLINK(1)"
    from_conversations([body], show_personal=True).write(tmp_path, format="csv")
    row = pd.read_csv(tmp_path / "conversations.csv").iloc[0]
    assert row.customer_name == "'=HYPERLINK(1)"
    assert row.queue_names.split("; ") == list(
        from_conversations([body]).conversations.queue_names[0]
    )


def test_an_unknown_format_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match=r"as 'xlsx'[\s\S]*parquet, jsonl"):
        from_conversations([]).write(tmp_path, format="xlsx")  # type: ignore[arg-type]


def test_a_folder_that_cannot_be_made_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkbenchError, match="cannot be written"):
        from_conversations([]).write(tmp_path / "file" / "folder")


def test_without_pyarrow_the_install_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "export.parquet").write_bytes(b"")
    for attempt in (
        lambda: from_conversations([]).write(tmp_path),
        lambda: from_file(tmp_path / "export.parquet"),
    ):
        with pytest.raises(WorkbenchError, match=r"pip install .genesys-workbench\[lab\]"):
            attempt()


def test_a_folder_without_frames_and_a_damaged_one_are_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match=r"no conversations\.parquet"):
        from_file(tmp_path)
    (tmp_path / "conversations.jsonl").write_text('{"started_at": "yesterday"}\n')
    with pytest.raises(WorkbenchError, match="does not hold the frame 'conversations'"):
        from_file(tmp_path)


# Export files


def _jsonl(folder: Path) -> Path:
    (path := folder / "export.jsonl").write_bytes(b"\xef\xbb\xbf" + lines(bodies()) + b"\n")
    return path


def _packed(folder: Path) -> Path:
    (path := folder / "export.ndjson.gz").write_bytes(gzip.compress(lines(bodies())))
    return path


def _array(folder: Path) -> Path:
    (path := folder / "export.json").write_text(json.dumps(bodies(), indent=1), "utf-8")
    return path


def _answer(folder: Path) -> Path:
    body = {"conversations": bodies(), "totalHits": 2 * FEW}
    (path := folder / "answer.json.gz").write_bytes(gzip.compress(json.dumps(body).encode()))
    return path


def _pages(folder: Path) -> Path:
    pages = [{"conversations": bodies()[n : n + 5]} for n in range(0, 2 * FEW, 5)]
    (path := folder / "pages.json").write_bytes(lines(pages))
    return path


def _raw_column(folder: Path) -> Path:
    rows = [{"n": n, "raw": json.dumps(body)} for n, body in enumerate(bodies())]
    parquet.write_table(pa.Table.from_pylist(rows), path := folder / "export.parquet")
    return path


@pytest.mark.parametrize("write", [_jsonl, _packed, _array, _answer, _pages, _raw_column])
def test_an_export_file_gives_the_frames_of_its_conversations(
    write: Callable[[Path], Path], tmp_path: Path, expected: Frames
) -> None:
    found = from_file(write(tmp_path), queue_names=queue_names(), key=KEY)
    assert_equal(found, expected)
    assert len(found.rejected) == 0


def test_a_parquet_file_with_nested_columns_and_times_is_read(tmp_path: Path) -> None:
    few = [dict(body) for body in analytics()[:FEW]]
    expected = from_conversations(few, key=KEY)
    for body in few:
        for name in ("conversationStart", "conversationEnd"):
            body[name] = pd.Timestamp(body[name]) if name in body else None
    parquet.write_table(pa.Table.from_pylist(few), tmp_path / "nested.parquet")
    found = from_file(tmp_path / "nested.parquet", key=KEY)
    same = [name for name in expected.conversations if name != "participants"]
    assert_frame_equal(found.conversations[same], expected.conversations[same])
    assert_frame_equal(found.metrics, expected.metrics)


def test_broken_lines_are_kept_apart_with_their_numbers(tmp_path: Path) -> None:
    good = [line + b"\n" for line in lines(bodies()[:3]).splitlines()]
    secret = b'{"id": "x", "participants": [{"name": "Imogen Sample"}\n'
    content = [good[0], secret, good[1], b"\xff\xfe\n", b"[" * 100_000 + b"\n", b"17\n", good[2]]
    path = tmp_path / "export.jsonl"
    path.write_bytes(b"".join(content))
    found = from_file(path)
    assert len(found.conversations) == 3
    assert found.rejected.row.tolist() == [2, 4, 5, 6]
    assert found.rejected.reason[0].startswith("The line is not JSON: ")
    assert found.rejected.reason[1] == "The line is not UTF-8 (byte 0)."
    assert "Imogen" not in found.rejected.to_csv()
    assert "Imogen" in from_file(path, show_personal=True).rejected.source[0]


def test_a_line_that_only_a_lenient_reader_takes_is_a_conversation(tmp_path: Path) -> None:
    odd = [
        b'{"id": "c-nan", "participants": [], "cost": NaN}',
        b'{"id": "c-half", "participants": [{"id": "p-1", "name": "\\ud83d"}]}',
        b'{"id": "c-huge", "participants": [], "cost": 1e999}',
        b'\xef\xbb\xbf{"id": "c-bom", "participants": []}',
    ]
    (path := tmp_path / "export.jsonl").write_bytes(b"\n".join(odd))
    found = from_file(path, show_personal=True)
    assert list(found.conversations.conversation_id) == ["c-nan", "c-half", "c-huge", "c-bom"]
    assert list(found.participants.name) == ["\ufffd"]


def test_a_file_that_is_cut_off_gives_what_comes_before(tmp_path: Path) -> None:
    packed = gzip.compress(lines(bodies()), compresslevel=0)
    path = tmp_path / "export.jsonl.gz"
    path.write_bytes(packed[: len(packed) // 2])
    found = from_file(path)
    assert 5 < len(found.conversations) < 2 * FEW
    assert found.rejected.reason.str.contains("cut off").any()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.jsonl", None, "cannot be read: No such file"),
        ("export.xlsx", b"", "no export that can be read"),
        ("export.csv", b"", "no export that can be read"),
        ("export.parquet", b"no parquet", "is not a parquet file"),
        ("export.jsonl.gz", b"not packed", "cannot be read: Not a gzipped file"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_in_words(
    name: str, content: bytes | None, said: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(WorkbenchError, match=said):
        from_file(tmp_path / name)
