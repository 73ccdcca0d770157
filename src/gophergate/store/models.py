"""What operators set about single models: whether they may be used, what they are called upstream, what they cost."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row, Select, delete, insert, select, update

from gophergate.errors import NotHere
from gophergate.store import changes
from gophergate.store.database import Conflict, Database
from gophergate.store.providers import TOPIC
from gophergate.store.tables import models
from gophergate.store.values import to_text


class Discount(msgspec.Struct, frozen=True, kw_only=True):
    """A share off every price ("0.25" is a quarter off), from `since` to before `until`, Unix microseconds."""

    share: str
    since: int
    until: int | None = None
    note: str = ""


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the model `name` ("provider/model"). `mapped_name` is what the provider calls it; `price` US dollars
    per million tokens by usage class, as decimal text."""

    name: str
    enabled: bool = True
    mapped_name: str | None = None
    price: dict[str, str] = {}
    discounts: tuple[Discount, ...] = ()
    version: int = 1
    updated_at: int


class Models:
    """The model settings of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[ModelRow]:
        """Every model that something was ever set about, by name."""
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(_MODEL.order_by(models.c.name))]

    async def get(self, name: str) -> ModelRow | None:
        """What is set about one model; None when nothing is."""
        async with self._database.read() as connection:
            row = (await connection.execute(_MODEL.where(models.c.name == name))).one_or_none()
        return _row(row) if row is not None else None

    async def put(self, model: ModelRow, *, expected_version: int) -> ModelRow:
        """Store settings over those read with `expected_version` (0: there were none).

        Raises Conflict when somebody else changed them since.
        """
        stored = msgspec.structs.replace(model, version=expected_version + 1)
        async with self._database.write() as connection:
            if expected_version == 0:
                await connection.execute(insert(models).values(_values(stored)))
            else:
                changed = await connection.execute(
                    update(models)
                    .where(models.c.name == model.name, models.c.version == expected_version)
                    .values(_values(stored))
                )
                if changed.rowcount == 0:
                    raise Conflict(f"The settings of '{model.name}' were changed by somebody else. Read them again.")
            await changes.mark(connection, TOPIC)
        return stored

    async def delete(self, name: str) -> None:
        """Forget what was set: the model is again what it is by itself. Raises NotHere."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(models).where(models.c.name == name))
            if gone.rowcount == 0:
                raise NotHere(f"Nothing is set about the model '{name}'.")
            await changes.mark(connection, TOPIC)


def _values(model: ModelRow) -> dict[str, Any]:
    return msgspec.structs.asdict(model) | {
        "price": to_text(model.price) if model.price else None,
        "discounts": to_text(model.discounts) if model.discounts else None,
    }


def _row(row: Row[tuple[object, ...]]) -> ModelRow:
    value = dict(row._mapping)
    value["price"] = msgspec.json.decode(value["price"], type=dict[str, str]) if value["price"] else {}
    discounts = value["discounts"]
    value["discounts"] = msgspec.json.decode(discounts, type=tuple[Discount, ...]) if discounts else ()
    return ModelRow(**value)


_MODEL: Select[tuple[object, ...]] = select(*(models.c[name] for name in ModelRow.__struct_fields__))
