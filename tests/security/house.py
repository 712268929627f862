"""A small house with everybody in it: two entities with a case each, every role, and what the addresses name."""

import io
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import Engine, select, text, update
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse

from spreekbuis.access.invitations import invite
from spreekbuis.access.jobs import LINK as INVITATION
from spreekbuis.access.jobs import STOP_LINK
from spreekbuis.access.key_changes import replace_kit
from spreekbuis.access.models import KeyChange, Membership, ProviderRule
from spreekbuis.access.provisioning.directory import GroupGiven, PersonGiven, create_group, create_person
from spreekbuis.access.provisioning.models import EntityDomain
from spreekbuis.access.recovery import make_kit
from spreekbuis.actor import Actor, acting_as
from spreekbuis.cases.citizens.passing import Sender
from spreekbuis.cases.dialogue import write_message
from spreekbuis.cases.export.data_requests import Asker, Kind, record_request
from spreekbuis.cases.keeping.erasure import erase
from spreekbuis.cases.keeping.grounds import Ground
from spreekbuis.cases.keys import Reader
from spreekbuis.cases.models import Attachment, Case
from spreekbuis.cases.opening import NewCase, NewFile, open_case
from spreekbuis.cases.people import Person, add_person, people_in
from spreekbuis.cases.procedure_drafts import start_draft
from spreekbuis.cases.referral import Destination, Why, agree, propose
from spreekbuis.cases.results import MeasureKind, add_measure, measures_in
from spreekbuis.cases.tasks import add_task, tasks_in
from spreekbuis.clock import now, today
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.security import mapped_tables
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import (
    CaseKind,
    Channel,
    DeskKind,
    Identity,
    PersonRole,
    ReporterClass,
    Topic,
)
from spreekbuis.directory.imports import propose_import
from spreekbuis.directory.models import Entity, Organisation
from spreekbuis.directory.register import policy_area_on
from spreekbuis.documents.blocks import Document
from spreekbuis.documents.pdf import as_pdf
from spreekbuis.entities.mails import PURPOSE as ENROLMENT
from spreekbuis.entities.models import Enrolment, EnrolmentStatus, EntityMerge, MergeState
from spreekbuis.identity.keys import lock_for_session
from spreekbuis.identity.models import Account, PasswordReset, SignInSession
from spreekbuis.identity.oidc import outside
from spreekbuis.identity.oidc.providers import Provider
from spreekbuis.instruments.library import Written, publish, take_files
from spreekbuis.intake.citizen_message import ToCitizensDesk, send_message
from spreekbuis.intake.front.mail_box import look_in_box
from spreekbuis.intake.front.models import Script
from spreekbuis.intake.models import Receipt
from spreekbuis.intake.reporters import open_mailbox, receipt_of
from spreekbuis.intake.story import new_token
from spreekbuis.jobs.models import Job, JobState
from spreekbuis.questionnaires.editing import begin_draft, draft_of
from spreekbuis.training.models import TrainingPlace
from spreekbuis.training.places import ask_place
from spreekbuis.training.sessions import Planned, plan_session
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.files import accept
from spreekbuis.vault.receipt_code import from_submission
from spreekbuis.vault.sealing import new_secret
from spreekbuis.web import csrf, links
from spreekbuis.web.access import ENTITY_ROLES, PLATFORM_ROLES, Role
from spreekbuis.web.cookies import FORM, MAILBOX, SIGN_IN
from spreekbuis.web.door import hash_token
from spreekbuis.web.matrix import opens
from spreekbuis.web.room import Route
from tests.world import Tenant, World

HERE = "203.0.113.77"
"""The address (RFC 5737, for documentation) that every request of the tests seems to come from."""
FORWARDED = "198.51.100.23"
A_PDF = as_pdf(Document("Code", "", "nl", datetime(2026, 1, 1, tzinfo=UTC), ()))
SECRET_TEXT = "Het geheim van de zwarte doos"


@dataclass
class Visitor:
    """Somebody with a browser. `own`: holds its roles in the entity of the addresses; `sees`: topics of its desk."""

    name: str
    cookie: tuple[str, str]
    roles: frozenset[Role] = frozenset()
    own: bool = True
    signed_in: bool = False
    reporter: bool = False
    other_desk: bool = False
    account_id: UUID | None = None

    def may(self, route: Route) -> bool:
        """Whether the declaration of the route lets this visitor in."""
        roles = self.roles if self.own and route.tenant else self.roles - ENTITY_ROLES
        if self.other_desk and any(
            f"<uuid:{name}_id>" in route.rule for name in ("case", "letter", "erased")
        ):
            return False  # what is at a desk that one does not belong to does not exist
        return opens(route, roles, signed_in=self.signed_in, reporter=self.reporter)


