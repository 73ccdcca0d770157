"""What one request is like, for strategies that choose by it. Read at most once, and only when a strategy asks: a
group that is drawn by weight decodes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from gophergate.core.blocks import Block, Media, Text, ToolResult
from gophergate.core.request import Request, Turn
from gophergate.dialects.base import Dialect, Peek
from gophergate.dialects.estimate import rough
from gophergate.routing.base import Order

_NO_TAGS: Mapping[str, str] = {}


class Traits:
    """Traits of a request at a door. `tags` and `session` are what its headers said; `wanted` the name it asked for."""

    def __init__(
        self,
        door: Dialect,
        body: bytes,
        peek: Peek,
        *,
        path_model: str = "",
        tags: Mapping[str, str] = _NO_TAGS,
        session: str | None = None,
        owner: str = "",
        call_id: str = "",
    ) -> None:
        self.door = door
        self.body = body
        self.peek = peek
        self.tags = tags
        self.session = session or peek.session
        """What ties the calls of one conversation together, as far as the caller said it."""
        self.owner = owner
        """The client whose call it is."""
        self.call_id = call_id
        """The call that is chosen for, "" where there is none and a choice is only explained."""
        self.user = peek.user
        """The caller's own end user."""
        self.stream = peek.stream
        self.output_tokens = peek.max_output_tokens
        """How many tokens the answer may have, None for no bound of the caller's."""
        self._path_model = path_model
        self._request: Request | None = None
        self._input_tokens = -1
        self._prefix = ""

    @classmethod
    def of(cls, order: Order, tags: Mapping[str, str], session: str | None) -> Traits:
        """Those of an order."""
        return cls(
            order.door,
            order.body,
            order.peek,
            path_model=order.path_model,
            tags=tags,
            session=session,
            owner=order.owner,
            call_id=order.stamp.token,
        )

    @property
    def request(self) -> Request:
        """The request in canonical form. Raises BadRequest for a body that is none."""
        if self._request is None:
            self._request = self.door.read_request(self.body, model=self._path_model, stream=self.stream)
        return self._request

    @property
    def input_tokens(self) -> int:
        """How long the prompt is, roughly: rules part short from long, and this is on the event loop of every call."""
        if self._input_tokens < 0:
            self._input_tokens = rough(self.request)
        return self._input_tokens

    @property
    def has_tools(self) -> bool:
        """Whether tools are offered."""
        return bool(self.request.tools)

    @property
    def has_media(self) -> bool:
        """Whether it holds anything but text: an image, a sound, a document."""
        return any(isinstance(block, Media) for block in _blocks(self.request.turns))

    @property
    def wants_reasoning(self) -> bool:
        """Whether it asks the model to think before it answers."""
        reasoning = self.request.reasoning
        if reasoning is None or reasoning.enabled is False or reasoning.effort == "none":
            return False
        return bool(reasoning.enabled or reasoning.effort or reasoning.budget or reasoning.adaptive)

    @property
    def last_user_text(self) -> str:
        """What the user said last, "" when it was no text."""
        for turn in reversed(self.request.turns):
            words = [block.text for block in turn.blocks if isinstance(block, Text)]
            if turn.role == "user" and words:
                return "\n".join(words)
        return ""

    @property
    def prefix(self) -> str:
        """A key of what stays the same while a conversation grows: tools, system, the first turn. Equal in every
        process, and different for every client."""
        if not self._prefix:
            digest = hashlib.blake2b(self.owner.encode(), digest_size=12)
            for part in _stable(self.request):
                digest.update(b"\0" + part.encode("utf-8", "replace"))
            self._prefix = digest.hexdigest()
        return self._prefix


def _blocks(turns: Iterable[Turn]) -> Iterator[Block]:
    for turn in turns:
        for block in turn.blocks:
            if isinstance(block, ToolResult):
                yield from block.content
            else:
                yield block


def _stable(request: Request) -> Iterator[str]:
    yield from (tool.name for tool in request.tools)
    for turn in request.turns:
        if turn.role != "assistant":
            yield from (block.text for block in turn.blocks if isinstance(block, Text))
        if turn.role in ("user", "assistant"):
            return
