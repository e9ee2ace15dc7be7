"""What callers may send: bodies and queries, checked at the edge. Unknown members are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from shared.model import (
    ConflictPolicy,
    Direction,
    Limit,
    OnBusinessCentralDelete,
    OnLeaveScope,
    OnOutlookDelete,
    Outcome,
    Side,
)
from shared.model import Field as ContactField
from shared.state.runs import Mode

_GUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
COMPANY_ID = rf"^({_GUID}|\{{{_GUID}\}})$"
"""A GUID, also in the braces that AL's `Format` puts around one."""
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_PAGE = re.compile(r"[A-Za-z0-9_=:-]+")


def _printable(text: str) -> str:
    if _UNPRINTABLE.search(text):
        raise ValueError("Control characters are not allowed.")
    return text


def _folder_name(text: str) -> str:
    if not text.strip():
        raise ValueError("A folder needs a name of 1 to 250 characters.")
    return _printable(text).strip()


Text = Annotated[str, AfterValidator(_printable)]
UserName = Annotated[str, StringConstraints(min_length=1, max_length=320)]
CompanyId = Annotated[str, StringConstraints(pattern=COMPANY_ID)]
RunId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Expressions = Mapping[str, Annotated[Text, StringConstraints(max_length=4000)]]


class _Body(BaseModel):
    """Strict: a number is no text, and a name that is not listed is refused."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_alias=True, extra="forbid", strict=True, frozen=True
    )


class _Query(BaseModel):
    """Values of an address are texts, so numbers are read from them."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_alias=True, extra="ignore", frozen=True)


class LimitBody(_Body):
    """A brake: held when beyond `count` and beyond `percent` of the links."""

    count: int = Field(ge=0, le=100_000)
    percent: int = Field(ge=0, le=100)

    def limit(self) -> Limit:
        return Limit(self.count, self.percent)


class SetupChoices(_Body):
    """What a user chooses (spec/sync-rules.md §1). What is left out takes its default."""

    folder_name: Annotated[str, StringConstraints(max_length=250), AfterValidator(_folder_name)] | None = None
    filter: Annotated[Expressions, Field(max_length=50)] = Field(default_factory=dict)
    direction: Direction = Direction.BOTH
    background_sync: bool = True
    conflict_policy: ConflictPolicy = ConflictPolicy.BUSINESS_CENTRAL
    on_business_central_delete: OnBusinessCentralDelete = OnBusinessCentralDelete.DELETE
    on_outlook_delete: OnOutlookDelete = OnOutlookDelete.UNTIL_FULL_SYNC
    on_leave_scope: OnLeaveScope = OnLeaveScope.REMOVE
    max_deletes: LimitBody = LimitBody(count=10, percent=20)
    max_changes: LimitBody = LimitBody(count=50, percent=20)
    paused: bool = False


class SetupBody(SetupChoices):
    """A whole setup as GET answers it: what only the service writes is accepted and left alone."""

    user: str | None = None
    company: str | None = None
    last_sync_at: Any = None
    last_run: Any = None
    next_sync_at: Any = None
    push: Any = None
    folder_id: Any = None
    paused_reason: Any = None


class SyncBody(_Body):
    """A run asked for by a service: for which mailbox, and perhaps which company."""

    user: UserName
    company: CompanyId | None = None
    mode: Mode = Mode.INCREMENTAL
    filter: Annotated[Expressions, Field(max_length=50)] | None = None
    preview: RunId | None = None


class OwnSyncBody(_Body):
    """The same for who is signed in."""

    company: CompanyId | None = None
    mode: Mode = Mode.INCREMENTAL
    filter: Annotated[Expressions, Field(max_length=50)] | None = None
    preview: RunId | None = None


class PreviewBody(_Body):
    """`setup`: what would be chosen instead of what is stored; members left out stay as stored."""

    mode: Mode = Mode.INCREMENTAL
    filter: Annotated[Expressions, Field(max_length=50)] | None = None
    setup: SetupChoices | None = None


class NothingBody(_Body):
    """No members: the path says it all."""


class ContactAction(StrEnum):
    """What a person can ask for one contact (spec/sync-rules.md §9)."""

    RETRY = "retry"
    BRING_BACK = "bringBack"
    TAKE_OTHER = "takeOther"
    CREATE_IN_BC = "createInBusinessCentral"
    RESTORE = "restore"


class ContactActionBody(_Body):
    """`conflict`: the record to go by, else the latest; `field`: only this one, else all that lost in it."""

    action: ContactAction
    conflict: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    field: ContactField | None = None


def _token(text: str) -> str:
    if not _PAGE.fullmatch(text):
        raise ValueError("This is no page of a list. Follow nextLink as it is.")
    return text


class PageQuery(_Query):
    """`page`: from `nextLink`, not to be made up. `size`: how many at most."""

    size: int = Field(default=100, ge=1, le=500)
    page: Annotated[str, StringConstraints(max_length=4000), AfterValidator(_token)] | None = None


def _blank_is_absent(value: object) -> object:
    return None if value == "" else value


class ContactsQuery(PageQuery):
    """`query`: part of a name, or a whole e-mail address; without it, everything that is known."""

    size: int = Field(default=50, ge=1, le=200)
    query: Annotated[
        Annotated[str, StringConstraints(min_length=2, max_length=250)] | None,
        BeforeValidator(_blank_is_absent),
    ] = None
    outcome: Annotated[Outcome | None, BeforeValidator(_blank_is_absent)] = None
    side: Annotated[Side | None, BeforeValidator(_blank_is_absent)] = None


class Copies(StrEnum):
    """What becomes of the copies in Outlook when a setup is deleted."""

    KEEP = "keep"
    REMOVE = "remove"


class DeleteQuery(_Query):
    """`copies`: whether they stay, or go to Deleted Items; detached ones stay in any case."""

    copies: Copies = Field(default=Copies.KEEP, description="Whether the copies stay in Outlook.")


class PutQuery(_Query):
    """`preview`: the run that showed what a changed direction would do."""

    preview: RunId | None = Field(
        default=None, description="The preview that showed what another direction would do: 409 asks for it."
    )


class HandshakeQuery(_Query):
    """`validationToken`: comes back as plain text; without it the call is a notification."""

    validation_token: str | None = Field(default=None, description="Comes back as plain text.")


class BcHandshakeQuery(HandshakeQuery):
    """`company`: makes one address of each company's subscription; nobody goes by it."""

    company: str | None = Field(default=None, description="Makes one address of each subscription.")


class NotificationBody(_Query):
    """One item of either service; what else it holds is not looked at."""

    subscription_id: str
    client_state: str
    change_type: str | None = None
    lifecycle_event: str | None = None
    resource: str | None = None
    tenant_id: str | None = None


class NotificationsBody(_Query):
    """What Graph and Business Central send. An item that is not as expected is passed over."""

    value: list[NotificationBody]
