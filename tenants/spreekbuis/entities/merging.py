"""One entity goes over into another: a plan, the move, and a second person who confirms it.

From the beginning the entity takes no new reports. Its desks go as desks of their own, with their members, keys, cases
and terms; the desks of the other entity take what is new. Nobody reads a case by it who could not before. Its trail,
its figures and what it owes stay what they were, under its own name. Until it is confirmed all of it can be undone.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, or_, select

from spreekbuis.access.models import Desk, DeskAddress, DeskLetter, KeyChange, Membership
from spreekbuis.access.provisioning.models import DirectoryGrant
from spreekbuis.access.roles import holds_today
from spreekbuis.actor import acting
from spreekbuis.audit.models import AuditHead
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.citizens.models import CitizensHost
from spreekbuis.cases.keeping.models import ErasureRequest
from spreekbuis.cases.models import Case
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction, within
from spreekbuis.directory.models import Entity, EntityStatus
from spreekbuis.entities.models import EntityMerge, MergeState
from spreekbuis.entities.moving import Way, cases_left, close_way, move_some, open_way
from spreekbuis.errors import Conflict, NotAllowed, NotFound
from spreekbuis.jobs.outbox import enqueue, job
from spreekbuis.jobs.worker import report_progress
from spreekbuis.web.access import Role

MOVE = "entities.move"
OPEN = (MergeState.MOVING, MergeState.MOVED, MergeState.UNDOING)


class Obstacle(StrEnum):
    """Why an entity cannot go over now."""

    SAME = "same"
    NOT_ACTIVE = "not_active"
    INTO_NOT_ACTIVE = "into_not_active"
    MERGING = "merging"
    HOST = "host"
    LETTERS = "letters"
    KEY_CHANGES = "key_changes"
    ERASURES = "erasures"
    DIRECTORY = "directory"


OBSTACLES: dict[Obstacle, LazyString] = {
    Obstacle.SAME: _l("Kies twee verschillende entiteiten."),
    Obstacle.NOT_ACTIVE: _l("De entiteit die overgaat, is niet actief."),
    Obstacle.INTO_NOT_ACTIVE: _l(
        "De entiteit die overneemt, is niet actief of heeft nog geen herstelsleutel."
    ),
    Obstacle.MERGING: _l("Een van beide entiteiten zit al in een fusie die nog niet bevestigd is."),
    Obstacle.HOST: _l("De entiteit die overgaat, heeft het loket van 1700. Verplaats dat eerst."),
    Obstacle.LETTERS: _l(
        "Bij de entiteit die overgaat, wachten doorverwezen dossiers op een antwoord. Laat het loket eerst antwoorden."
    ),
    Obstacle.KEY_CHANGES: _l(
        "Bij de entiteit die overgaat, wacht een aanvraag over de sleutels. Laat die eerst afhandelen."
    ),
    Obstacle.ERASURES: _l(
        "Bij de entiteit die overgaat, wacht een vraag om een dossier te wissen. Laat het loket die eerst afhandelen."
    ),
    Obstacle.DIRECTORY: _l(
        "De entiteit die overgaat, krijgt medewerkers uit een eigen gids. Laat haar die koppeling eerst stopzetten."
    ),
}


class CannotMerge(Conflict):
    title = _l("Deze fusie kan nu niet")
    advice = _l("Kijk in het plan wat er eerst moet gebeuren. Er is niets veranderd.")


class NotNow(Conflict):
    title = _l("Dat kan nu niet meer, of nog niet")
    advice = _l("Kijk op de pagina van de fusie hoever ze is. Er is niets veranderd.")


class SamePerson(NotAllowed):
    title = _l("Een tweede persoon moet dit bevestigen")
    advice = _l("Jij hebt de fusie gestart. Vraag een collega van de centrale dienst om ze te bevestigen.")


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen. Nothing of it says what a case is about."""

    source: UUID
    into: UUID
    desks: int
    cases: int
    open_cases: int
    members: int
    """People who go on working on the cases, in the other entity."""
    obstacles: tuple[Obstacle, ...]


