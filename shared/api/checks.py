"""*Validate*: what a setup needs, asked one by one, each answer with what to do (spec/sync-rules.md §1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import requests

from shared.api.asking import TOO_LATE, ask_all
from shared.api.directory import companies, company_of, require_open, user_of
from shared.api.doors import Door
from shared.api.http import Response
from shared.api.route import Call, answer
from shared.api.setups import DEFAULT_FOLDER
from shared.api.views import ChecksView, CheckView
from shared.errors import RequestError, SyncError
from shared.model import Setup
from shared.state.keys import stamp
from shared.state.setups import StoredSetup
from shared.sync import folder as folders
from shared.sync import push
from shared.sync.services import Services

OK, FAILED, UNKNOWN = "ok", "failed", "unknown"
_SECONDS = 5.0
_RUNS_LOOKED_AT = 20
_TOKEN_FIX = "Check the app registration, its secret or certificate, and the admin consent."


@dataclass(frozen=True, slots=True)
class Finding:
    """What one question found out."""

    result: str
    detail: str
    fix: str = ""


@dataclass(frozen=True)
class _Checkup:
    """One setup under examination; `stored` is None for one that is not made yet."""

    services: Services
    user: str
    company: str
    stored: StoredSetup | None

    @property
    def setup(self) -> Setup:
        return self.stored.setup if self.stored else Setup(self.user, self.company, DEFAULT_FOLDER)

    def graph_token(self) -> Finding:
        self.services.tokens.token(self.services.settings.graph_scope)
        return Finding(OK, "Entra gives tokens for Graph.")

    def mailbox(self) -> Finding:
        fix = "Check the user and that the mailbox is in Exchange Online."
        if self.services.graph(self.user).user_id() is None:
            return Finding(FAILED, "Graph knows no such user.", fix)
        self.services.graph(self.user).default_folder()
        return Finding(OK, "The mailbox is in Exchange Online.")

    def folder(self) -> Finding:
        graph, settings = self.services.graph(self.user), self.services.settings
        if self.stored is not None and self.stored.state.folder_id:
            if folders.locate(graph, self.stored.state) is None:
                fix = "Create it again with POST …/recreate-folder, or stop the sync."
                return Finding(FAILED, "The folder is gone or lies in Deleted Items.", fix)
            return Finding(OK, "The folder is there and can be read; the sync has written to it.")
        stamp_here = folders.stamp_of(settings.tenant_id, settings.bc_environment, self.setup)
        try:
            folders.check_free(graph, self.setup, stamp_here)
        except RequestError as error:
            return Finding(FAILED, str(error), "Choose another folderName.")
        return Finding(OK, "The folder is made by the first run.")

    def bc_token(self) -> Finding:
        self.services.tokens.token(self.services.settings.bc_scope)
        return Finding(OK, "Entra gives tokens for Business Central.")

    def environment(self) -> Finding:
        companies(self.services, fresh=True)
        return Finding(OK, f"The environment {self.services.settings.bc_environment} answers.")

    def company_there(self) -> Finding:
        names = companies(self.services)
        if self.company in names:
            return Finding(OK, f"The company is {names[self.company]!r}.")
        fix = "Check the company's id and the app's permissions in Business Central."
        return Finding(FAILED, "The environment has no such company, or hides it.", fix)

    def readable(self) -> Finding:
        self.services.bc(self.company).read_changed(stamp(self.services.clock.now()))
        return Finding(OK, "Contacts can be read.")

    def writable(self) -> Finding:
        """Known only by having written: trying would change a contact."""
        recent = self.services.store.runs.recent(self.user, self.company, _RUNS_LOOKED_AT).items
        for run in recent:
            if run.counts.to_business_central.created or run.counts.to_business_central.updated:
                return Finding(OK, "A recent run has written contacts.")
        return Finding(UNKNOWN, "Nothing was written yet.", "The first change in Outlook will show it.")

    def access(self) -> Finding:
        if self.services.store.access.is_open(self.user, self.company):
            return Finding(OK, "The company is open to this user.")
        fix = "Let Business Central set the user up, or let an administrator open the company to them."
        return Finding(FAILED, "The company is not open to this user.", fix)

    def bc_user(self) -> Finding:
        known = self.services.store.aliases.of(self.user)
        if not known:
            return Finding(UNKNOWN, "No address of this user is known here.", "Name the user by address once.")
        bc = self.services.bc(self.company)
        if any(bc.knows_user(address) for address in known):
            return Finding(OK, "Business Central has a user with this address.")
        return Finding(
            UNKNOWN,
            "The app may not look into all users.",
            "See that the user's authentication e-mail is right.",
        )

    def notifications(self) -> Finding:
        base = self.services.settings.public_base_url
        if not base:
            return Finding(
                UNKNOWN, "No public address is set: the app looks by itself.", "Set PUBLIC_BASE_URL for push."
            )
        if self.stored is not None and push.shown(self.services, self.stored).get("state") == "active":
            return Finding(OK, "Notifications arrive.")
        try:
            reached = requests.get(f"{base}/api/health", timeout=_SECONDS, allow_redirects=False).ok
        except requests.RequestException:
            reached = False
        if reached:
            return Finding(OK, "The address answers.")
        return Finding(FAILED, "The address does not answer.", "Check PUBLIC_BASE_URL and the app's network.")


def validate_setup(call: Call) -> Response:
    """Every check of a setup, also of one that is not made yet. A failed check is no failed call."""
    user, company, services = user_of(call), company_of(call), call.services
    if call.caller.door is Door.USER:
        require_open(services, user, company)
    checkup = _Checkup(services, user, company, services.store.setups.get(user, company))
    checks = ask_all(_questions(checkup), _look, _too_late)
    return answer(ChecksView(ok=all(check.result != FAILED for check in checks), checks=checks))


_Question = tuple[str, Callable[[], Finding], str]
"""Name, question, and what to do where a service refuses to answer it."""


def _questions(checkup: _Checkup) -> tuple[_Question, ...]:
    in_exchange = "Check the mailbox, and that the app has Contacts.ReadWrite with admin consent."
    in_bc = "Enable the app in Business Central (Microsoft Entra Applications) with rights for contacts."
    return (
        ("graphToken", checkup.graph_token, _TOKEN_FIX),
        ("mailbox", checkup.mailbox, in_exchange),
        ("folder", checkup.folder, in_exchange),
        ("bcToken", checkup.bc_token, _TOKEN_FIX),
        ("environment", checkup.environment, "Check BC_ENVIRONMENT and BC_BASE_URL, and enable the app there."),
        ("company", checkup.company_there, in_bc),
        ("contactsReadable", checkup.readable, in_bc),
        ("contactsWritable", checkup.writable, in_bc),
        ("access", checkup.access, ""),
        ("businessCentralUser", checkup.bc_user, in_bc),
        ("notificationAddress", checkup.notifications, ""),
    )


def _look(asked: _Question) -> CheckView:
    name, question, fix = asked
    try:
        found = question()
    except SyncError as error:
        found = Finding(FAILED, str(error), fix)
    return CheckView(name=name, result=found.result, detail=found.detail, fix=found.fix)


def _too_late(asked: _Question) -> CheckView:
    name, _, fix = asked
    return CheckView(name=name, result=UNKNOWN, detail=TOO_LATE, fix=fix or "Try again later.")
