"""Every public door of a house, with what answers at it. The paths themselves stand in `front.routes`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from gophergate.dialects.base import Dialect
from gophergate.doors.chat import ChatDoors
from gophergate.doors.health import Health
from gophergate.doors.models import ModelList
from gophergate.doors.operations import OperationDoors, Serves
from gophergate.doors.usage import OwnUsage
from gophergate.exchange import House
from gophergate.front.routes import Doors, Routes
from gophergate.responses.room import Responses
from gophergate.responses.store import MemoryResponses, ResponseStore
from gophergate.routing.counting import Counting
from gophergate.routing.stored import StoredObjects
from gophergate.store.database import Database
from gophergate.store.usage import Usages
from gophergate.transport.base import Transport


class Parts(Protocol):
    """What it stands on (`app.Parts` fits). Without a store of responses they are kept in memory."""

    @property
    def database(self) -> Database: ...

    @property
    def transport(self) -> Transport: ...

    @property
    def responses(self) -> ResponseStore | None: ...

    @property
    def wall(self) -> Callable[[], float]: ...

    @property
    def clock(self) -> Callable[[], float]: ...


class PublicDoors:
    """`routes` finds the door of a request; `operations` are the dialects of what is not chat, by name; `responses`
    also opens connections for many calls."""

    def __init__(self, house: House, spoken: Mapping[str, Dialect], parts: Parts, serving: Serves) -> None:
        counting = Counting(parts.transport, spoken)
        self.responses = responses = Responses(
            house,
            spoken["openai_responses"],
            parts.responses or MemoryResponses(parts.clock),
            StoredObjects(parts.transport),
        )
        chat = ChatDoors(house, spoken, counting, {"openai_responses": responses.counting(counting)})
        operations = OperationDoors(house, serving)
        self.operations = operations.spoken
        models = ModelList(house.auth, house.catalog)
        health = Health(parts.database)
        self.routes = Routes(
            Doors(
                chat=chat.chat,
                count=chat.count,
                gemini=lambda model, verb: operations.gemini(model, verb) or chat.gemini(model, verb),
                responses=responses.create,
                operation=operations.door,
                compact=responses.compact,
                response=responses.one,
                models=models.all,
                model=models.one,
                gemini_models=models.gemini_all,
                gemini_model=models.gemini_one,
                ollama_tags=models.ollama_tags,
                ollama_show=models.ollama_show,
                ollama_ps=models.ollama_ps,
                ollama_version=models.ollama_version,
                usage=OwnUsage(house.auth, Usages(parts.database), parts.wall).get,
                live=health.live,
                ready=health.ready,
            )
        )
