"""The workbook: every lesson's page, and an index of them that opens with no network.

All pages stand at once, from the outputs stored with the lessons. Then the lessons run, and
each page is replaced by that of this machine's own run.
"""

import contextlib
import datetime
import hashlib
import json
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing.connection import wait
from pathlib import Path

from ecomlab import __version__
from ecomlab.errors import RunFailed, UserError
from ecomlab.files import write_text
from ecomlab.pages.cards import card, write_thumbnail
from ecomlab.pages.links import GLOSSARY, diagrams
from ecomlab.pages.notebook import TEMPLATES, render, stylesheet
from ecomlab.project import BUILD, find_notebook, lessons
from ecomlab.results import read_results, shown
from ecomlab.running.many import default_jobs, run_all
from ecomlab.running.pace import Pace
from ecomlab.running.records import (
    datasets_of,
    forget,
    made_of,
    read_record,
    write_record,
)
from ecomlab.yardstick import yardstick

LONG = 5  # stated minutes from which on it pays to time this machine first
_PAGE_SOURCES = {".py", ".j2", ".css", ".js", ".json"}  # what a page depends on beside its notebook


def make_workbook(
    names=None, *, profile="default", jobs=None, fresh=False, offline=False, folder=BUILD
):
    """Write all pages from stored outputs, then run lessons and replace their pages.

    A lesson that ran here before is left alone as long as its code, parameters, data, profile
    and versions are the same; so the same call goes on where an earlier one was stopped.

    Parameters
    ----------
    names : list of str, optional
        The lessons to run, by number or name; all by default.
    profile : {"quick", "default", "full"}
    jobs : int, optional
        How many run at once; by default as many as `default_jobs` says.
    fresh : bool
        Run also what ran here before.
    offline : bool
        Close the notebooks' network.
    folder : Path
        Where the index and the pages go.

    Returns
    -------
    dict of str to dict
        What `run_all` gives, for the lessons that were run.

    Raises
    ------
    UserError
        If a name is unknown, or another workbook is made in the same folder.
    """
    from filelock import FileLock, Timeout

    known = lessons()
    chosen = {find_notebook(name).stem for name in names} if names else None
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".workbook.lock", timeout=0):
            return _make(known, chosen, profile, jobs, fresh, offline, folder)
    except Timeout:
        raise UserError(
            f"another `ecomlab workbook` is at work in {folder}: let it end first"
        ) from None


def _make(known, chosen, profile, jobs, fresh, offline, folder):
    workbook = Workbook(known, profile, folder)
    chosen = [one for one in workbook.lessons if chosen is None or one.name in chosen]
    if fresh:
        workbook.forget(chosen)
    print(f"open {_near(workbook.build())}", flush=True)
    waiting = [lesson for lesson in chosen if not workbook.ran_here(lesson.name)]
    if done := len(chosen) - len(waiting):
        print(f"{done} of {len(chosen)} lessons ran here before and are the same: not run again")
    absent = _absent_data(waiting, profile)
    for lesson in waiting:
        if missing := [absent[name] for name in datasets_of(lesson) if name in absent]:
            workbook.not_run(lesson.name, missing[0])
            print(f"{lesson.name}: not run. {missing[0]}")
    waiting = [lesson for lesson in waiting if not absent.keys() & set(datasets_of(lesson))]
    if absent:
        workbook.write_index()
    if not waiting:
        return {}
    jobs = jobs or default_jobs()
    try:
        return run_all(
            [lesson.path for lesson in waiting],
            profile=profile,
            folder=workbook.runs,
            jobs=jobs,
            offline=offline,
            pace=_pace(workbook, waiting, jobs, profile),
            on_end=workbook.replace,
        )
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):  # the terminal may be closed
            print("What is finished is kept: the same command goes on from there.")
        raise


