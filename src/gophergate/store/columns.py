"""The columns that tables are made of, and the metadata they belong to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, ForeignKey, Index, MetaData, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_CONDITION = "condition"


def id_column() -> Column[str]:
    return Column("id", Text, primary_key=True)


def text_column(name: str, *, nullable: bool = False, unique: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable, unique=unique)


def count_column(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def flag_column(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def reference_column(name: str, to: str, on_delete: str) -> Column[str]:
    """SET NULL keeps what refers to a row that goes; CASCADE goes with it."""
    return Column(name, ForeignKey(to, ondelete=on_delete), nullable=on_delete == "SET NULL")


def partial_index(*columns: Column[Any], where: ColumnElement[bool]) -> None:
    """An index of only those rows that meet a condition."""
    Index(None, *columns, sqlite_where=where, info={_CONDITION: where})


def say_conditions_to_postgresql() -> None:
    """Give PostgreSQL the conditions of partial indexes, before its tables are made. Said where they are defined they
    would load its dialect, two megabytes, for those who use SQLite."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if _CONDITION in index.info:
                index.dialect_options["postgresql"]["where"] = index.info[_CONDITION]
