"""The export: every cell of a year as CSV that a Belgian Excel opens without questions."""

import csv
import io
from collections.abc import Iterator

from flask_babel import gettext as _
from sqlalchemy import Engine, text

from spreekbuis.figures.words import DIMENSIONS, value_label

BYTE_ORDER_MARK = "\ufeff"
_ROWS_PER_CHUNK = 2_000

_CELLS = text("""
SELECT ovo_code, name, policy_area, dimension, value, sum(n)::int AS n, sum(total)::bigint AS total FROM (
    SELECT entity_id, dimension, value, n, total FROM figure_cell WHERE year = :year
    UNION ALL SELECT entity_id, dimension, value, n, total FROM figure_delta WHERE year = :year
) AS both_kinds JOIN entity ON entity.id = entity_id
GROUP BY ovo_code, name, policy_area, dimension, value HAVING sum(n) <> 0
ORDER BY ovo_code, dimension, value""")


def harmless(cell: str) -> str:
    """Text that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def csv_of(engine: Engine, year: int) -> Iterator[str]:
    """The export in pieces: a byte order mark, `;` between, CRLF; words in the reader's language."""
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
        cells = connection.execution_options(yield_per=_ROWS_PER_CHUNK).execute(_CELLS, {"year": year})
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