def plan(from_id: UUID, into_id: UUID) -> Plan:
    """A dry run: counts, and what stands in the way. Changes nothing."""
    source, into = db.session.get(Entity, from_id), db.session.get(Entity, into_id)
    if source is None or into is None:
        raise NotFound
    obstacles = set(_of_both(source, into))
    with within(from_id) as session:
        of_it = Case.entity_id == from_id
        desks = session.scalar(
            select(func.count()).where(Desk.entity_id == from_id, Desk.went_to_id.is_(None))
        )
        cases = session.scalar(select(func.count()).where(of_it))
        still_open = session.scalar(select(func.count()).where(of_it, Case.closed_at.is_(None)))
        members = session.scalar(
            select(func.count(Membership.account_id.distinct())).where(
                holds_today(), Membership.role == Role.HANDLER
            )
        )
        changes = select(KeyChange.id).where(KeyChange.entity_id == from_id, KeyChange.ended_at.is_(None))
        erasures = select(ErasureRequest.case_id).where(ErasureRequest.entity_id == from_id)
        if session.scalar(select(changes.exists())):
            obstacles.add(Obstacle.KEY_CHANGES)
        if session.scalar(select(erasures.exists())):
            obstacles.add(Obstacle.ERASURES)
        # who was given a role by a directory loses it there, and the directory knows nothing of the other entity
        given = select(DirectoryGrant.id).where(
            DirectoryGrant.entity_id == from_id, DirectoryGrant.membership_id.is_not(None)
        )
        if session.scalar(select(given.exists())):
            obstacles.add(Obstacle.DIRECTORY)
    letters = select(DeskLetter.id).where(DeskLetter.to_id == from_id, DeskLetter.answered_at.is_(None))
    if db.session.scalar(select(letters.exists())):
        obstacles.add(Obstacle.LETTERS)
    return Plan(
        from_id, into_id, desks or 0, cases or 0, still_open or 0, members or 0,
        tuple(one for one in Obstacle if one in obstacles),
    )  # fmt: skip


def _of_both(source: Entity, into: Entity) -> list[Obstacle]:
    found = []
    if source.id == into.id:
        found.append(Obstacle.SAME)
    if source.status != EntityStatus.ACTIVE:
        found.append(Obstacle.NOT_ACTIVE)
    if into.status != EntityStatus.ACTIVE:
        found.append(Obstacle.INTO_NOT_ACTIVE)
    both = (source.id, into.id)
    # Others may go over into the same entity; what is on its way itself takes nothing in.
    busy = select(EntityMerge.id).where(
        EntityMerge.state.in_(OPEN), or_(EntityMerge.from_id.in_(both), EntityMerge.into_id == source.id)
    )
    if db.session.scalar(select(busy.exists())):
        found.append(Obstacle.MERGING)
    if db.session.scalar(select(CitizensHost.tenant_id)) == source.id:
        found.append(Obstacle.HOST)
    return found


def begin(from_id: UUID, into_id: UUID, merge_id: UUID | None = None) -> EntityMerge:
    """Let the entity go over: it takes no new reports from here on, and a job moves its cases. Raises NotFound,
    CannotMerge. `merge_id`: made with the form."""
    _hold(from_id, into_id)
    # who passes a case on holds the address: after this no letter is on its way here unseen
    db.session.execute(select(DeskAddress.desk_id).where(DeskAddress.tenant_id == from_id).with_for_update())
    planned = plan(from_id, into_id)
    if planned.obstacles:
        raise CannotMerge
    source = db.session.get_one(Entity, from_id)
    source.status, source.succeeded_by_id = EntityStatus.MERGED, into_id
    with within(from_id) as session:
        desks = session.scalars(
            select(Desk.id).where(Desk.entity_id == from_id, Desk.went_to_id.is_(None)).order_by(Desk.id)
        ).all()
    merge = EntityMerge(
        id=merge_id or new_id(), from_id=from_id, into_id=into_id, state=MergeState.MOVING, desks=list(desks),
        cases=planned.cases, begun_by=acting().account_id,
    )  # fmt: skip
    db.session.add(merge)
    db.session.flush()
    with within(from_id):
        record(Audited.ENTITY_MERGE_BEGUN, merge.id, {"into": str(into_id), "cases": planned.cases})
    open_way(_there(merge))
    _told(Audited.ENTITY_MERGE_BEGUN, merge)
    merge.job_id = enqueue(MOVE, merge_id=str(merge.id))
    return merge


def left(merge: EntityMerge) -> int:
    """How many cases are still where they were when the move, there or back, began."""
    way = _way(merge)
    return 0 if way is None else cases_left(way)


