"""Pages on work: the administrator's list, and the progress of one job for whoever asked for it."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, format_datetime
from flask_babel import lazy_gettext as _l

from spreekbuis.jobs.models import Job, JobState
from spreekbuis.jobs.operations import count_by_state, drop, job_of, recent_jobs, retry
from spreekbuis.jobs.outbox import DEFINED
from spreekbuis.web.access import Audience, Permission
from spreekbuis.web.door import here, the_account
from spreekbuis.web.frame import NavItem, notice_after
from spreekbuis.web.room import Room

room = Room("jobs")

STATE_LABELS: dict[JobState, tuple[str, LazyString]] = {
    JobState.WAITING: ("wait", _l("Wacht")),
    JobState.QUEUED: ("wait", _l("In de wachtrij")),
    JobState.RUNNING: ("half", _l("Bezig")),
    JobState.DONE: ("ok", _l("Klaar")),
    JobState.FAILED: ("stop", _l("Mislukt")),
    JobState.CANCELLED: ("off", _l("Geschrapt")),
}
RETRIED = notice_after("job-retried", _l("De taak start opnieuw."))
DROPPED = notice_after("job-dropped", _l("De taak is geschrapt."))


@room.in_nav(_l("Taken"))
@room.get("/admin/jobs", Permission.MANAGE_PLATFORM)
def overview() -> ResponseReturnValue:
    wanted = request.args.get("state", "")
    state = JobState(wanted) if wanted in set(JobState) else None
    return render_template(
        "jobs/overview.html", jobs=[_row(j) for j in recent_jobs(state)], tabs=_tabs(state)
    )


def _tabs(chosen: JobState | None) -> list[NavItem]:
    counts = count_by_state()
    everything = NavItem(_l("Alle"), url_for("jobs.overview"), chosen is None, sum(counts.values()))
    return [everything] + [
        NavItem(label, url_for("jobs.overview", state=state), state is chosen, counts.get(state, 0))
        for state, (_, label) in STATE_LABELS.items()
    ]


def _row(job: Job) -> dict[str, object]:
    kind, label = STATE_LABELS[JobState(job.state)]
    return {
        "name": job.name, "tag": kind, "state": label, "attempts": job.attempts, "error": job.error or "",
        "asked": format_datetime(job.created_at, "d MMM, HH.mm"), "failed": job.state == JobState.FAILED,
        "url": url_for("jobs.progress", job_id=job.id), "retry_url": url_for("jobs.retry_job", job_id=job.id),
        "drop_url": url_for("jobs.drop_job", job_id=job.id),
    }  # fmt: skip


@room.post("/admin/jobs/<uuid:job_id>/retry", Permission.MANAGE_PLATFORM)
def retry_job(job_id: UUID) -> ResponseReturnValue:
    retry(job_id)
    return redirect(url_for("jobs.overview", done=RETRIED), 303)


@room.post("/admin/jobs/<uuid:job_id>/drop", Permission.MANAGE_PLATFORM)
def drop_job(job_id: UUID) -> ResponseReturnValue:
    drop(job_id)
    return redirect(url_for("jobs.overview", done=DROPPED), 303)


@room.get("/jobs/<uuid:job_id>", Audience.SIGNED_IN)
def progress(job_id: UUID) -> ResponseReturnValue:
    """How far a job is. htmx asks for the part alone; without a script the page refreshes itself."""
    administrator = here().may(Permission.MANAGE_PLATFORM)
    row = job_of(job_id, None if administrator else the_account().id)
    ended = row.state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
    part = request.headers.get("HX-Request") == "true"
    percent = f"{100 * row.progress_done // row.progress_total} %" if row.progress_total else ""
    known = row.progress_total or (1 if ended else None)
    return render_template(
        "jobs/progress_part.html" if part else "jobs/progress.html",
        url=url_for("jobs.progress", job_id=job_id), ended=ended, label=STATE_LABELS[JobState(row.state)][1],
        done=(known if row.state == JobState.DONE else row.progress_done) if known else None, total=known,
        words=percent, told=_told(row),
    )  # fmt: skip


def _told(row: Job) -> str:
    """What the work found, in words; nothing while it runs."""
    defined = DEFINED.get(row.name)
    return defined.tell(row.result) if defined and defined.tell and row.result is not None else ""
