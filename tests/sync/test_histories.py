"""The thirty histories that a sync must survive, and where each is played through: a table of contents."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sync import test_companies as companies
from tests.sync import test_deletions as deletions
from tests.sync import test_direction as direction
from tests.sync import test_folder as folder
from tests.sync import test_lost_state as lost_state
from tests.sync import test_previews as previews
from tests.sync import test_retry_and_parking as retry
from tests.sync import test_scope_changes as scope
from tests.sync import test_slices as slices
from tests.sync import test_twins as twins

HISTORIES: dict[str, tuple[Callable[..., None], ...]] = {
    "linked e-mail changed in Outlook to another BC contact's": (
        twins.test_linked_email_changed_in_outlook_to_another_bc_contacts,
    ),
    "two BC contacts merged": (
        deletions.test_two_bc_contacts_merged,
        deletions.test_merged_twin_hands_its_copy_to_the_one_that_stays,
        deletions.test_merged_twin_hands_its_copy_over_with_the_edits_of_both_sides,
    ),
    "deletion and re-entry in BC": (
        deletions.test_deletion_and_reentry_in_bc,
        deletions.test_reentry_found_only_later_makes_a_new_copy,
        deletions.test_copy_that_was_kept_for_its_edit_passes_to_the_one_entered_again,
    ),
    "filter exit with an edit": (
        scope.test_filter_exit_with_an_edit_in_outlook_takes_the_edit_along,
        scope.test_filter_exit_with_the_same_field_edited_keeps_the_losing_value,
    ),
    "exit by one's own Outlook edit": (
        scope.test_exit_by_ones_own_edit_in_outlook,
        scope.test_exit_by_ones_own_edit_leaves_a_kept_copy_detached,
    ),
    "added in Outlook but outside the filter": (
        scope.test_added_in_outlook_but_outside_the_filter_is_created_and_keeps_syncing,
        scope.test_born_in_outlook_that_matched_once_leaves_like_any_other,
    ),
    "folder deleted, renamed, moved": (
        folder.test_deleted_folder_pauses_the_setup_and_deletes_nothing,
        folder.test_deleted_folder_made_again_brings_everyone_back,
        folder.test_renamed_folder_stays_the_folder_and_the_setup_learns_its_name,
        folder.test_moved_folder_stays_the_folder,
    ),
    "folder renamed and state lost": (
        folder.test_folder_renamed_and_state_lost_does_not_make_twins_in_bc,
        folder.test_folder_renamed_and_state_lost_is_taken_up_again_under_its_new_name,
    ),
    "mailbox restored or moved to another server": (folder.test_mailbox_restored_or_moved_to_another_server,),
    "the user's address changed": (folder.test_the_users_address_changes,),
    "state lost while contacts were deleted on one side": (
        lost_state.test_state_lost_while_contacts_were_deleted_in_outlook,
        lost_state.test_state_lost_while_contacts_were_deleted_in_bc,
    ),
    "first full sync with three twins in Outlook": (twins.test_first_full_sync_with_three_twins_in_outlook,),
    "a contact copied in Outlook": (
        twins.test_contact_copied_in_outlook,
        twins.test_copied_in_outlook_then_the_original_deleted,
    ),
    "two companies in one mailbox": (
        companies.test_two_companies_in_one_mailbox,
        companies.test_folder_of_one_company_is_refused_to_the_other,
    ),
    "setup deleted and made again": (
        lost_state.test_setup_deleted_and_made_again,
        lost_state.test_setup_deleted_with_its_copies_and_made_again,
    ),
    "company renamed": (companies.test_company_renamed,),
    "BC restored to yesterday": (
        direction.test_bc_restored_to_yesterday_writes_nothing_and_pauses,
        direction.test_bc_restored_to_before_contacts_were_made_deletes_nothing,
    ),
    "BC sandbox copied from production": (companies.test_bc_sandbox_copied_from_production,),
    "blocked, then unblocked": (
        scope.test_blocked_then_unblocked,
        folder.test_blocked_while_moved_out_goes_when_moved_back,
    ),
    "`toOutlook` with Outlook edits": (
        direction.test_to_outlook_edits_in_outlook_stand_until_bc_changes_that_very_field,
        direction.test_to_outlook_opened_later_lets_the_waiting_edits_flow,
    ),
    "a field cleared on either side": (
        direction.test_field_cleared_in_outlook_clears_in_bc,
        direction.test_field_cleared_in_bc_clears_in_outlook,
    ),
    "two mailboxes editing one field": (twins.test_two_mailboxes_editing_one_field,),
    "two mailboxes adding one person": (
        twins.test_two_mailboxes_adding_one_person_make_one_bc_contact,
        twins.test_person_whom_another_mailbox_is_just_adding_waits_and_is_paired,
    ),
    "a thirty-minute run with edits during it": (slices.test_thirty_minute_run_with_edits_during_it,),
    "`forever`, then added again by hand": (deletions.test_forever_then_added_again_by_hand,),
    "moved to a private folder, then a full sync": (folder.test_moved_to_a_private_folder_then_a_full_sync,),
    "a one-run wider filter": (previews.test_one_run_with_a_wider_filter_brings_in_and_removes_nothing,),
    "a BC deletion in an incremental run": (
        deletions.test_deletion_in_bc_reaches_outlook_in_an_incremental_run,
        deletions.test_deletion_is_noticed_although_another_contact_was_added,
    ),
    "a BC company deleted with its 200 people": (
        deletions.test_bc_company_deleted_with_its_two_hundred_people,
    ),
    "a parked contact edited": (
        retry.test_parked_contact_edited_in_bc_is_tried_again,
        retry.test_parked_contact_edited_in_outlook_is_tried_again,
    ),
}


def test_there_are_thirty() -> None:
    assert len(HISTORIES) == 30


@pytest.mark.parametrize("history", HISTORIES)
def test_history_is_played_in_a_world(history: str) -> None:
    for played in HISTORIES[history]:
        assert played.__name__.startswith("test_")
        assert "world" in played.__annotations__ or "two" in played.__annotations__
