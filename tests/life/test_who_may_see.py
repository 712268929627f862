"""Whatever happens to people and entities, in whatever order: who may read a case is who works at its desk."""

from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from spreekbuis.access.desk_keys import NoKeyYet, grant_desk_keys
from spreekbuis.access.members import end_membership, join
from spreekbuis.access.models import Membership
from spreekbuis.access.roles import holds_today, roles_in_entity
from spreekbuis.actor import Actor, acting_as
from spreekbuis.cases.keys import key_of
from spreekbuis.cases.models import Case
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.security import mapped_tables
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.entities.merging import begin, confirm, undo
from spreekbuis.entities.models import EntityMerge
from spreekbuis.errors import DomainError
from spreekbuis.jobs import worker
from spreekbuis.web.access import Role
from tests.conftest import SEEDED
from tests.world import Tenant, World

NUMBERS = st.integers(0, 2)
steps = st.one_of(
    st.tuples(st.just("report"), NUMBERS),
    st.tuples(st.just("join"), NUMBERS, NUMBERS),
    st.tuples(st.just("leave"), NUMBERS, NUMBERS),
    st.tuples(st.just("merge"), NUMBERS, NUMBERS),
    st.tuples(st.just("undo"), NUMBERS),
    st.tuples(st.just("confirm"), NUMBERS),
)


@dataclass
class ModelDesk:
    """A desk as people think of it: where it is, who works there, what it has."""

    home: int
    at: int
    staying: UUID
    members: set[UUID]
    cases: set[UUID] = field(default_factory=set)


class Life:
    """Three entities with one desk that counts, somebody who stays at each, and three people who come and go."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.entities: list[Tenant] = [world.entity() for _ in range(3)]
        self.desks = []
        for number, entity in enumerate(self.entities):
            staying = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
            self.desks.append(ModelDesk(number, number, staying, {staying}))
        self.people = [world.account() for _ in range(3)]
        self.office, self.second = world.account(), world.account()
        self.merges: dict[int, tuple[int, UUID, dict[int, int]]] = {}
        """Of those that wait to be confirmed: the entity that went over, into which, and where its desks were."""
        self.gone: set[int] = set()

    def id_of(self, desk: ModelDesk) -> UUID:
        return self.entities[desk.home].desks[DeskKind.INTEGRITY]

    def do(self, step: tuple) -> None:
        match step:
            case ("report", number) if number not in self.gone:
                self.desks[number].cases.add(self.world.case(self.entities[number]))
            case ("join", person, number):
                self.join(self.people[person], self.desks[number])
            case ("leave", person, number):
                self.leave(self.people[person], self.desks[number])
            case ("merge", source, into):
                self.merge(source, into)
            case ("undo", number):
                self.undo(number)
            case ("confirm", number) if number in self.merges:
                with acting_as(Actor("account", self.second)), transaction(PLATFORM):
                    confirm(self.merges.pop(number)[1])

    def join(self, account_id: UUID, desk: ModelDesk) -> None:
        desk_id, secret = self.id_of(desk), self.world.secrets[desk.staying]
        with acting_as(Actor("account", desk.staying)), transaction(tenant(self.entities[desk.at].id)):
            join(account_id, Role.HANDLER, desk_id)
            grant_desk_keys(desk_id, desk.staying, secret, [account_id])
        desk.members.add(account_id)

    def leave(self, account_id: UUID, desk: ModelDesk) -> None:
        if account_id not in desk.members:
            return
        with (
            acting_as(Actor("account", self.office)),
            transaction(tenant(self.entities[desk.at].id)) as session,
        ):
            held = select(Membership.id).where(
                holds_today(), Membership.account_id == account_id, Membership.desk_id == self.id_of(desk)
            )
            end_membership(session.scalars(held).one())
        desk.members.discard(account_id)

    def merge(self, source: int, into: int) -> None:
        taking_in = {other for other, _, _ in self.merges.values()}
        allowed = source != into and not {source, into} & self.gone and source not in taking_in
        try:
            with acting_as(Actor("account", self.office)), transaction(PLATFORM):
                merge_id = begin(self.entities[source].id, self.entities[into].id).id
        except DomainError:
            assert not allowed
            return
        assert allowed
        self.work(merge_id)
        self.merges[source] = (into, merge_id, {d.home: d.at for d in self.desks if d.at == source})
        self.gone.add(source)
        for desk in self.desks:
            desk.at = into if desk.at == source else desk.at

    def undo(self, number: int) -> None:
        if number not in self.merges:
            return
        into, merge_id, _ = self.merges[number]
        further = into in self.gone
        try:
            with acting_as(Actor("account", self.office)), transaction(PLATFORM):
                undo(merge_id)
        except DomainError:
            assert further
            return
        assert not further
        self.work(merge_id)
        for home, at in self.merges.pop(number)[2].items():
            self.desks[home].at = at
        self.gone.discard(number)

    @staticmethod
    def work(merge_id: UUID) -> None:
        with transaction(PLATFORM) as session:
            job_id = session.get_one(EntityMerge, merge_id).job_id
        worker.do(job_id)

    def check(self) -> None:
        """Each case is at one entity, and opens for the members of its desk and for nobody else."""
        for number, entity in enumerate(self.entities):
            here = {case: desk for desk in self.desks if desk.at == number for case in desk.cases}
            with self.world.inside(entity) as session:
                assert set(session.scalars(select(Case.id))) == here.keys()
                for account_id in (*self.people, *(desk.staying for desk in self.desks)):
                    desks = roles_in_entity(account_id).desks
                    at_these = {
                        self.id_of(d) for d in self.desks if d.at == number and account_id in d.members
                    }
                    assert desks == at_these
                    for case_id, desk in here.items():
                        assert self.opens(case_id, account_id) == (account_id in desk.members)

    def opens(self, case_id: UUID, account_id: UUID) -> bool:
        try:
            key_of(case_id, self.world.reader(account_id))
        except NoKeyYet:
            return False
        return True


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=4, max_size=12))
def test_who_may_read_is_who_works_at_the_desk(app, engines, sequence):
    names = ", ".join(f'"{table}"' for table in mapped_tables() if table not in SEEDED)
    with (
        engines.admin.begin() as connection
    ):  # the register has no organisations for entities of every example
        connection.execute(text(f"TRUNCATE {names}"))
    life = Life(World(app))
    for step in sequence:
        life.do(step)
        life.check()
