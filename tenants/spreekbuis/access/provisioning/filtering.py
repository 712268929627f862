"""Filters of SCIM (RFC 7644, 3.4.2.2) as conditions of the database: never a look at each row here."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from scim2_models import InvalidFilterException, ScimFilter
from scim2_models.path import (
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)
from sqlalchemy import Boolean, ColumnElement, Uuid, and_, false, func, not_, or_, true

FIRST_PAGE = 100
MOST = 200
"""Resources on one page."""
LONGEST_FILTER = 2_000
_EXACT = {"id", "externalid"}
"""Compared in their own case (RFC 7643, 3.1); everything else in any."""


def condition(asked: str, columns: Mapping[str, Any]) -> ColumnElement[bool]:
    """The filter over these columns, by attribute in lower case. Raises InvalidFilterException for what cannot be read,
    an attribute that is not there, or an order of texts, which nobody asks."""
    if len(asked) > LONGEST_FILTER:
        raise InvalidFilterException(filter=asked[:80])
    return _condition(ScimFilter(asked).ast, columns, asked)


def _condition(node: FilterNode, columns: Mapping[str, Any], asked: str) -> ColumnElement[bool]:
    match node:
        case LogicalExpr(op=op, terms=terms):
            joined = and_ if op is LogicalOperator.and_ else or_
            return joined(*(_condition(term, columns, asked) for term in terms))
        case Not(expr=inner):
            return not_(_condition(inner, columns, asked))
        case Present(attr_path=path):
            return columns[_known(str(path), columns, asked)].is_not(None)  # type: ignore[no-any-return]
        case ValuePath(attr_path=path, val_filter=Comparison() as inner):
            return _of_value(str(path), inner, columns, asked)
        case ValuePath(attr_path=path, val_filter=LogicalExpr(op=LogicalOperator.and_, terms=terms)):
            parts = [_of_value(str(path), t, columns, asked) for t in terms if isinstance(t, Comparison)]
            if len(parts) == len(terms):
                return and_(*parts)
        case Comparison(attr_path=path, op=op, value=value):
            name = _known(str(path), columns, asked)
            return _compared(name, columns[name], op, value, asked)
    raise InvalidFilterException(filter=asked)


def _of_value(
    attribute: str, inner: Comparison, columns: Mapping[str, Any], asked: str
) -> ColumnElement[bool]:
    """`emails[type eq "work"]`: the one address is that of the work, and the primary one."""
    name = str(inner.attr_path).lower()
    if name in ("type", "primary") and inner.op is CompareOperator.eq:
        return true() if inner.value in ("work", True) else false()
    return _condition(
        Comparison(type(inner.attr_path)(attribute, name), inner.op, inner.value), columns, asked
    )


def _known(path: str, columns: Mapping[str, Any], asked: str) -> str:
    name = path.rpartition(":")[2].lower()
    if name not in columns:
        raise InvalidFilterException(filter=asked)
    return name


def _compared(name: str, column: Any, op: CompareOperator, value: Any, asked: str) -> ColumnElement[bool]:
    if isinstance(column.type, Boolean | Uuid):
        wanted = _uuid(value) if isinstance(column.type, Uuid) else value
        if op not in (CompareOperator.eq, CompareOperator.ne) or isinstance(value, str) == isinstance(
            column.type, Boolean
        ):
            raise InvalidFilterException(filter=asked)
        found: ColumnElement[bool] = false() if wanted is None else column == wanted
        return found if op is CompareOperator.eq else not_(found)
    if not isinstance(value, str):
        raise InvalidFilterException(filter=asked)
    value = value.replace("\x00", "")
    if name not in _EXACT:
        column, value = func.lower(column), value.lower()
    match op:
        case CompareOperator.eq:
            compared = column == value
        case CompareOperator.ne:
            compared = column.is_distinct_from(value)
        case CompareOperator.co:
            compared = column.contains(value, autoescape=True)
        case CompareOperator.sw:
            compared = column.startswith(value, autoescape=True)
        case CompareOperator.ew:
            compared = column.endswith(value, autoescape=True)
        case _:
            raise InvalidFilterException(filter=asked)
    return compared  # type: ignore[no-any-return]


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