@dataclass
class Place:
    """What addresses name: an entity and what stands in it."""

    entity: Tenant
    values: dict[str, str] = field(default_factory=dict)
    key: ContentKey | None = field(default=None, repr=False)
    """Of the case."""
    who: Reader | None = field(default=None, repr=False)
    """A handler of the integrity desk."""
    administrator: UUID | None = None

    @property
    def handler(self) -> Reader:
        assert self.who is not None, "the handler is made with the place"
        return self.who

    @property
    def case_key(self) -> ContentKey:
        assert self.key is not None, "the case is made with the place"
        return self.key


class House:
    """Built once; `as_it_was` gives back every row after a test that changed some."""

    def __init__(self, app: Flask, admin: Engine) -> None:
        self.app, self.admin = app, admin
        with app.app_context():
            self.world = world = World(app)
            self.own, self.other = self._place(world, world.host()), self._place(world, world.entity())
            self._citizen()
            self.everybody = list(self._people(world))
            self._mail()
            self._provider()
            for place in (self.own, self.other):
                self._make_kit(place)
                place.values |= self._questionnaire()
                place.values["merge_id"] = self._merge(world)
                self._refer(place)
        self._keep()

    # -- who is there ------------------------------------------------------------------------------------------

    def _people(self, world: World) -> Iterator[Visitor]:
        """Every kind of visitor. Those without rights in the entity come first: they must change nothing."""
        own, other = self.own.entity, self.other.entity
        yield Visitor("a visitor", (FORM, secrets.token_urlsafe(24)))
        desk = DeskKind.INTEGRITY

        def person(name: str, account_id: UUID, roles: set[Role], **more: Any) -> Visitor:
            state = {"complete": True, "expires_at": now() + timedelta(hours=8)} | more.pop("session", {})
            signed_in = more.pop("signed_in", True)
            cookie = (SIGN_IN, self._session(account_id, **state))
            return Visitor(name, cookie, frozenset(roles), signed_in=signed_in, account_id=account_id, **more)

        def handler() -> UUID:
            return world.member(own, Role.HANDLER, desk)

        yield person("a handler without second factor", handler(), {Role.HANDLER}, signed_in=False,
                     session={"complete": False})  # fmt: skip
        yield person("a handler whose session ended", handler(), {Role.HANDLER}, signed_in=False,
                     session={"expires_at": now() - timedelta(seconds=1)})  # fmt: skip
        yield person("a handler who was away too long", handler(), {Role.HANDLER}, signed_in=False,
                     session={"last_seen_at": now() - timedelta(hours=3)})  # fmt: skip
        disabled = handler()
        with transaction(PLATFORM) as session:
            session.execute(update(Account).where(Account.id == disabled).values(disabled_at=now()))
        yield person("a handler whose account is disabled", disabled, {Role.HANDLER}, signed_in=False)
        former = handler()
        with transaction(tenant(own.id)) as session:
            ended = today() - timedelta(days=1)
            session.execute(
                update(Membership).where(Membership.account_id == former).values(since=ended, until=ended)
            )
        yield person("a former handler", former, set())
        yield person("somebody without a role", world.account(), set())
        for role in sorted(ENTITY_ROLES):
            account_id = world.member(other, role, desk if role is Role.HANDLER else None)
            yield person(f"{role} of another entity", account_id, {role}, own=False)
        yield person("a handler of another desk", world.member(own, Role.HANDLER, DeskKind.WELLBEING),
                     {Role.HANDLER}, other_desk=True)  # fmt: skip
        yield person("a handler of 1700", world.member(own, Role.HANDLER, DeskKind.CITIZENS),
                     {Role.HANDLER}, other_desk=True)  # fmt: skip
        yield Visitor("a returning reporter", (MAILBOX, self._mailbox()), reporter=True)
        for role in sorted(PLATFORM_ROLES):
            yield person(role, world.platform_member(role), {role})
        assert self.own.administrator is not None
        yield person(Role.ENTITY_ADMINISTRATOR, self.own.administrator, {Role.ENTITY_ADMINISTRATOR})
        yield person(Role.HANDLER, self.own.handler.account_id, {Role.HANDLER})

    def _session(self, account_id: UUID, **state: Any) -> str:
        token = secrets.token_urlsafe(32)
        locked = lock_for_session(token, account_id, self.world.secrets[account_id])
        with transaction(PLATFORM) as session:
            session.add(
                SignInSession(
                    token_hash=hash_token(token), account_id=account_id, key_locked=locked, **state
                )
            )  # fmt: skip
        return token

    def _mailbox(self) -> str:
        """The browser of the reporter, who came back with the receipt code."""
        key, code = self.own.case_key, from_submission(secrets.token_bytes(32))
        with transaction(PLATFORM) as session:
            receipt = Receipt(
                **receipt_of(code, key)
            )  # fmt: skip
            session.add(receipt)
            return open_mailbox(receipt, code)

    # -- what is there -----------------------------------------------------------------------------------------

    def _place(self, world: World, entity: Tenant) -> Place:
        place = Place(entity, {"ovo": entity.ovo, "procedure": self._draft(), "actor": "coordinator"})
        place.values["desk_id"] = str(entity.desks[DeskKind.INTEGRITY])
        handler = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
        place.who, place.administrator = (
            world.reader(handler),
            world.member(entity, Role.ENTITY_ADMINISTRATOR),
        )
        place.values |= (
            self._import()
            | self._script()
            | self._case(place)
            | self._access(world, entity)
            | self._enrolment()
        )
        place.values |= {"provider": "house", "rule_id": self._rule(entity)}
        place.values |= self._directory(entity)
        place.values |= self._training(entity) | self._instrument() | {"spoken": "nl"}
        place.values["erased_id"] = self._erased(world, entity)
        return place

    @staticmethod
    def _make_kit(place: Place) -> None:
        """A recovery kit whose two parts wait to be printed, and so a second key for each desk.

        And one more that was asked for.
        """
        assert place.administrator is not None
        officers = [place.administrator, place.handler.account_id]
        with transaction(tenant(place.entity.id)) as session:
            make_kit(officers)
            with acting_as(Actor("account", place.administrator)):
                replace_kit(officers)
            place.values["change_id"] = str(session.scalars(select(KeyChange.id)).one())

    def _refer(self, place: Place) -> None:
        """A referral of the case that its reporter is asked about, and a letter that waits at the integrity desk."""
        with acting_as(Actor("account", place.handler.account_id)):
            with transaction(tenant(place.entity.id)) as session:
                case = session.get_one(Case, (place.entity.id, UUID(place.values["case_id"])))
                asked = propose(
                    case, place.case_key, Destination(actor_code="ombudsman"), Why.BETTER_PLACED, SECRET_TEXT
                )
                place.values["referral_id"] = str(asked.id)
            other = self.world.case(place.entity, Topic.WELLBEING, SECRET_TEXT)
            with transaction(tenant(place.entity.id)) as session:
                key = ContentKey(place.entity.id, other, self.world.case_secrets[other])
                to = Destination(place.entity.id, "fraud")
                case = session.get_one(Case, (place.entity.id, other))
                sent = propose(case, key, to, Why.BETTER_PLACED, SECRET_TEXT)
                agree(case, key, sent.id)
                place.values["letter_id"] = str(sent.id)

    def _case(self, place: Place) -> dict[str, str]:
        """A case at the integrity desk with a message and a file."""
        with transaction(tenant(place.entity.id)) as session:
            sent = FileStorage(io.BytesIO(SECRET_TEXT.encode()), f"{SECRET_TEXT}.txt")
            (file,) = accept({uuid4(): sent}, keep_original=True).files.values()
            place.key = key = ContentKey(place.entity.id, uuid4(), new_secret())
            case = open_case(
                NewCase(
                    id=key.subject_id, secret=key.secret, kind=CaseKind.REPORT, category="fraud", channel=Channel.WEB,
                    identity=Identity.NAMED, reporter_class=next(iter(ReporterClass)), language="nl",
                    text=SECRET_TEXT, reporter={"name": SECRET_TEXT, "email": "", "phone": ""},
                    duty_accepted=True, files=(NewFile.of(file),),
                )
            )  # fmt: skip
            write_message(case, key, author="handler", text=f"{SECRET_TEXT} en meer")
            session.flush()
            file_id = session.scalars(select(Attachment.id).where(Attachment.case_id == case.id)).one()
            named = Person(PersonRole.WITNESS, SECRET_TEXT, SECRET_TEXT, SECRET_TEXT, SECRET_TEXT)
            add_person(case, key, named, once=uuid4())
            (person,) = people_in(key)
            add_task(case, key, SECRET_TEXT, today(), once=uuid4())
            (task,) = [one for one in tasks_in(case, key) if one.id is not None]
            add_measure(case, key, MeasureKind.MEASURE, SECRET_TEXT, None, once=uuid4())
            (measure,) = measures_in(case, key)
            number = f"{case.year}-{case.number:03d}"
            asked = record_request(case, uuid4(), Kind.ACCESS, Asker.CONCERNED, today())
            return {
                "case_id": str(case.id), "file_id": str(file_id), "number": number, "request_id": str(asked.id),
                "person_id": str(person.id), "account_id": str(place.administrator),
                "task_id": str(task.id), "measure_id": str(measure.id), "other_id": str(key.subject_id),
            }  # fmt: skip

    @staticmethod
    def _citizen() -> None:
        """A message at 1700, which is a desk of the own entity."""
        asked = ToCitizensDesk(
            Sender.CITIZEN, SECRET_TEXT, "a@voorbeeld.example", "", "", None, False, SECRET_TEXT, SECRET_TEXT, "nl"
        )  # fmt: skip
        with transaction(PLATFORM):
            send_message(new_token(), asked)

    @staticmethod
    def _erased(world: World, entity: Tenant) -> str:
        """A case of the integrity desk that was erased."""
        case_id = world.case(entity)
        with transaction(tenant(entity.id)) as session:
            case = session.get_one(Case, (entity.id, case_id))
            case.closed_at = now()
            session.flush()
            erase(case, Ground.TERM)
        return str(case_id)

    def _access(self, world: World, entity: Tenant) -> dict[str, str]:
        member = world.member(entity, Role.ENTITY_ADMINISTRATOR)
        with transaction(tenant(entity.id)) as session:
            membership = session.scalars(select(Membership.id).where(Membership.account_id == member)).one()
            invited = invite(f"{uuid4().hex}@voorbeeld.example", Role.HANDLER, DeskKind.INTEGRITY, "nl")
            return {"membership_id": str(membership), "invitation_id": str(invited.id)}

    @staticmethod
    def _questionnaire() -> dict[str, str]:
        """A questionnaire of which the next version was begun, with a section and a question of it."""
        with transaction(PLATFORM):
            begin_draft("safety")
            draft = draft_of("safety")
            assert draft is not None
            section = draft.definition.sections[0]
            return {
                "questionnaire": "safety", "section": section.key, "question": section.questions[0].key
            }  # fmt: skip

    @staticmethod
    def _import() -> dict[str, str]:
        """A proposal to change the register."""
        file = b"ovo_code,name_nl,policy_area\nOVO990007,Wegenagentschap,MOW\nOVO123456,Nieuw,OMG"
        with transaction(PLATFORM):
            made = propose_import(new_id(), file, "register.csv", today(), complete=False)
            return {"import_id": str(made.id)}

    @staticmethod
    def _directory(entity: Tenant) -> dict[str, str]:
        """Somebody in a group of the entity's directory."""
        with transaction(tenant(entity.id)) as session:
            session.add(EntityDomain(entity_id=entity.id, domain="voorbeeld.example", verified_at=now()))
            session.flush()
            person = create_person(PersonGiven("iemand", "iemand@voorbeeld.example", None, active=True))
            group = create_group(GroupGiven("Groep", None, frozenset({person.id})))
            return {"user_id": str(person.id), "group_id": str(group.id), "schema": "x", "kind": "User"}

    @staticmethod
    def _instrument() -> dict[str, str]:
        """A code of conduct with a file, in the library."""
        instrument_id = uuid4()
        with transaction(PLATFORM):
            files = take_files({"nl": FileStorage(io.BytesIO(A_PDF), "code.pdf")})
            publish(instrument_id, 0, Written("code_of_conduct", {"nl": "Code"}, {"nl": "Tekst"}, {}, files))
        return {"instrument_id": str(instrument_id)}

    @staticmethod
    def _training(entity: Tenant) -> dict[str, str]:
        """A session of training at which somebody of this entity alone has a place."""
        session_id = uuid4()
        with transaction(PLATFORM):
            plan_session(session_id, Planned("course", "coordinator", "", today(), "9 uur", "", "nl", 5))
        with transaction(tenant(entity.id)) as session:
            ask_place(session_id, "integrity_contact", 1)
            held = select(TrainingPlace.id).where(TrainingPlace.session_id == session_id)
            return {"session_id": str(session_id), "place_id": str(session.scalars(held).one())}

    @staticmethod
    def _script() -> dict[str, str]:
        with transaction(PLATFORM) as session:
            return {"script_id": str(session.scalars(select(Script.id).limit(1)).one())}

    def _enrolment(self) -> dict[str, str]:
        with transaction(PLATFORM) as session:
            known = select(Entity.ovo_code).union(select(Enrolment.ovo_code))
            free = select(Organisation.ovo_code).where(Organisation.ovo_code.not_in(known))
            ovo = session.scalars(free.order_by(Organisation.ovo_code.desc())).first()
            assert ovo is not None
            assert policy_area_on(ovo)
            asked = Enrolment(
                ovo_code=ovo, requester_name="Aanvrager", requester_email="a@voorbeeld.example",
                requester_function="functie", headcount=10, affiliated=False, status=EnrolmentStatus.WAITING,
                verified_at=now(),
            )  # fmt: skip
            session.add(asked)
            session.flush()
            return {"enrolment_id": str(asked.id), "ovo_asked": ovo}

    @staticmethod
    def _merge(world: World) -> str:
        """A merge of two other entities that waits to be confirmed."""
        source, into = world.entity(), world.entity()
        with transaction(PLATFORM) as session:
            merge = EntityMerge(
                from_id=source.id, into_id=into.id, state=MergeState.MOVED, cases=0,
                desks=list(source.desks.values()), begun_by=world.account(),
            )  # fmt: skip
            session.add(merge)
            session.flush()
            return str(merge.id)

    @staticmethod
    def _draft() -> str:
        """A procedure of which the next version is being written."""
        with transaction(PLATFORM):
            return start_draft("integrity_report").code

    def _job(self, visitor: Visitor) -> str:
        """A failed job that this visitor asked for."""
        with transaction(PLATFORM) as session:
            job = Job(
                name="jobs.forget_old",
                args={},
                state=JobState.FAILED,
                asked_by=visitor.account_id,
                attempts=8,
            )
            session.add(job)
            session.flush()
            return str(job.id)

    def _reset(self, visitor: Visitor) -> str:
        with transaction(PLATFORM) as session:
            reset = PasswordReset(account_id=visitor.account_id, expires_at=now() + timedelta(hours=1))
            session.add(reset)
            session.flush()
            return links.sign("password-reset", reset.id)

    def _token(self, route: Route, place: Place, visitor: Visitor) -> str:
        match route.endpoint.partition(".")[0]:
            case "identity":
                return self._reset(visitor)
            case "access":
                return links.sign(INVITATION, UUID(place.values["invitation_id"]))
            case "keys":
                return links.sign(STOP_LINK, UUID(place.values["change_id"]))
            case "entities":
                return links.sign(ENROLMENT, UUID(place.values["enrolment_id"]))
        raise LookupError(f"teach tests/security/house.py a token for {route.rule}")

    def _code(self, route: Route, place: Place, visitor: Visitor) -> str:
        if route.endpoint.startswith("front_mail."):
            return self._mail()
        return self.free_ovo if route.endpoint.startswith("entities.") else place.entity.ovo

    def _provider(self) -> None:
        """An organisation where people sign in, of which we know what it publishes."""
        provider = Provider(
            "house", "Voorbeeldorganisatie", "https://aanmelden.voorbeeld.example", "spreekbuis", secret="geheim",
            groups_claim="groups", everybody=True,
        )  # fmt: skip
        self.app.extensions["sign_in_providers"] = {provider.code: provider}
        published = (f"{provider.issuer}/{name}" for name in ("authorize", "token", "keys"))
        outside._published[provider.issuer] = outside.Published(*published, True, now() + timedelta(days=1))

    def _rule(self, entity: Tenant) -> str:
        """A rule for a group of that organisation."""
        with transaction(tenant(entity.id)) as session:
            rule = ProviderRule(provider="house", group_name=uuid4().hex, role=Role.ENTITY_ADMINISTRATOR)
            rule.entity_id = entity.id
            session.add(rule)
            session.flush()
            return str(rule.id)

    def _mail(self) -> str:
        """A mail in the box of the front office."""
        box = self.app.extensions["settings"].incoming_mail
        box.mkdir(exist_ok=True)
        (box / "house.eml").write_bytes(
            b"From: a@voorbeeld.example\r\nMessage-ID: <1@voorbeeld.example>\r\n\r\nVraag\r\n"
        )
        with transaction(PLATFORM):
            return look_in_box().waiting[0].key

    @property
    def free_ovo(self) -> str:
        """An organisation that is no entity and did not ask to be one."""
        with transaction(PLATFORM) as session:
            known = select(Entity.ovo_code).union(select(Enrolment.ovo_code))
            found = session.scalars(
                select(Organisation.ovo_code).where(Organisation.ovo_code.not_in(known))
            ).first()
            assert found is not None
            return found

    def url(self, route: Route, visitor: Visitor, place: Place | None = None) -> str:
        """The address of the route, with what it names filled in from `place` (the own entity)."""
        place = place or self.own
        makers: dict[str, Callable[[], str]] = {
            "token": lambda: self._token(route, place, visitor),
            "code": lambda: self._code(route, place, visitor),
            "job_id": lambda: self._job(visitor),
        }
        rules = [r for r in self.app.url_map.iter_rules() if r.endpoint == route.endpoint]
        with self.app.app_context():
            values = {}
            for name in rules[0].arguments:
                if name in makers:
                    values[name] = makers[name]()
                elif name in place.values:
                    values[name] = place.values[name]
                else:
                    raise LookupError(f"teach tests/security/house.py what {name} of {route.rule} is")
        converted = {n: UUID(v) if n.endswith("_id") else v for n, v in values.items()}
        adapter = self.app.url_map.bind("localhost")
        return adapter.build(route.endpoint, converted, method=route.method)

    # -- going there -------------------------------------------------------------------------------------------

    def token(self, visitor: Visitor) -> str:
        with self.app.app_context():
            return csrf._token_for(visitor.cookie[1])

    def ask(
        self, visitor: Visitor, method: str, url: str, *, cookies: bool = True, **kwargs: Any
    ) -> TestResponse:
        """One request, in a context of its own: nothing of one request is there in the next."""
        client = self.app.test_client(use_cookies=True)
        if cookies:
            client.set_cookie(*visitor.cookie)
        kwargs.setdefault("environ_base", {"REMOTE_ADDR": HERE})
        kwargs["headers"] = {"X-Forwarded-For": FORWARDED, **kwargs.get("headers", {})}

        def whole() -> TestResponse:
            response = client.open(url, method=method, **kwargs)
            response.get_data()
            return response

        return Context().run(whole)

    def visit(self, visitor: Visitor, route: Route, place: Place | None = None) -> TestResponse:
        """As a browser does it: a POST carries the form's token and nothing else."""
        url = self.url(route, visitor, place)
        if route.method == "GET":
            return self.ask(visitor, "GET", url)
        return self.ask(visitor, "POST", url, data={"csrf": self.token(visitor)})

    # -- keeping it as it was ----------------------------------------------------------------------------------

    def _keep(self) -> None:
        with self.admin.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA IF EXISTS kept CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA kept")
            for name in mapped_tables():
                connection.exec_driver_sql(f'CREATE TABLE kept."{name}" AS TABLE public."{name}"')

    @contextmanager
    def as_it_was(self, changing: bool = True) -> Iterator[None]:
        """Everything that happens to the rows inside is undone after, when anything is expected to."""
        try:
            yield
        finally:
            if changing:
                self.restore()

    def restore(self) -> None:
        names = [f'"{name}"' for name in mapped_tables()]
        back = "; ".join(f"INSERT INTO public.{name} TABLE kept.{name}" for name in names)
        with self.admin.begin() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            connection.exec_driver_sql(f"TRUNCATE {', '.join(f'public.{name}' for name in names)}; {back}")

    def leave(self) -> None:
        with self.admin.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA IF EXISTS kept CASCADE")

    def state(self) -> dict[str, str]:
        """A sum of every table's rows, to see whether anything changed."""
        parts = (
            f"SELECT '{name}' AS name, md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS rows"
            f' FROM public."{name}" t'
            for name in mapped_tables()
        )
        with self.admin.connect() as connection:
            return {row.name: row.rows for row in connection.execute(text(" UNION ALL ".join(parts)))}

    def changed_since(self, before: dict[str, str]) -> set[str]:
        return {name for name, rows in self.state().items() if rows != before[name]}


def refused(response: TestResponse) -> bool:
    """Turned away at the door: to sign in, to give the receipt code, forbidden, or no such thing."""
    if response.status_code in (401, 403, 404):
        return True
    to = response.headers.get("Location", "")
    return response.status_code == 303 and to.startswith(
        ("/sign-in?next=", "/sign-in/second-factor?next=", "/inbox/open?next=")
    )


def routes_by_id(routes: list[Route]) -> dict[str, Route]:
    return {f"{route.method} {route.rule}": route for route in routes}
