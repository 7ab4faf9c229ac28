"""The statements suit PostgreSQL as well: they compile for it, and take their parameters by position."""

import pytest
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.schema import CreateIndex, CreateTable

from services.store import schema
from services.store.rows import EXACT, RowsStatement, Statements

DIALECT = psycopg.dialect(paramstyle="format")  # type: ignore[no-untyped-call]


class Recorded:
    """A connection, and its cursor, that notes what it is given."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[object, ...]]] = []
        self.connection = self

    def cursor(self) -> "Recorded":
        return self

    def execute(self, sql: str, parameters: tuple[object, ...]) -> None:
        self.calls.append((sql, parameters))

    def close(self) -> None:
        """Nothing to close."""


def every_statement() -> list[RowsStatement]:
    statements = Statements(DIALECT)
    return [*statements.inserts.values(), statements.delivery_changes, statements.recipient_states]


@pytest.mark.parametrize("place", range(len(every_statement())))
def test_each_statement_compiles_with_a_parameter_for_each_place(place: int) -> None:
    compiled = every_statement()[place].text(2)
    assert compiled.count("%s") % 2 == 0
    assert compiled.count("%s") >= 4
    assert "NULL," not in compiled


@pytest.mark.parametrize("table", schema.metadata.sorted_tables, ids=lambda table: table.name)
def test_each_table_compiles(table) -> None:
    assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=DIALECT))
    for index in table.indexes:
        assert "CREATE INDEX" in str(CreateIndex(index).compile(dialect=DIALECT)).replace("UNIQUE ", "")


@pytest.mark.parametrize("count", [0, 1, 2, 3, 64, 65, 200])
def test_rows_go_in_few_statements_of_few_sizes(count: int) -> None:
    statement = Statements(DIALECT).inserts["once"]
    connection = Recorded()
    statement.run(connection, [(f"key{n}", f"d{n}") for n in range(count)])  # type: ignore[arg-type]
    given = [value for _, parameters in connection.calls for value in parameters]
    assert given == [value for n in range(count) for value in (f"key{n}", f"d{n}")]
    sizes = [len(parameters) // 2 for _, parameters in connection.calls]
    assert all(size <= EXACT or (size & (size - 1) == 0 and size <= 64) for size in sizes)
    assert len(sizes) <= count // 64 + 3


def test_a_query_asks_for_each_value_once() -> None:
    text = Statements(DIALECT).deliveries.text(3)
    assert text.count("%s") == 3
    assert text.rstrip().endswith("FOR UPDATE")
