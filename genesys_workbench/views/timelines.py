"""One conversation as a picture: who was there, who spoke when, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from ..conversations import read_shape
from ..errors import PermanentError, WorkbenchError
from ..shapes import Shape
from ..spellings import unique
from .chart_parts import LEGEND_ROW, box, legend, legend_rows, nothing
from .colours import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, YELLOW, ink_on
from .figures import WIDTH, label, picture
from .lanes import Lane, Lanes, Sign, lanes_of
from .picture import Picture
from .pieces import Piece
from .scales import Scale, seconds_text, time_step
from .svg import Markup, clip, el, text_width

__all__ = ["timeline"]

_KINDS = {
    "connected": ("transparent", 0, "connected"),
    "system": (GREY, 0, "set-up"),
    "ivr": (SKY, 0, "menu, flow or bot"),
    "dialing": (BLUE, 0, "dials"),
    "contacting": (BLUE, 0, "dials"),
    "delay": (ORANGE, 1, "waiting in a queue"),
    "alert": (YELLOW, 0, "rings"),
    "interact": (GREEN, 0, "in conversation"),
    "hold": (PURPLE, 2, "on hold"),
    "parked": (PURPLE, 3, "parked"),
    "callback": (BLUE, 1, "callback"),
    "voicemail": (VERMILLION, 0, "voicemail"),
    "wrapup": (GREY, 3, "wrap-up"),
}
_LEFT, _RIGHT = 190.0, WIDTH - 12.0
_BAR, _SIGN, _PAD = 20.0, 16.0, 9.0
_SMALL = 11
_GOES_ON = 60.0


def timeline(conversation: Mapping[str, Any], *, show_personal: bool = False) -> Picture:
    """Draw one conversation: a lane for each participant, a bar for each thing that went on.

    The customer's lane tells the whole: where menus, queues and agents take turns. A line below
    a bar says how that participant left.

    Args:
        conversation: As REST or analytics tells it, or as `Store.conversation` returns it.
        show_personal: Write the names of customers and agents, which are left out by default.

    Raises:
        WorkbenchError: It is no conversation.
    """
    is_row = isinstance(conversation, Mapping) and "raw" in conversation
    body = conversation["raw"] if is_row else conversation
    if is_row and body is None:
        return nothing("Conversation", "only events of it are known so far")
    shape = _read(body)
    title = f"Conversation {shape.conversation_id}"
    lanes = lanes_of(shape, show_personal=show_personal)
    if lanes is None:
        return nothing(title, "nobody took part")
    drawing = _Drawing(lanes)
    text = "\n".join([_note(shape, lanes), *_texts(lanes)])
    return picture(title, drawing.height, *drawing.draw(), text=text, note=_note(shape, lanes))


def _read(body: Any) -> Shape:
    try:
        return read_shape(body)
    except PermanentError as exc:
        raise WorkbenchError(
            "This is no conversation, so it has no timeline.",
            fix="pass what bench.store.conversation(…), REST or analytics returns",
        ) from exc


def _note(shape: Shape, lanes: Lanes) -> str:
    media = unique(leg.media_type for party in shape.parties for leg in party.legs)
    start = f"{lanes.origin:%Y-%m-%d %H:%M:%S} UTC"
    length = "goes on" if lanes.lasting else seconds_text(lanes.seconds)
    return f"{', '.join(media)} · from {start} · {length}"


def _texts(lanes: Lanes) -> Iterator[str]:
    """Say of each lane what went on, with the seconds since the start."""
    for lane in lanes.lanes:
        parts = []
        for track in lane.tracks:
            parts += [f"{piece.word} {_span(piece)}" for piece in track.pieces]
            parts += [f"{sign.text} at {sign.at:.1f} s" for sign in track.signs]
        who = f"{lane.name}, {lane.detail}" if lane.detail else lane.name
        yield f"{who}: {'; '.join(parts) or 'nothing is known'}"


def _span(piece: Piece) -> str:
    if piece.end is None:
        return f"from {piece.start:.1f} s, goes on"
    return f"{piece.start:.1f}–{piece.end:.1f} s"


@dataclass(frozen=True)
class _Drawing:
    lanes: Lanes

    @cached_property
    def scale(self) -> Scale:
        length = self.lanes.seconds or 1.0
        return Scale(0.0, length * (1.2 if self.lanes.lasting else 1.0), _LEFT, _RIGHT)

    @cached_property
    def entries(self) -> list[tuple[str, str, int]]:
        """The legend: what occurs, in the order of the table."""
        seen = {p.kind for lane in self.lanes.lanes for track in lane.tracks for p in track.pieces}
        kinds = [*(kind for kind in _KINDS if kind in seen), *sorted(seen - _KINDS.keys())]
        return list(
            dict.fromkeys((word, colour, style) for colour, style, word in map(_look, kinds))
        )

    @cached_property
    def tops(self) -> list[float]:
        """Where each lane begins, and at last where they end."""
        tops = [6.0]
        for lane in self.lanes.lanes:
            rows = sum(_BAR + 4 + _SIGN * bool(track.signs) for track in lane.tracks)
            tops.append(tops[-1] + max(rows, 32.0) + _PAD)
        return tops

    @property
    def height(self) -> float:
        return self.tops[-1] + 40 + LEGEND_ROW * len(legend_rows(self.entries))

    def draw(self) -> Iterator[Markup]:
        yield from self._axis()
        for lane, (top, foot) in zip(self.lanes.lanes, pairwise(self.tops), strict=True):
            yield from self._lane(lane, top)
            yield el("path", d=f"M0 {foot - 4:.0f}H{WIDTH}", class_="g")
        yield from legend(self.entries, self.tops[-1] + 38)

    def _axis(self) -> Iterator[Markup]:
        foot = self.tops[-1] - 4
        step = time_step(self.scale.high)
        for n in range(int(self.scale.high / step) + 1):
            x = self.scale(n * step)
            yield el("path", d=f"M{x:.1f} 2V{foot + 5:.0f}", class_="g")
            yield label(
                x, foot + 18, _tick(n * step, step), size=_SMALL, anchor="middle", class_="s"
            )
        yield label(0, foot + 18, "since the start", size=_SMALL, class_="s")

    def _lane(self, lane: Lane, top: float) -> Iterator[Markup]:
        room = _LEFT - 12
        name = el("tspan", clip(lane.name, 13, room), font_weight="600")
        yield label(0, top + 15, name, size=13)
        yield label(0, top + 31, clip(lane.detail, _SMALL, room), size=_SMALL, class_="s")
        y = top
        for track in lane.tracks:
            for piece in track.pieces:
                yield from self._bar(piece, y, lane.name)
            yield from self._words(track.pieces, y + 14)
            yield from self._signs(track.signs, y + _BAR + 13)
            y += _BAR + 4 + _SIGN * bool(track.signs)

    def _ends(self, piece: Piece) -> tuple[float, float]:
        """Return where a piece begins and ends, two pixels apart at least."""
        start = self.scale(piece.start)
        return start, max(start + 2, _RIGHT if piece.end is None else self.scale(piece.end))

    def _bar(self, piece: Piece, y: float, who: str) -> Iterator[Markup]:
        colour, style, _ = _look(piece.kind)
        x, end = self._ends(piece)
        told = "" if piece.end is None else f", {seconds_text(piece.end - piece.start)}"
        tip = f"{who}: {piece.word}, {_span(piece)}{told}"
        yield box(x, y, end - x, _BAR, colour=colour, style=style, tip=tip)

    def _words(self, pieces: list[Piece], y: float) -> Iterator[Markup]:
        """Write each word on its bar, or in the gap after or before it, if it fits anywhere."""
        free = _LEFT
        for piece, after in zip(pieces, [*map(self._ends, pieces[1:]), (_RIGHT, 0)], strict=True):
            x, end = self._ends(piece)
            on_bar = _rimmed(_look(piece.kind)[0])
            needed = text_width(piece.word, _SMALL) + 6
            room = end - x
            if piece.end is None and room > _GOES_ON + 6:
                yield label(end - 6, y, "goes on ▸", size=_SMALL, anchor="end", style=on_bar)
                room -= _GOES_ON
            if needed <= room:
                yield label(x + 5, y, piece.word, size=_SMALL, style=on_bar)
            elif needed <= after[0] - end:
                yield label(end + 4, y, piece.word, size=_SMALL)
                end += needed
            elif needed <= x - free:
                yield label(x - 4, y, piece.word, size=_SMALL, anchor="end")
            free = end

    def _signs(self, signs: list[Sign], y: float) -> Iterator[Markup]:
        for sign in signs:
            x = self.scale(sign.at)
            ends = x + text_width(sign.text, _SMALL) > WIDTH
            weight = "600" if sign.strong else None
            yield el("path", d=f"M{x:.1f} {y - 12:.0f}v12", class_="m")
            yield label(
                x + (-5 if ends else 5),
                y,
                sign.text,
                size=_SMALL,
                anchor="end" if ends else "",
                font_weight=weight,
            )


def _look(kind: str) -> tuple[str, int, str]:
    return _KINDS.get(kind, (GREY, 4, kind))


def _rimmed(colour: str) -> str | None:
    """Return the style of a word on a bar; its rim keeps the hatch away."""
    if colour == "transparent":
        return None
    return f"fill:{ink_on(colour)};stroke:{colour};stroke-width:4px;paint-order:stroke"


def _tick(at: float, step: float) -> str:
    """Return a time since the start in the unit of the step."""
    for unit, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if step % unit == 0:
            return f"{at / unit:.0f} {word}"
    return f"{at:.0f} s"
