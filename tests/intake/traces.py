"""Looks in every row of the database, as the backup role sees it, for what must not be there."""

from collections.abc import Mapping

from sqlalchemy import create_engine, text


def found_in_database(database: Mapping[str, str], *planted: str) -> list[str]:
    """The tables in which one of the texts stands, as it is or in hexadecimal."""
    forms = [form for one in planted for form in (one, one.encode().hex())]
    engine = create_engine(database["backup"])
    with engine.connect() as connection:
        tables = connection.execute(
            text("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
        ).scalars()
        found = [
            table
            for table in tables
            for row in connection.execute(text(f'SELECT t::text FROM public."{table}" t')).scalars()
            if any(form in row for form in forms)
        ]
    engine.dispose()
    return found