def confirm(merge_id: UUID) -> None:
    """A second person says that it is right: from here on it cannot be undone. Raises NotFound, NotNow, SamePerson."""
    merge = _held(merge_id)
    if merge.state != MergeState.MOVED:
        raise NotNow
    if acting().account_id is None or acting().account_id == merge.begun_by:
        raise SamePerson
    _end(merge, MergeState.CONFIRMED)
    for entity_id in (merge.from_id, merge.into_id):
        with within(entity_id):
            record(Audited.ENTITY_MERGE_CONFIRMED, merge.id)
    _told(Audited.ENTITY_MERGE_CONFIRMED, merge)


def undo(merge_id: UUID) -> None:
    """Bring everything back as it is by now, with what was written meanwhile. Raises NotFound, NotNow."""
    merge = _held(merge_id)
    if merge.state != MergeState.MOVED:
        raise NotNow
    _hold(merge.from_id, merge.into_id)
    busy = select(EntityMerge.id).where(EntityMerge.state.in_(OPEN), EntityMerge.from_id == merge.into_id)
    if db.session.scalar(select(busy.exists())):
        raise NotNow  # the cases are on their way further: that comes back first
    merge.state = MergeState.UNDOING
    open_way(_back(merge))
    _told(Audited.ENTITY_MERGE_UNDONE, merge)
    merge.job_id = enqueue(MOVE, merge_id=str(merge.id))


@job(MOVE)
def move(merge_id: str) -> dict[str, int]:
    """Move what is left, some cases at a time, each in a transaction of its own: whoever is stopped goes on there."""
    at = UUID(merge_id)
    done = 0
    while True:
        with transaction(PLATFORM):
            merge = _held(at)
            total, way = merge.cases, _way(merge)
            if way is None:
                return {"cases": merge.cases}
            moved = move_some(way)
            if moved == 0 and _arrive(merge, way):
                continue
            done = total - cases_left(way)
        report_progress(max(done, 0), total)


def _way(merge: EntityMerge) -> Way | None:
    if merge.state == MergeState.MOVING:
        return _there(merge)
    return _back(merge) if merge.state == MergeState.UNDOING else None


def _arrive(merge: EntityMerge, way: Way) -> bool:
    """Close the way when nothing comes any more; false when a case came in at this very moment."""
    _hold(merge.from_id, merge.into_id, alone=True)
    if cases_left(way):
        return False
    close_way(way)
    if merge.state == MergeState.UNDOING:
        source = db.session.get_one(Entity, merge.from_id, populate_existing=True)
        source.status, source.succeeded_by_id = EntityStatus.ACTIVE, None
        _end(merge, MergeState.UNDONE)
    else:
        merge.state = MergeState.MOVED
    _seal_the_trail(merge, way)
    db.session.flush()
    return True


def _seal_the_trail(merge: EntityMerge, way: Way) -> None:
    """The trail that stays behind names where its cases went, and the one over there begins with its last hash: neither
    can be changed afterwards without the other."""
    with within(way.source):
        record(Audited.ENTITY_WENT_OVER, merge.id, {"into": str(way.target)})
    with within(way.source) as session:
        sequence, last = session.execute(
            select(AuditHead.sequence, AuditHead.hash).where(AuditHead.entity_id == way.source)
        ).one()
    with within(way.target):
        record(
            Audited.ENTITY_TOOK_OVER,
            merge.id,
            {"from": str(way.source), "sequence": sequence, "head": last.hex(), "cases": merge.cases},
        )


def _there(merge: EntityMerge) -> Way:
    return Way(merge.from_id, merge.into_id, tuple(merge.desks))


def _back(merge: EntityMerge) -> Way:
    return Way(merge.into_id, merge.from_id, tuple(merge.desks))


def _held(merge_id: UUID) -> EntityMerge:
    """Held against others until this transaction ends. Raises NotFound."""
    merge = db.session.scalar(select(EntityMerge).where(EntityMerge.id == merge_id).with_for_update())
    if merge is None:
        raise NotFound
    return merge


def _hold(*entities: UUID, alone: bool = False) -> None:
    """Hold these entities, in a fixed order; `alone`: also against new cases, which refer to theirs."""
    held = select(Entity).where(Entity.id.in_(entities)).order_by(Entity.id)
    db.session.scalars(
        held.with_for_update(key_share=not alone).execution_options(populate_existing=True)
    ).all()


def _end(merge: EntityMerge, state: MergeState) -> None:
    merge.state, merge.ended_at, merge.ended_by = state, now(), acting().account_id


def _told(what: Audited, merge: EntityMerge) -> None:
    """In the trail of the platform."""
    record(what, merge.id, {"from": str(merge.from_id), "into": str(merge.into_id)})
