"""The doors of SCIM 2.0 (RFC 7644, 3.2), for the directory of an entity with its token."""

from types import ModuleType
from uuid import UUID

from flask.typing import ResponseReturnValue

from spreekbuis.web.access import Audience
from spreekbuis.web.room import Room

room = Room("scim")
BASE = "/scim/v2/<ovo:ovo>"


def _scim() -> ModuleType:
    """Loaded when the first directory comes, as few processes ever see one."""
    from spreekbuis.access.provisioning import protocol

    return protocol


def _do(what: str, *values: object) -> ResponseReturnValue:
    protocol = _scim()
    answer: ResponseReturnValue = protocol.answering(lambda: getattr(protocol, what)(*values))
    return answer


@room.get(f"{BASE}/Users", Audience.DIRECTORY)
def users() -> ResponseReturnValue:
    return _do("list_users")


@room.post(f"{BASE}/Users", Audience.DIRECTORY)
def create_user() -> ResponseReturnValue:
    return _do("create_user")


@room.get(f"{BASE}/Users/<uuid:user_id>", Audience.DIRECTORY)
def user(user_id: UUID) -> ResponseReturnValue:
    return _do("read_user", user_id)


@room.put(f"{BASE}/Users/<uuid:user_id>", Audience.DIRECTORY)
def replace_user(user_id: UUID) -> ResponseReturnValue:
    return _do("replace_user", user_id)


@room.patch(f"{BASE}/Users/<uuid:user_id>", Audience.DIRECTORY)
def patch_user(user_id: UUID) -> ResponseReturnValue:
    return _do("patch_user", user_id)


@room.delete(f"{BASE}/Users/<uuid:user_id>", Audience.DIRECTORY)
def delete_user(user_id: UUID) -> ResponseReturnValue:
    return _do("delete_user", user_id)


@room.get(f"{BASE}/Groups", Audience.DIRECTORY)
def groups() -> ResponseReturnValue:
    return _do("list_groups")


@room.post(f"{BASE}/Groups", Audience.DIRECTORY)
def create_group() -> ResponseReturnValue:
    return _do("create_group")


@room.get(f"{BASE}/Groups/<uuid:group_id>", Audience.DIRECTORY)
def group(group_id: UUID) -> ResponseReturnValue:
    return _do("read_group", group_id)


@room.put(f"{BASE}/Groups/<uuid:group_id>", Audience.DIRECTORY)
def replace_group(group_id: UUID) -> ResponseReturnValue:
    return _do("replace_group", group_id)


@room.patch(f"{BASE}/Groups/<uuid:group_id>", Audience.DIRECTORY)
def patch_group(group_id: UUID) -> ResponseReturnValue:
    return _do("patch_group", group_id)


@room.delete(f"{BASE}/Groups/<uuid:group_id>", Audience.DIRECTORY)
def delete_group(group_id: UUID) -> ResponseReturnValue:
    return _do("delete_group", group_id)


@room.get(f"{BASE}/ServiceProviderConfig", Audience.DIRECTORY)
def service_provider_config() -> ResponseReturnValue:
    return _do("service_provider_config")


@room.get(f"{BASE}/Schemas", Audience.DIRECTORY)
def schemas() -> ResponseReturnValue:
    return _do("schemas")


@room.get(f"{BASE}/Schemas/<string:schema>", Audience.DIRECTORY)
def one_schema(schema: str) -> ResponseReturnValue:
    return _do("one_schema", schema)


@room.get(f"{BASE}/ResourceTypes", Audience.DIRECTORY)
def resource_types() -> ResponseReturnValue:
    return _do("resource_types")


@room.get(f"{BASE}/ResourceTypes/<string:kind>", Audience.DIRECTORY)
def one_resource_type(kind: str) -> ResponseReturnValue:
    return _do("one_resource_type", kind)
