"""SCIM 2.0 over HTTP (RFC 7644): what a directory sends read, an operation called, and what it asked given back.

Importing this module takes half a second: pages do so when the first directory comes.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from flask import Response, current_app, request, url_for
from pydantic import EmailStr, Field, ValidationError
from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    Context,
    Error,
    ETag,
    Filter,
    GroupMembership,
    InvalidSyntaxException,
    InvalidValueException,
    ListResponse,
    Meta,
    Mutability,
    NotFoundException,
    Patch,
    PatchOp,
    PayloadTooLargeException,
    PreconditionFailedException,
    Reference,
    Required,
    Resource,
    ResourceType,
    ResponseParameters,
    SCIMException,
    ScimPolicy,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
    UniquenessException,
    User,
)
from sqlalchemy import ColumnElement, func, select

from spreekbuis.access.provisioning import directory
from spreekbuis.access.provisioning.directory import GroupGiven, PersonGiven, Taken
from spreekbuis.access.provisioning.filtering import FIRST_PAGE, MOST, condition
from spreekbuis.access.provisioning.models import DirectoryGroup as GroupRow
from spreekbuis.access.provisioning.models import DirectoryMember, DirectoryPerson
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.errors import DomainError, Invalid, NotFound
from spreekbuis.settings import Settings
from spreekbuis.web.door import the_entity

LARGEST = 1 << 20
"""Bytes of one request: a group of ten thousand."""
_LENIENT = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,  # names, telephones, departments: nothing that is needed here
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,  # as Entra ID sends it
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
Kept = TypeVar("Kept", DirectoryPerson, GroupRow)


class Address(ComplexAttribute):
    """The one address that is kept."""

    value: EmailStr | None = None
    type: Annotated[str | None, Mutability.read_only] = None
    primary: Annotated[bool | None, Mutability.read_only] = None


class DirectoryUser(Resource[Any]):
    """Of a core User (RFC 7643, 4.1) what is kept here."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    active: bool | None = None
    emails: list[Address] | None = None
    groups: Annotated[list[GroupMembership] | None, Mutability.read_only] = None
    external_id: Annotated[str | None, CaseExact.true] = None


class Member(ComplexAttribute):
    """Somebody in a group."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference[User] | None, Mutability.immutable] = Field(  # type: ignore[type-arg]
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])


class DirectoryGroup(Resource[Any]):
    """Of a core Group (RFC 7643, 4.2) what is kept here."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true] = None
    members: list[Member] | None = None


DirectoryUser.__name__, DirectoryGroup.__name__ = "User", "Group"
type_resource = DirectoryUser | DirectoryGroup


def answering(view: Callable[..., Response]) -> Response:
    """What the view gives, or what went wrong as the protocol says it (RFC 7644, 3.12)."""
    with _LENIENT:
        try:
            if (request.content_length or 0) > LARGEST:
                raise PayloadTooLargeException
            return view()
        except SCIMException as error:
            return _failure(error)
        except ValidationError as error:
            first = Error.from_validation_errors(error)[0]
            return _answer(first.model_dump(), first.status or 400)
        except Taken as error:
            return _failure(UniquenessException(detail=str(error.title)))
        except Invalid as error:
            detail = "; ".join(f"{name}: {text}" for name, text in error.errors.items())
            return _failure(InvalidValueException(detail=detail))
        except NotFound:
            return _failure(NotFoundException(detail="unknown here"))
        except DomainError as error:
            return _answer(Error(status=error.status, detail=str(error.title)).model_dump(), error.status)


def _failure(error: SCIMException) -> Response:
    return _answer(error.to_error().model_dump(), error.status)


def _answer(payload: Mapping[str, Any] | None, status: int = 200, etag: str = "") -> Response:
    body = b"" if payload is None else current_app.json.dumps(payload).encode()
    response = Response(body, status, content_type="application/scim+json")
    if etag:
        response.headers["ETag"] = etag
    return response


# -- users and groups ----------------------------------------------------------------------------------------------


