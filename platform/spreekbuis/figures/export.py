"""The export: every cell of a year as CSV that a Belgian Excel opens without questions."""

import csv
import io
from collections.abc import Iterator

from flask_babel import gettext as _
from sqlalchemy import Engine, text

from spreekbuis.clock import today
from spreekbuis.figures.structure import Structure, then
from spreekbuis.figures.words import DIMENSIONS, value_label

BYTE_ORDER_MARK = "\ufeff"
_ROWS_PER_CHUNK = 2_000

_CELLS = text(f"""
WITH places AS MATERIALIZED (
    SELECT id, ovo_code, CASE WHEN :then THEN coalesce(was.name, entity.name) ELSE entity.name END AS name,
        CASE WHEN :then THEN coalesce(was.policy_area, entity.policy_area) ELSE entity.policy_area END AS policy_area
    FROM entity LEFT JOIN LATERAL {then("CAST(:year AS integer)", ":today")} AS was ON true
), cells AS (
    SELECT entity_id, dimension, value, sum(n)::int AS n, sum(total)::bigint AS total FROM (
        SELECT entity_id, dimension, value, n, total FROM figure_cell WHERE year = :year
        UNION ALL SELECT entity_id, dimension, value, n, total FROM figure_delta WHERE year = :year
    ) AS both_kinds GROUP BY entity_id, dimension, value HAVING sum(n) <> 0
)
SELECT ovo_code, name, policy_area, dimension, value, n, total FROM cells JOIN places ON places.id = entity_id
ORDER BY ovo_code, dimension, value""")  # noqa: S608 (fixed text)


def harmless(cell: str) -> str:
    """Text that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def csv_of(engine: Engine, year: int, structure: Structure) -> Iterator[str]:
    """The export in pieces: a byte order mark, `;` between, CRLF; words in the reader's language. Names and policy
    areas are those of the structure."""
    asked = {"year": year, "then": structure is Structure.THEN, "today": today()}
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";")
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow(
        [
            _("Jaar"), _("OVO-code"), _("Entiteit"), _("Beleidsdomein"), _("Verdeling"), _("Waarde"),
            _("Aantal"), _("Som van de scores, of van de bedragen in cent"), _("Code"),
        ]
    )  # fmt: skip
    with engine.connect() as connection:
        cells = connection.execution_options(yield_per=_ROWS_PER_CHUNK).execute(_CELLS, asked)
        for chunk in cells.partitions():
            for row in chunk:
                writer.writerow(
                    [
                        year, row.ovo_code, harmless(row.name), row.policy_area,
                        str(DIMENSIONS[row.dimension].title),
                        harmless(value_label(row.dimension, row.value)), row.n,
                        row.total if row.dimension in ("score", "law_money") else "", f"{row.dimension}.{row.value}",
                    ]
                )  # fmt: skip
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