class Workbook:
    """All lessons' pages, and the index that says where the outputs of each come from.

    Parameters
    ----------
    lessons : list of ecomlab.project.Lesson
    profile : {"quick", "default", "full"}
    folder : Path
        Where the index and the pages go; executed notebooks go into a folder inside it.
    """

    def __init__(self, lessons, profile, folder=BUILD):
        self.lessons = lessons
        self.folder = Path(folder)
        self.runs = self.folder / "notebooks" / profile
        self._known = {lesson.name: lesson for lesson in lessons}
        self._addresses = {lesson.path: f"{lesson.name}.html" for lesson in lessons}
        self._addresses[GLOSSARY] = "glossary.html"
        self._parts, self._records, self._notes, self._results = {}, {}, {}, {}
        for lesson in lessons:
            try:
                self._parts[lesson.name] = made_of(lesson, profile, looked_at=True)
            except UserError as error:  # the run will say so too
                self._notes[lesson.name] = str(error)
                continue
            record = read_record(self.runs, lesson.name, self._parts[lesson.name])
            if record:
                self._records[lesson.name] = record

    def ran_here(self, name):
        """Whether a lesson has run on this machine, as it is now."""
        return name in self._records and not self._records[name]["failure"]

    def forget(self, lessons):
        """Take lessons for not run."""
        for lesson in lessons:
            forget(self.runs, lesson.name)
            self._records.pop(lesson.name, None)

    def durations(self):
        """Return the lessons that ran here, as they are now, with the seconds that each took."""
        return [
            (lesson, self._records[lesson.name]["seconds"])
            for lesson in self.lessons
            if self.ran_here(lesson.name)
        ]

    def not_run(self, name, reason):
        """Note why a lesson keeps its stored outputs."""
        self._notes[name] = f"Not run: {reason}"

    def build(self):
        """Write every page that is not there yet, two at a time, and the index.

        Returns
        -------
        Path
            The index.
        """
        made = self._read_made()
        wanted = {lesson.name: self._page_of(lesson.name) for lesson in self.lessons}
        wanted["glossary"] = self._page(GLOSSARY, links=[("All lessons", "index.html")])
        prints = {name: _fingerprint(page) for name, page in wanted.items()}
        missing = [
            name
            for name, page in wanted.items()
            if made.get(name) != prints[name] or not page["output"].is_file()
        ]
        for name, fault in _render_all({name: wanted[name] for name in missing}):
            if fault:
                self._notes[name] = fault
                made.pop(name, None)
                wanted[name]["output"].unlink(missing_ok=True)
            else:
                made[name] = prints[name]
        self._write_made(made)
        return self.write_index()

    def replace(self, name, outcome):
        """Take over a run that has ended: its record, its page, the index.

        A run that failed leaves the page of the stored outputs.
        """
        record = write_record(self.runs, name, self._parts.get(name), outcome)
        self._records[name] = record
        self._notes.pop(name, None)
        if not record["failure"]:
            page = self._page_of(name)
            try:
                render(**page)
            except UserError as error:
                self._notes[name] = str(error)
            else:
                self._write_made(self._read_made() | {name: _fingerprint(page)})
        self._results.pop(name, None)
        self.write_index()

    def write_index(self):
        """Write the workbook's first page and return its path."""
        from jinja2 import Environment, FileSystemLoader

        environment = Environment(loader=FileSystemLoader(TEMPLATES / "page"), autoescape=True)
        html = environment.get_template("workbook.html.j2").render(
            lessons=[self._row(lesson) for lesson in self.lessons],
            ran=sum(map(self.ran_here, self._known)),
            results=[self._recorded(lesson) for lesson in self.lessons],
            style=stylesheet(),
            footer=f"ecomlab {__version__}",
        )
        return write_text(self.folder / "index.html", html)

    def _executed(self, name):
        return self.runs / f"{name}.ipynb" if self.ran_here(name) else None

    def _page_of(self, name):
        """Return the arguments of `render` for a lesson's page."""
        place = self.lessons.index(self._known[name])
        links = [("All lessons", "index.html")]
        if place > 0:
            links.append(("Previous lesson", f"{self.lessons[place - 1].name}.html"))
        if place + 1 < len(self.lessons):
            links.append(("Next lesson", f"{self.lessons[place + 1].name}.html"))
        links.append(("Glossary", self._addresses[GLOSSARY]))
        return self._page(self._known[name].path, links, self._executed(name))

    def _page(self, path, links, executed=None):
        """Return the arguments of `render` for a page of this workbook."""
        return {
            "notebook": path,
            "output": self.folder / self._addresses[path],
            "executed": executed,
            "links": links,
            "pages": self._addresses,
        }

    def _row(self, lesson):
        page, record = f"{lesson.name}.html", self._records.get(lesson.name)
        row = card(lesson) | {
            "page": page if (self.folder / page).is_file() else None,
            "trouble": self._notes.get(lesson.name),
        }
        picture = self.folder / "thumbnails" / f"{lesson.name}.png"
        if write_thumbnail(self._executed(lesson.name) or lesson.path, lesson.name, picture):
            row["picture"] = f"thumbnails/{picture.name}"
        if record and record["failure"]:
            row["trouble"] = f"Failed here on {_when(record)}: {record['failure']}"
        elif record:
            row["when"] = _when(record)
            row["took"] = _duration(record["seconds"])
            row["memory"] = f"{record['peak_memory_mb'] / 1024:.1f} GB"
            row["profile"] = record["made_of"]["profile"]
        return row

    def _recorded(self, lesson):
        if lesson.name not in self._results:
            values = read_results(self._executed(lesson.name) or lesson.path)
            recorded = {name: shown(value) for name, value in values.items()}
            self._results[lesson.name] = {
                "title": lesson.title,
                "headline": {
                    label: recorded[name]
                    for name, label in lesson.headline.items()
                    if name in recorded
                },
                "recorded": recorded,
            }
        return self._results[lesson.name]

    def _read_made(self):
        """Return what each page was made from, as an earlier call noted it."""
        with contextlib.suppress(OSError, ValueError):
            return json.loads((self.folder / "pages.json").read_text(encoding="utf-8"))
        return {}

    def _write_made(self, made):
        write_text(self.folder / "pages.json", json.dumps(made, indent=1) + "\n")


