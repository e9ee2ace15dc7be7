"""What the contract leaves open, as switches with its defaults (contracts/business-central.md §16)."""

from __future__ import annotations

from collections.abc import Mapping

DEFAULTS: Mapping[str, str] = {
    # (a) how a body is walked: "json" (as sent) or "page" (the order of the page's fields)
    "bc_validation_order": "json",
    # (b) the code for an id that does not exist
    "bc_missing_id_code": "BadRequest_ResourceNotFound",
    # (c) 400 or 409 for a number that is taken
    "bc_duplicate_key_status": "400",
    # (d) what the app user may do with contacts: "full", "read", "none"; and how a refusal looks
    "bc_contact_permission": "full",
    "bc_permission_status": "403",
    "bc_permission_code": "Authorization_PermissionDenied",
    # (e) how a failed handshake is refused
    "bc_handshake_error_code": "BadRequest",
    # (f) whether a 429 carries Retry-After
    "bc_retry_after_on_429": "true",
    # (g) whether `Prefer: odata.continue-on-error` is honoured
    "bc_continue_on_error": "true",
    # (h) `eq` and the text functions; whether * ? @ inside a value act as filter characters
    "bc_text_case": "sensitive",
    "bc_wildcards": "false",
    # (i) `id` in a body: "refuseDifferent", "refuse", "ignore"
    "bc_id_in_body": "refuseDifferent",
    # (j) the code for letters in a phone number; the one for an unknown enum member
    "bc_phone_error_code": "Application_DialogException",
    "bc_enum_error_code": "Unknown",
    # (k) the order without $orderby: "number", "id", "lastModifiedDateTime"
    "bc_default_order": "number",
    # (l) the refusal of a subscription too many
    "bc_subscription_cap": "200",
    "bc_subscription_cap_status": "400",
    # (m) whether contacts may be subscribed to
    "bc_contacts_have_webhooks": "true",
    # status of "wrong company" and of a stale ETag
    "bc_company_not_found_status": "404",
    "bc_stale_status": "409",
    # DELETE: "whenSent" checks If-Match only where it came, "required" insists
    "bc_delete_if_match": "whenSent",
    # a skiptoken whose row is gone: "refuse" or "continue"
    "bc_deleted_skiptoken": "refuse",
    # 80 before version 27
    "bc_website_length": "255",
    "bc_manual_numbers": "false",
    # Marketing Setup and G/L Setup
    "bc_inherit_country": "true",
    "bc_inherit_address": "true",
    "bc_inherit_communication": "true",
    "bc_default_country": "",
    "bc_country_required_in_address": "false",
    # which localisation's post codes the company has; "" = all of them
    "bc_localization": "",
    "bc_trim_text": "false",
    # the language of messages where Accept-Language is not sent: "en-US" or "de-DE"
    "bc_tenant_language": "en-US",
    # seconds between a change and its notification; more pending changes than this become a collection
    "bc_notification_delay": "30",
    "bc_collection_threshold": "1000",
    "bc_max_page": "20000",
}


class Switches:
    """Reads the shared, mutable dictionary at the moment of use; an absent key has the contract's default."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        return self._values.get(name, DEFAULTS[name])

    def flag(self, name: str) -> bool:
        return self.text(name) == "true"

    def number(self, name: str) -> int:
        return int(self.text(name))

    def seconds(self, name: str) -> float:
        return float(self.text(name))
