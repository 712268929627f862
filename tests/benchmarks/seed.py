"""Fill a database with many entities and cases, quickly: rows as the operations write them, made by SQL;
what is sealed comes from `keys`.

Written as the superuser of the embedded server, which row-level security does not bind.
"""

from dataclasses import dataclass
from uuid import UUID

import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.benchmarks.keys import give_desk_keys, seal_cases

MEASURED_SHARE = 0.9
"""The measured entity holds this share of all cases, the others share the rest: the worst case for its pages."""

ENTITIES = """
INSERT INTO organisation (ovo_code, name, code_is_real, search_text)
SELECT 'OVO' || 100000 + i, 'Agentschap ' || i, false, 'agentschap ' || i || ' ovo' || 100000 + i
FROM generate_series(1, :entities) i ON CONFLICT DO NOTHING;
"""
TENANTS = """
INSERT INTO entity (id, ovo_code, name, policy_area, status, headcount, service_until, created_at)
SELECT uuidv7(), 'OVO' || 100000 + i, 'Agentschap ' || i,
       (ARRAY['KBBJ','FB','OV','WVG','CJSM','MOW','OMG','WEWILS'])[1 + i % 8], 'active', 100 + i,
       make_date(extract(year FROM now())::int, 12, 31), now()
FROM generate_series(1, :entities) i ON CONFLICT DO NOTHING
"""
DESKS = """
INSERT INTO desk (entity_id, id, kind, name)
SELECT e.id, uuidv7(), k, k FROM entity e, unnest(ARRAY['integrity','wellbeing']) k ON CONFLICT DO NOTHING
"""
CATEGORIES = """
INSERT INTO entity_category (entity_id, category)
SELECT e.id, c FROM entity e, unnest(CAST(:categories AS text[])) c ON CONFLICT DO NOTHING
"""
CASES = """
INSERT INTO "case" (entity_id, id, year, number, kind, topic, category, channel, identity, reporter_class, language,
    desk_id, state, received_at, closed_at, outcome, next_step, next_due_on, last_activity_at, unread_by_desk,
    fact_id, version, score, procedure, procedure_version, waited_days, term_changes)
SELECT e.id, uuidv7(), 2026, i, 'report', 'integrity',
       (ARRAY['fraud','bribery','theft','conflict_of_interest','ict_misuse','leak'])[1 + i % 6],
       (ARRAY['web','phone','email'])[1 + i % 3], 'anonymous', 'staff', 'nl', d.id,
       CASE WHEN i % 10 = 0 THEN 'closed' ELSE 'new' END, now() - i * interval '1 minute',
       CASE WHEN i % 10 = 0 THEN now() END, CASE WHEN i % 10 = 0 THEN 'founded' END,
       CASE WHEN i % 10 <> 0 THEN 'acknowledge' END, CASE WHEN i % 10 <> 0 THEN current_date + (i % 60) - 10 END,
       now(), true, gen_random_uuid(), 1, CASE WHEN i % 20 = 0 THEN 4 END,
       'integrity_report', 1, 0, '{}'
FROM entity e JOIN desk d ON d.entity_id = e.id AND d.kind = 'integrity', generate_series(1, :cases) i
WHERE e.ovo_code = :ovo
"""
COUNTERS = """
INSERT INTO case_counter (entity_id, desk_id, year, last)
SELECT entity_id, desk_id, year, max(number) FROM "case" GROUP BY 1, 2, 3
"""
FACTS = """
INSERT INTO fact (entity_id, id, subject, year, month, kind, topic, category, channel, identity, reporter_class,
    desk, status, outcome, score)
SELECT entity_id, fact_id, 'case', year, extract(month FROM received_at)::int, kind, topic, category, channel,
       identity, reporter_class, 'integrity', CASE WHEN closed_at IS NULL THEN 'open' ELSE 'closed' END, outcome, score
FROM "case"
"""


@dataclass(frozen=True)
class Size:
    """How large an installation is."""

    entities: int
    cases: int

    def __str__(self) -> str:
        return f"{self.cases:,} cases, {self.entities:,} entities"


def ovo(index: int) -> str:
    return f"OVO{100000 + index}"


def seed(admin_url: str, database: str, size: Size, categories: list[str]) -> UUID:
    """Fill the database; gives the id of the measured entity, `ovo(1)`."""
    engine = create_engine(make_url(admin_url).set(drivername="postgresql+psycopg", database=database))
    with engine.begin() as connection:
        connection.execute(text(ENTITIES), {"entities": size.entities})
        connection.execute(text(TENANTS), {"entities": size.entities})
        connection.execute(text(DESKS))
        connection.execute(text(CATEGORIES), {"categories": categories})
        measured = int(size.cases * MEASURED_SHARE)
        others = range(2, size.entities + 1)
        rest = max(1, (size.cases - measured) // max(1, len(others)))
        connection.execute(text(CASES), {"cases": measured, "ovo": ovo(1)})
        made = measured
        for index in others:
            if made >= size.cases:
                break
            connection.execute(text(CASES), {"cases": rest, "ovo": ovo(index)})
            made += rest
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        give_desk_keys(driver)
        seal_cases(driver, ovo(1))
        connection.execute(text(COUNTERS))
        connection.execute(text(FACTS))
        entity_id: UUID = connection.scalar(text("SELECT id FROM entity WHERE ovo_code = :o"), {"o": ovo(1)})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()
    return entity_id