def _pace(workbook, waiting, jobs, profile):
    """Return what is known of this machine: its yardstick, and how long lessons took before."""
    value = None
    if profile == "default":  # of which the lessons' minutes tell
        try:
            value = yardstick(measure=False)
            if value is None and sum(lesson.minutes for lesson in waiting) > LONG:
                print("Measuring how long lessons take on this machine (25 s) ...", flush=True)
                value = yardstick()
        except RunFailed as error:
            print(error)
    pace = Pace(jobs, value)
    for lesson, seconds in workbook.durations():
        pace.ended(lesson, seconds)
    return pace


def _near(path):
    """Spell a path as seen from the working folder, where it lies inside."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _when(record):
    return datetime.datetime.fromisoformat(record["ended"]).strftime("%-d %B %Y, %H:%M")


def _duration(seconds):
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.1f} min"


def _absent_data(lessons, profile):
    """Return the data sets that these lessons need and that cannot be had, each with the reason."""
    from ecomlab.datasets import DataUnavailableError, catalogue, fetch
    from ecomlab.datasets.fetching import is_cached

    absent = {}
    for name in dict.fromkeys(name for lesson in lessons for name in datasets_of(lesson)):
        info = catalogue()[name]
        if is_cached(info) or (profile == "quick" and info.sample == "committed"):
            continue
        try:
            fetch(name)
        except DataUnavailableError as error:
            absent[name] = error.summary
    return absent


def _fingerprint(page):
    """Return a hash of all that a page is made from."""
    code = (path for path in TEMPLATES.parent.rglob("*") if path.suffix in _PAGE_SOURCES)
    drawn = diagrams(page["notebook"].read_text(encoding="utf-8"))
    sources = [page["notebook"], page["executed"], *drawn, *sorted(code)]
    addresses = [*page["links"], *page["pages"].values()]
    parts = [json.dumps(addresses).encode(), __version__.encode()]
    parts += [path.read_bytes() for path in sources if path and path.is_file()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _render_all(pages):
    """Write pages in two processes; give each name, and the fault of a page that cannot be."""
    if not pages:
        return
    with ProcessPoolExecutor(max_workers=2, initializer=_follow_parent) as pool:
        waiting = {pool.submit(render, **page): name for name, page in pages.items()}
        try:
            for future in as_completed(waiting):
                fault = future.exception()
                if fault and not isinstance(fault, UserError):
                    raise RunFailed(f"{waiting[future]}: {fault}") from fault
                yield waiting[future], str(fault) if fault else None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _follow_parent():
    """Leave Ctrl-C to the parent, and end when it is gone: a pool would wait for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process().sentinel

    def watch():
        wait([parent])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
