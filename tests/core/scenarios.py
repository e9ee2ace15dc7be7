"""Every situation of the table of spec/sync-rules.md §4, and every policy, as given and then.

The table's tests check each of them; the coverage test counts what they exercise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.core.guard import Brakes
from shared.core.plan import Effect
from shared.core.snapshot import Whereabouts, Wish, WishKind
from shared.model import (
    ConflictPolicy,
    Direction,
    Field,
    Limit,
    LinkState,
    Marker,
    OnBusinessCentralDelete,
    OnLeaveScope,
    OnOutlookDelete,
    Outcome,
    Reason,
    Side,
)
from tests.core.builders import Given, Then, card, couple, person, stranger

UPDATE_BC, UPDATE_OUTLOOK = frozenset({Effect.UPDATE_BC}), frozenset({Effect.UPDATE_OUTLOOK})
UPDATE_BOTH = UPDATE_BC | UPDATE_OUTLOOK
REMOVE = frozenset({Effect.DELETE_OUTLOOK})
CREATE_OUTLOOK = frozenset({Effect.CREATE_OUTLOOK})
CREATE_BC = frozenset({Effect.CREATE_BC, Effect.UPDATE_OUTLOOK})

CHIEF = {"job_title": "Chief"}
LEAD = {"job_title": "Lead"}
LEFT = {"city": "Paris"}
BLOCKED = {"privacy_blocked": True}
RETYPED = {"type": "Company"}
NO_MAIL = {"email": ""}
KEEP_ON_DELETE = {"on_business_central_delete": OnBusinessCentralDelete.KEEP}
KEEP_ON_LEAVE = {"on_leave_scope": OnLeaveScope.KEEP}
FOREVER = {"on_outlook_delete": OnOutlookDelete.FOREVER}
OUTLOOK_WINS = {"conflict_policy": ConflictPolicy.OUTLOOK}
TO_OUTLOOK = {"direction": Direction.TO_OUTLOOK}
TO_BC = {"direction": Direction.TO_BUSINESS_CENTRAL}
JOB, PHONE, MOBILE = Field.JOB_TITLE, Field.PHONE, Field.MOBILE
CHIEF_STAYS = ((JOB, "Chief", "Lead", Side.OUTLOOK),)
LEAD_STAYS = ((JOB, "Lead", "Chief", Side.BUSINESS_CENTRAL),)


@dataclass(frozen=True)
class Scenario:
    """`then` None: the contact needs nothing, not even a line in the plan. `key`: whose step is looked at."""

    situation: str
    given: Given
    then: Then | None
    key: str = "bc-ada"


def deleted_by_user(**more: object) -> Then:
    return replace(
        Then(Outcome.SKIPPED, LinkState.DELETED_BY_USER, reasons=(Reason.DELETED_BY_USER,)),
        **more,  # type: ignore[arg-type]
    )


def removed(why: Reason | None = None, **more: object) -> Then:
    reasons = (why,) if why else ()
    gone = Then(Outcome.DELETED, LinkState.REMOVED_BY_US, REMOVE, reasons=reasons)
    return replace(gone, **more)  # type: ignore[arg-type]


def detached(why: Reason) -> Then:
    return Then(Outcome.SKIPPED, LinkState.DETACHED, reasons=(why,))


def skipped(why: Reason, state: LinkState | None = None) -> Then:
    return Then(Outcome.SKIPPED, state, reasons=(why,))


NOTHING_LEFT = Then(Outcome.UNCHANGED, LinkState.REMOVED_BY_US)
AWAY = {"state": LinkState.DELETED_BY_USER, "outlook_id": "ol-before", "note": Reason.DELETED_BY_USER}

TABLE = (
    # --- BC unchanged ---------------------------------------------------------------------------
    Scenario("nothing changed on either side", couple(), None),
    Scenario(
        "an edit in Outlook goes to Business Central",
        couple(outlook=LEAD),
        Then(Outcome.UPDATED, effects=UPDATE_BC, to_bc={JOB: "Lead"}),
    ),
    Scenario(
        "a value cleared in Outlook is cleared in Business Central",
        couple(outlook={"mobile": ""}),
        Then(Outcome.UPDATED, effects=UPDATE_BC, to_bc={MOBILE: ""}),
    ),
    Scenario("a copy deleted in Outlook stays away until a full sync", couple(outlook=None), deleted_by_user()),
    Scenario(
        "a copy deleted in Outlook stays away for ever",
        couple(outlook=None, setup=FOREVER, bring_back=True),
        deleted_by_user(),
    ),
    Scenario(
        "a full sync that a person asked for brings a deleted copy back",
        couple(outlook=None, link=AWAY, bring_back=True),
        Then(Outcome.CREATED, effects=CREATE_OUTLOOK),
    ),
    Scenario(
        "a scheduled audit does not bring a deleted copy back",
        couple(outlook=None, link=AWAY),
        deleted_by_user(),
    ),
    Scenario(
        "a person brings one contact back although deletions are for ever",
        couple(
            outlook=None,
            link=AWAY,
            setup=FOREVER,
            wishes={"bc-ada": Wish(WishKind.BRING_BACK, "bc-ada")},
        ),
        Then(Outcome.CREATED, effects=CREATE_OUTLOOK),
    ),
    # --- BC changed -----------------------------------------------------------------------------
    Scenario(
        "an edit in Business Central goes to Outlook",
        couple(bc=CHIEF),
        Then(Outcome.UPDATED, effects=UPDATE_OUTLOOK, to_outlook={JOB: "Chief"}),
    ),
    Scenario(
        "a value cleared in Business Central is cleared in Outlook",
        couple(bc={"phone": ""}),
        Then(Outcome.UPDATED, effects=UPDATE_OUTLOOK, to_outlook={PHONE: ""}),
    ),
    Scenario(
        "edits of different fields flow both ways",
        couple(bc=CHIEF, outlook={"mobile": "+44 7700 900099"}),
        Then(
            Outcome.UPDATED,
            effects=UPDATE_BOTH,
            to_bc={MOBILE: "+44 7700 900099"},
            to_outlook={JOB: "Chief"},
        ),
    ),
    Scenario(
        "the same edit on both sides is settled without a write",
        couple(bc=CHIEF, outlook=CHIEF),
        Then(Outcome.UNCHANGED),
    ),
    Scenario(
        "different edits of one field: Business Central wins, Outlook's value is kept in the record",
        couple(bc=CHIEF, outlook=LEAD),
        Then(Outcome.CONFLICT, effects=UPDATE_OUTLOOK, to_outlook={JOB: "Chief"}, conflicts=CHIEF_STAYS),
    ),
    Scenario(
        "different edits of one field: Outlook wins, Business Central's value is kept in the record",
        couple(bc=CHIEF, outlook=LEAD, setup=OUTLOOK_WINS),
        Then(Outcome.CONFLICT, effects=UPDATE_BC, to_bc={JOB: "Lead"}, conflicts=LEAD_STAYS),
    ),
    Scenario(
        "Outlook would win but its number cannot be taken: Business Central's stays",
        couple(
            bc={"mobile": "+44 1"},
            outlook={"business_phones": ("+44 20 7946 0001",), "mobile": "CALL ME"},
            setup=OUTLOOK_WINS,
        ),
        Then(
            Outcome.CONFLICT,
            effects=UPDATE_OUTLOOK,
            to_outlook={MOBILE: "+44 1"},
            reasons=(Reason.PHONE_HAS_LETTERS,),
            conflicts=((MOBILE, "+44 1", "CALL ME", Side.OUTLOOK),),
        ),
    ),
    Scenario(
        "changed in Business Central, deleted in Outlook", couple(bc=CHIEF, outlook=None), deleted_by_user()
    ),
    # --- BC deleted -----------------------------------------------------------------------------
    Scenario("deleted in Business Central: the copy goes", couple(bc=None), removed()),
    Scenario(
        "deleted in Business Central, to be kept: the copy stays, detached",
        couple(bc=None, setup=KEEP_ON_DELETE),
        detached(Reason.DETACHED),
    ),
    Scenario(
        "deleted in Business Central: the copy becomes the heir's, where contacts were merged",
        replace(couple(bc=None), people=(person(id="bc-heir", number="KT2", modified="2026-02-01T00:00:00Z"),)),
        Then(Outcome.UPDATED, effects=UPDATE_OUTLOOK),
        key="bc-heir",
    ),
    Scenario(
        "an edit in Outlook survives the deletion in Business Central",
        couple(bc=None, outlook=LEAD),
        detached(Reason.KEPT_EDITED),
    ),
    Scenario(
        "a copy with the user's own notes survives the deletion in Business Central",
        couple(bc=None, own_content=frozenset({"ol-ada"})),
        detached(Reason.KEPT_EDITED),
    ),
    Scenario("deleted on both sides", couple(bc=None, outlook=None), NOTHING_LEFT),
    # --- left the scope -------------------------------------------------------------------------
    Scenario("left the filter: the copy goes", couple(bc=LEFT), removed(Reason.OUTSIDE_FILTER)),
    Scenario(
        "left the filter, to be kept: brought up to date, then detached",
        couple(bc=LEFT, setup=KEEP_ON_LEAVE),
        Then(
            Outcome.UPDATED,
            LinkState.DETACHED,
            UPDATE_OUTLOOK,
            to_outlook={Field.CITY: "Paris"},
            reasons=(Reason.OUTSIDE_FILTER,),
        ),
    ),
    Scenario(
        "left the filter with an edit in Outlook: it flows first, then the copy goes",
        couple(bc=LEFT, outlook=LEAD),
        removed(Reason.OUTSIDE_FILTER, effects=REMOVE | UPDATE_BC, to_bc={JOB: "Lead"}),
    ),
    Scenario(
        "left the filter with a conflict: the losing value is kept in the record",
        couple(bc=LEFT | CHIEF, outlook=LEAD),
        removed(Reason.OUTSIDE_FILTER, conflicts=CHIEF_STAYS),
    ),
    Scenario(
        "left the filter with an edit in Outlook, to be kept: merged, then detached",
        couple(bc=LEFT, outlook=LEAD, setup=KEEP_ON_LEAVE),
        Then(
            Outcome.UPDATED,
            LinkState.DETACHED,
            UPDATE_BOTH,
            to_bc={JOB: "Lead"},
            to_outlook={Field.CITY: "Paris"},
            reasons=(Reason.OUTSIDE_FILTER,),
        ),
    ),
    Scenario("left the filter, deleted in Outlook", couple(bc=LEFT, outlook=None), deleted_by_user()),
    Scenario(
        "lost its address in Business Central: left the scope", couple(bc=NO_MAIL), removed(Reason.NO_EMAIL)
    ),
    Scenario(
        "a contact born in Outlook that never matched keeps syncing, with a warning",
        couple(bc=LEFT, link={"matched": False}),
        Then(
            Outcome.UPDATED,
            effects=UPDATE_OUTLOOK,
            to_outlook={Field.CITY: "Paris"},
            reasons=(Reason.OUTSIDE_FILTER,),
        ),
    ),
    Scenario(
        "a contact born in Outlook whose address was emptied in Business Central has not left",
        couple(bc=NO_MAIL, link={"matched": False}),
        Then(Outcome.SKIPPED, reasons=(Reason.NO_EMAIL,)),
    ),
    # --- became blocked -------------------------------------------------------------------------
    Scenario("became blocked: the copy goes", couple(bc=BLOCKED), removed(Reason.PRIVACY_BLOCKED)),
    Scenario(
        "became blocked with an edit in Outlook: the edit goes into the record, not to Business Central",
        couple(bc=BLOCKED, outlook=LEAD),
        removed(Reason.PRIVACY_BLOCKED, conflicts=((JOB, "Engineer", "Lead", Side.OUTLOOK),)),
    ),
    Scenario(
        "became blocked and changed at once: the record does not tell what Business Central holds now",
        couple(bc=BLOCKED | CHIEF, outlook=LEAD),
        removed(Reason.PRIVACY_BLOCKED, conflicts=((JOB, "", "Lead", Side.OUTLOOK),)),
    ),
    Scenario("became blocked, deleted in Outlook", couple(bc=BLOCKED, outlook=None), deleted_by_user()),
    # --- became a Company -----------------------------------------------------------------------
    Scenario("became a Company: the copy goes", couple(bc=RETYPED), removed(Reason.NOT_A_PERSON)),
    Scenario(
        "became a Company, to be kept: detached, and nothing flows",
        couple(bc=RETYPED | CHIEF, setup=KEEP_ON_LEAVE),
        detached(Reason.NOT_A_PERSON),
    ),
    Scenario(
        "became a Company with an edit in Outlook: nothing flows, the edit goes into the record",
        couple(bc=RETYPED, outlook=LEAD),
        removed(Reason.NOT_A_PERSON, conflicts=((JOB, "Engineer", "Lead", Side.OUTLOOK),)),
    ),
    Scenario("became a Company, deleted in Outlook", couple(bc=RETYPED, outlook=None), deleted_by_user()),
)

DIRECTIONS = (
    Scenario(
        "toOutlook: an edit in Outlook stands",
        couple(outlook=LEAD, setup=TO_OUTLOOK),
        skipped(Reason.DIRECTION_OFF, LinkState.LINKED),
    ),
    Scenario(
        "toOutlook: an edit in Outlook stands until Business Central changes that very field",
        couple(bc=CHIEF, outlook=LEAD, setup=TO_OUTLOOK),
        Then(Outcome.CONFLICT, effects=UPDATE_OUTLOOK, to_outlook={JOB: "Chief"}, conflicts=CHIEF_STAYS),
    ),
    Scenario(
        "toOutlook: Business Central wins whatever the policy says",
        couple(bc=CHIEF, outlook=LEAD, setup=TO_OUTLOOK | OUTLOOK_WINS),
        Then(Outcome.CONFLICT, effects=UPDATE_OUTLOOK, to_outlook={JOB: "Chief"}, conflicts=CHIEF_STAYS),
    ),
    Scenario(
        "toOutlook: a name emptied in Outlook stands like any other edit",
        couple(outlook={"display_name": "", "given_name": "", "surname": ""}, setup=TO_OUTLOOK),
        skipped(Reason.DIRECTION_OFF, LinkState.LINKED),
    ),
    Scenario(
        "toOutlook: an edit that could not flow is recorded when the copy goes",
        couple(bc=LEFT, outlook=LEAD, setup=TO_OUTLOOK),
        removed(
            Reason.OUTSIDE_FILTER,
            conflicts=((JOB, "Engineer", "Lead", Side.OUTLOOK),),
        ),
    ),
    Scenario(
        "toOutlook: a contact added in Outlook is left alone",
        Given(cards=(stranger(),)).choosing(**TO_OUTLOOK),
        skipped(Reason.DIRECTION_OFF),
        key="outlook:ol-ada",
    ),
    Scenario(
        "toBusinessCentral: an edit in Business Central waits",
        couple(bc=CHIEF, setup=TO_BC),
        skipped(Reason.DIRECTION_OFF, LinkState.LINKED),
    ),
    Scenario(
        "toBusinessCentral: an edit in Outlook flows",
        couple(outlook=LEAD, setup=TO_BC),
        Then(Outcome.UPDATED, effects=UPDATE_BC, to_bc={JOB: "Lead"}),
    ),
    Scenario(
        "toBusinessCentral: an address emptied in Outlook is not said to be put back, for it is not",
        couple(outlook={"emails": ()}, setup=TO_BC),
        skipped(Reason.DIRECTION_OFF, LinkState.LINKED),
    ),
    Scenario(
        "toBusinessCentral: both changed one field, Business Central's stays and Outlook gets nothing",
        couple(bc=CHIEF, outlook=LEAD, setup=TO_BC),
        skipped(Reason.DIRECTION_OFF, LinkState.LINKED),
    ),
    Scenario(
        "toBusinessCentral: a deletion there leaves the copy, detached",
        couple(bc=None, setup=TO_BC),
        detached(Reason.DETACHED),
    ),
    Scenario(
        "toBusinessCentral: what left the filter there stays in Outlook, detached",
        couple(bc=LEFT, outlook=LEAD, setup=TO_BC),
        Then(
            Outcome.UPDATED,
            LinkState.DETACHED,
            UPDATE_BC,
            to_bc={JOB: "Lead"},
            reasons=(Reason.DIRECTION_OFF, Reason.OUTSIDE_FILTER),
        ),
    ),
    Scenario(
        "toBusinessCentral: a new contact there is not created in Outlook",
        Given(people=(person(),)).choosing(**TO_BC),
        skipped(Reason.DIRECTION_OFF),
    ),
    Scenario(
        "toBusinessCentral: what is blocked leaves Outlook all the same",
        couple(bc=BLOCKED, setup=TO_BC),
        removed(Reason.PRIVACY_BLOCKED),
    ),
)

FIELDS = (
    Scenario(
        "a name emptied in Outlook is put back",
        couple(outlook={"display_name": "", "given_name": "", "surname": ""}),
        Then(
            Outcome.UPDATED,
            effects=UPDATE_OUTLOOK,
            to_outlook={Field.NAME: "Ada Lovelace"},
            reasons=(Reason.REQUIRED_FIELD,),
        ),
    ),
    Scenario(
        "an address emptied in Outlook is put back",
        couple(outlook={"emails": ()}),
        Then(
            Outcome.UPDATED,
            effects=UPDATE_OUTLOOK,
            to_outlook={Field.EMAIL: "ada@works.example"},
            reasons=(Reason.REQUIRED_FIELD,),
        ),
    ),
    Scenario(
        "a company emptied in Outlook stays in Business Central and is put back",
        couple(outlook={"company_name": ""}),
        Then(
            Outcome.UPDATED,
            effects=UPDATE_OUTLOOK,
            to_outlook={Field.COMPANY: "Harbour Tools Ltd"},
            reasons=(Reason.REQUIRED_FIELD,),
        ),
    ),
    Scenario(
        "a country emptied in Outlook stays in Business Central and is put back",
        couple(outlook={"country": " "}),
        Then(
            Outcome.UPDATED,
            effects=UPDATE_OUTLOOK,
            to_outlook={Field.COUNTRY: "Great Britain"},
            reasons=(Reason.REQUIRED_FIELD,),
        ),
    ),
    Scenario(
        "another company in Outlook becomes its number",
        couple(outlook={"company_name": " OTHER works"}),
        Then(Outcome.UPDATED, effects=UPDATE_BC, to_bc={Field.COMPANY: "KT101"}),
    ),
    Scenario(
        "a company that Business Central does not have rests in Outlook",
        couple(outlook={"company_name": "No Such Works"}),
        skipped(Reason.COMPANY_NOT_FOUND, LinkState.LINKED),
    ),
    Scenario(
        "a company name that several have rests in Outlook",
        couple(outlook={"company_name": "Twin Works"}),
        skipped(Reason.COMPANY_AMBIGUOUS, LinkState.LINKED),
    ),
    Scenario(
        "a country that nobody knows rests in Outlook",
        couple(outlook={"country": "Atlantis"}),
        skipped(Reason.COUNTRY_UNKNOWN, LinkState.LINKED),
    ),
    Scenario(
        "another country takes city, state and postal code along",
        couple(outlook={"country": "Deutschland"}),
        Then(
            Outcome.UPDATED,
            effects=UPDATE_BC,
            to_bc={
                Field.COUNTRY: "DE",
                Field.CITY: "London",
                Field.STATE: "Middlesex",
                Field.POSTAL_CODE: "SW1Y 4JH",
            },
        ),
    ),
    Scenario(
        "another country does not bring back a state that was just cleared in Business Central",
        couple(bc={"state": ""}, outlook={"country": "Deutschland"}),
        Then(
            Outcome.UPDATED,
            effects=UPDATE_BOTH,
            to_bc={Field.COUNTRY: "DE", Field.CITY: "London", Field.POSTAL_CODE: "SW1Y 4JH"},
            to_outlook={Field.STATE: ""},
        ),
    ),
    Scenario(
        "a number with letters rests in Outlook",
        couple(outlook={"business_phones": ("0800 FLOWERS",)}),
        skipped(Reason.PHONE_HAS_LETTERS, LinkState.LINKED),
    ),
    Scenario(
        "a title too long for Business Central arrives cut",
        couple(outlook={"job_title": "x" * 31}),
        Then(Outcome.UPDATED, effects=UPDATE_BC, to_bc={JOB: "x" * 30}, reasons=(Reason.TRUNCATED,)),
    ),
    Scenario(
        "an address that is none rests in Outlook",
        couple(outlook={"emails": ("ada at works",)}),
        skipped(Reason.INVALID_EMAIL, LinkState.LINKED),
    ),
    Scenario(
        "one bad field does not stop the others",
        couple(outlook={"country": "Atlantis", "job_title": "Lead"}),
        Then(Outcome.UPDATED, effects=UPDATE_BC, to_bc={JOB: "Lead"}, reasons=(Reason.COUNTRY_UNKNOWN,)),
    ),
    Scenario(
        "an edit of a contact marked Private goes nowhere",
        couple(outlook=LEAD | {"private": True}),
        skipped(Reason.PRIVATE, LinkState.LINKED),
    ),
    Scenario(
        "a contact just marked Private tells Business Central nothing when it leaves the filter either",
        couple(bc=LEFT, outlook=LEAD | {"private": True}),
        removed(Reason.OUTSIDE_FILTER, conflicts=((JOB, "Engineer", "Lead", Side.OUTLOOK),)),
    ),
)

LONE = (
    Scenario(
        "a new contact in scope is created in Outlook",
        Given(people=(person(),)),
        Then(Outcome.CREATED, effects=CREATE_OUTLOOK),
    ),
    Scenario(
        "a new contact in Outlook is created in Business Central",
        Given(cards=(stranger(),)),
        Then(Outcome.CREATED, effects=CREATE_BC),
        key="outlook:ol-ada",
    ),
    Scenario(
        "a card without a name is left alone",
        Given(cards=(stranger(display_name="", given_name="", surname="", company_name=""),)),
        skipped(Reason.NO_NAME),
        key="outlook:ol-ada",
    ),
    Scenario(
        "a card without an address is left alone",
        Given(cards=(stranger(emails=()),)),
        skipped(Reason.NO_EMAIL),
        key="outlook:ol-ada",
    ),
    Scenario(
        "a card with a bad address is left alone",
        Given(cards=(stranger(emails=("ada at works",)),)),
        skipped(Reason.INVALID_EMAIL),
        key="outlook:ol-ada",
    ),
    Scenario(
        "a card of a company is no person",
        Given(cards=(stranger(display_name="Harbour Tools Ltd", given_name="", surname=""),)),
        skipped(Reason.NOT_A_PERSON),
        key="outlook:ol-ada",
    ),
    Scenario(
        "a private card is left alone",
        Given(cards=(stranger(private=True),)),
        skipped(Reason.PRIVATE),
        key="outlook:ol-ada",
    ),
    Scenario(
        "a card whose address belongs to a company",
        Given(
            people=(person("Harbour Works", type="Company", email="ada@works.example"),), cards=(stranger(),)
        ),
        skipped(Reason.BELONGS_TO_COMPANY),
        key="outlook:ol-ada",
    ),
    Scenario(
        "a card of a blocked person",
        Given(people=(person(privacy_blocked=True),), cards=(stranger(),)),
        skipped(Reason.PRIVACY_BLOCKED),
        key="outlook:ol-ada",
    ),
    Scenario(
        "a card of a person outside the filter",
        Given(people=(person(city="Paris"),), cards=(stranger(),)).choosing(filter={"city": "London"}),
        skipped(Reason.OUTSIDE_FILTER),
        key="outlook:ol-ada",
    ),
    Scenario(
        "a second card of a linked person",
        replace(couple(), cards=(card(), stranger(id="ol-second"))),
        skipped(Reason.DUPLICATE),
        key="outlook:ol-second",
    ),
    Scenario(
        "a card with another company's marker",
        Given(cards=(stranger(marker=Marker("tenant-1", "Production", "company-2", "bc-ada")),)),
        skipped(Reason.FOREIGN_MARKER),
        key="outlook:ol-ada",
    ),
    Scenario(
        "a copy moved to another folder",
        replace(couple(outlook=None), away={"ol-ada": Whereabouts.MOVED_OUT}),
        skipped(Reason.MOVED_OUT, LinkState.LINKED),
    ),
)

HELD = (
    Scenario(
        "a deletion beyond the brake is held",
        couple(bc=None, brakes=Brakes(Limit(0, 0), Limit(0, 0), links=1)),
        Then(Outcome.HELD, LinkState.REMOVED_BY_US, held=REMOVE, reasons=(Reason.BRAKE,)),
    ),
    Scenario(
        "a change in Business Central beyond the brake is held",
        couple(outlook=LEAD, brakes=Brakes(Limit(10, 20), Limit(0, 0), links=1)),
        Then(Outcome.HELD, held=UPDATE_BC, to_bc={JOB: "Lead"}, reasons=(Reason.BRAKE,)),
    ),
    Scenario(
        "a change in Outlook is never held",
        couple(bc=CHIEF, brakes=Brakes(Limit(0, 0), Limit(0, 0), links=1)),
        Then(Outcome.UPDATED, effects=UPDATE_OUTLOOK, to_outlook={JOB: "Chief"}),
    ),
)

ALL = (*TABLE, *DIRECTIONS, *FIELDS, *LONE, *HELD)