def list_users() -> Response:
    columns = {
        "id": DirectoryPerson.id, "username": DirectoryPerson.user_name, "externalid": DirectoryPerson.external_id,
        "emails": DirectoryPerson.email, "emails.value": DirectoryPerson.email, "active": DirectoryPerson.active,
    }  # fmt: skip
    return _list(DirectoryPerson, columns, _user)


def list_groups() -> Response:
    columns = {
        "id": GroupRow.id, "displayname": GroupRow.display_name, "externalid": GroupRow.external_id,
    }  # fmt: skip
    return _list(GroupRow, columns, _group)


def create_user() -> Response:
    wanted = DirectoryUser.model_validate(_body(), scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    person = directory.create_person(_person_given(wanted))
    return _one(_user(person), person.version, Context.RESOURCE_CREATION_RESPONSE, 201)


def create_group() -> Response:
    wanted = DirectoryGroup.model_validate(_body(), scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    group = directory.create_group(_group_given(wanted))
    return _one(_group(group), group.version, Context.RESOURCE_CREATION_RESPONSE, 201)


def read_user(user_id: UUID) -> Response:
    person = directory.person_of(user_id)
    return _read(_user(person), person.version)


def read_group(group_id: UUID) -> Response:
    group = directory.group_of(group_id)
    return _read(_group(group), group.version)


def replace_user(user_id: UUID) -> Response:
    person = _matched(directory.person_of(user_id))
    wanted = DirectoryUser.model_validate(_body(), scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST)
    wanted.replace(_user(person))
    return _changed_user(person, wanted, Context.RESOURCE_REPLACEMENT_RESPONSE)


def replace_group(group_id: UUID) -> Response:
    group = _matched(directory.group_of(group_id))
    wanted = DirectoryGroup.model_validate(_body(), scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST)
    return _changed_group(group, wanted, Context.RESOURCE_REPLACEMENT_RESPONSE)


def patch_user(user_id: UUID) -> Response:
    person = _matched(directory.person_of(user_id))
    wanted = _user(person)
    before = wanted.user_name
    PatchOp[DirectoryUser].model_validate(_body(), scim_ctx=Context.RESOURCE_PATCH_REQUEST).patch(wanted)
    fresh = [email for email in wanted.emails or [] if email.value != person.email]
    if fresh:
        wanted.emails = fresh[-1:]  # one is kept: what was added comes in the place of what was there
    elif wanted.user_name != before and before == person.email and _address(wanted) == person.email:
        wanted.emails = None  # the address was the name: it goes along
    return _changed_user(person, wanted, Context.RESOURCE_PATCH_RESPONSE)


def patch_group(group_id: UUID) -> Response:
    group = _matched(directory.group_of(group_id))
    wanted = _group(group)
    PatchOp[DirectoryGroup].model_validate(_body(), scim_ctx=Context.RESOURCE_PATCH_REQUEST).patch(wanted)
    return _changed_group(group, wanted, Context.RESOURCE_PATCH_RESPONSE)


def delete_user(user_id: UUID) -> Response:
    directory.remove_person(_matched(directory.person_of(user_id)))
    return _answer(None, 204)


def delete_group(group_id: UUID) -> Response:
    directory.remove_group(_matched(directory.group_of(group_id)))
    return _answer(None, 204)


def _changed_user(person: DirectoryPerson, wanted: DirectoryUser, context: Context) -> Response:
    directory.change_person(person, _person_given(wanted))
    return _one(_user(person), person.version, context)


def _changed_group(group: GroupRow, wanted: DirectoryGroup, context: Context) -> Response:
    directory.change_group(group, _group_given(wanted))
    return _one(_group(group), group.version, context)


# -- from and to the wire ------------------------------------------------------------------------------------------


def _body() -> Any:
    payload = request.get_json(force=True, silent=True)
    if not isinstance(payload, dict):
        raise InvalidSyntaxException(detail="the body is no JSON object")
    operations = payload.get("Operations")
    for part in (payload, *(operations if isinstance(operations, list) else ())):
        _best_first(part)
    return payload


def _best_first(part: Any) -> None:
    """Of several addresses the primary one counts, else that of the work, else the first."""
    if not isinstance(part, dict):
        return
    holder, name = part, "emails"
    if str(part.get("path", "")).lower() == "emails":
        name = "value"
    elif isinstance(part.get("value"), dict):
        holder = part["value"]
    if isinstance(holder.get(name), list) and all(isinstance(one, dict) for one in holder[name]):
        holder[name].sort(key=lambda one: (one.get("primary") is not True, one.get("type") != "work"))


def _person_given(wanted: DirectoryUser) -> PersonGiven:
    return PersonGiven(
        (wanted.user_name or "").strip(),
        _address(wanted) or "",
        wanted.external_id,
        wanted.active is not False,
    )


def _address(wanted: DirectoryUser) -> str | None:
    """The first address; without any the name itself."""
    given = [email.value for email in wanted.emails or [] if email.value]
    return given[0] if given else wanted.user_name


def _group_given(wanted: DirectoryGroup) -> GroupGiven:
    members = set()
    for member in wanted.members or []:
        try:
            members.add(UUID(member.value or ""))
        except ValueError:
            raise InvalidValueException(detail="members: a value is the id of a User") from None
    return GroupGiven((wanted.display_name or "").strip(), wanted.external_id, frozenset(members))


def _user(person: DirectoryPerson) -> DirectoryUser:
    groups = (
        select(GroupRow.id, GroupRow.display_name)
        .join(
            DirectoryMember,
            (DirectoryMember.entity_id == GroupRow.entity_id) & (DirectoryMember.group_id == GroupRow.id),
        )
        .where(GroupRow.entity_id == current_entity_id(), DirectoryMember.person_id == person.id)
        .order_by(GroupRow.id)
    )
    return DirectoryUser(
        id=str(person.id), external_id=person.external_id, user_name=person.user_name, active=person.active,
        emails=[Address(value=person.email, type="work", primary=True)],
        groups=[
            GroupMembership(value=str(one), display=name, type="direct", ref=_reference("group", group_id=one))
            for one, name in db.session.execute(groups)
        ] or None,
        meta=_meta("User", _url("user", user_id=person.id), person.made_at, person.changed_at, person.version),
    )  # fmt: skip


def _group(group: GroupRow) -> DirectoryGroup:
    return DirectoryGroup(
        id=str(group.id), external_id=group.external_id, display_name=group.display_name,
        members=[
            Member(value=str(person_id), type="User", ref=_reference("user", user_id=person_id))
            for person_id in sorted(directory.members_of(group.id))
        ] or None,
        meta=_meta("Group", _url("group", group_id=group.id), group.made_at, group.changed_at, group.version),
    )  # fmt: skip


def _meta(kind: str, location: str, made_at: datetime, changed_at: datetime, version: int) -> Meta:
    return Meta(
        resource_type=kind,
        location=location,
        created=made_at,
        last_modified=changed_at,
        version=_etag(version),
    )


def _etag(version: int) -> str:
    return f'W/"{version}"'


def _url(what: str, **values: Any) -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.base_url + url_for(f"scim.{what}", ovo=the_entity().ovo_code, **values)


def _reference(what: str, **values: Any) -> Any:
    return _url(what, **values)


def _matched(kept: Kept) -> Kept:
    """The same, when `If-Match` names its version or is absent (RFC 7644, 3.14)."""
    wanted = request.headers.get("If-Match")
    if wanted is not None and wanted.strip() != "*" and _etag(kept.version) not in wanted:
        raise PreconditionFailedException
    return kept


def _shown(context: Context, resource: Any) -> dict[str, Any]:
    asked = {
        name: request.args[argument]
        for name, argument in (("attributes", "attributes"), ("excluded_attributes", "excludedAttributes"))
        if request.args.get(argument)
    }
    parameters = ResponseParameters[type(resource)].model_validate(asked) if asked else None  # type: ignore[misc]
    shown: dict[str, Any] = resource.model_dump(scim_ctx=context, response_parameters=parameters)
    return shown


def _one(resource: type_resource, version: int, context: Context, status: int = 200) -> Response:
    response = _answer(_shown(context, resource), status, _etag(version))
    assert resource.meta is not None
    response.headers["Location"] = resource.meta.location or ""
    return response


def _read(resource: type_resource, version: int) -> Response:
    known = request.headers.get("If-None-Match", "")
    if _etag(version) in known or known.strip() == "*":
        return _answer(None, 304, _etag(version))
    return _one(resource, version, Context.RESOURCE_QUERY_RESPONSE)


def _list(table: type[Kept], columns: Mapping[str, Any], shown: Callable[[Kept], type_resource]) -> Response:
    """A page of what the filter asks, by id (RFC 7644, 3.4.2)."""
    start, count = max(1, _number("startIndex", 1)), min(MOST, max(0, _number("count", FIRST_PAGE)))
    wanted: list[ColumnElement[bool]] = [table.entity_id == current_entity_id()]
    if asked := request.args.get("filter", ""):
        wanted.append(condition(asked, columns))
    total = db.session.scalar(select(func.count()).select_from(table).where(*wanted)) or 0
    found = db.session.scalars(
        select(table).where(*wanted).order_by(table.id).offset(min(start - 1, total)).limit(count)
    ).all()
    return _listed([_shown(Context.RESOURCE_QUERY_RESPONSE, shown(one)) for one in found], total, start)


def _listed(resources: list[dict[str, Any]], total: int, start: int = 1) -> Response:
    return _answer(
        {
            "schemas": [str(ListResponse.__schema__)], "totalResults": total, "startIndex": start,
            "itemsPerPage": len(resources), "Resources": resources,
        }
    )  # fmt: skip


def _number(name: str, otherwise: int) -> int:
    given = request.args.get(name)
    if given is None:
        return otherwise
    try:
        return max(-1, min(int(given[:12]), 1_000_000_000))
    except ValueError:
        raise InvalidValueException(detail=f"{name} is no number") from None


# -- what this service can -----------------------------------------------------------------------------------------


def service_provider_config() -> Response:
    """RFC 7643, 5."""
    config = ServiceProviderConfig(
        patch=Patch(supported=True), bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MOST), change_password=ChangePassword(supported=False),
        sort=Sort(supported=False), etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken, name="Bearer token",
                description="A token that the entity's administrator makes", primary=True,
            )
        ],
        meta=Meta(resource_type="ServiceProviderConfig", location=_url("service_provider_config")),
    )  # fmt: skip
    return _answer(config.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


def schemas() -> Response:
    return _listed(
        found := [_described(model, "schema") for model in (DirectoryUser, DirectoryGroup)], len(found)
    )


def one_schema(schema: str) -> Response:
    return _named(schema, [_described(model, "schema") for model in (DirectoryUser, DirectoryGroup)])


def resource_types() -> Response:
    return _listed(
        found := [_described(model, "resource_type") for model in (DirectoryUser, DirectoryGroup)], len(found)
    )


def one_resource_type(kind: str) -> Response:
    return _named(kind, [_described(model, "resource_type") for model in (DirectoryUser, DirectoryGroup)])


def _named(wanted: str, found: list[dict[str, Any]]) -> Response:
    for one in found:
        if one["id"] == wanted:
            return _answer(one)
    raise NotFoundException(detail="unknown here")


def _described(model: type[Any], what: str) -> dict[str, Any]:
    if what == "schema":
        schema = model.to_schema()
        schema.meta = Meta(resource_type="Schema", location=_url("one_schema", schema=schema.id))
        described: dict[str, Any] = schema.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
        return described
    kind = ResourceType.from_resource(model)
    kind.meta = Meta(resource_type="ResourceType", location=_url("one_resource_type", kind=kind.id))
    shown: dict[str, Any] = kind.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    return shown
