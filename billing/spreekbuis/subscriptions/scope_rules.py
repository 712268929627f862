"""For whom Spreekbuis is, per service year."""

from sqlalchemy.dialects.postgresql import insert

from spreekbuis.db.session import db
from spreekbuis.subscriptions.models import Rule, ScopeRule

RULES: dict[int, Rule] = {
    2002: Rule.AFFILIATED,
    2013: Rule.EVERYBODY,
    2014: Rule.AFFILIATED_OR_PAID,
}
"""First service year of each rule. Source: the published reports of Spreekbuis. Since its start in 2002 for
entities affiliated with the prevention service GDPB; with the renewal of 1 January 2013 free for every
entity during that year; from 2014 for entities that use the prevention service (free) or have paid a
contribution."""


def load_scope_rules() -> None:
    """Bring the rules to what is written above. Twice is once."""
    for year, rule in RULES.items():
        db.session.execute(
            insert(ScopeRule)
            .values(from_year=year, rule=rule)
            .on_conflict_do_update(index_elements=["from_year"], set_={"rule": rule})
        )
