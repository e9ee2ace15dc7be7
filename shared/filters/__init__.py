"""The filter language: which Business Central contacts a user wants to see (spec/sync-rules.md §8).

`parse_filter` makes a `Filter` of what the user wrote; `Filter.matches` is what it means, `Filter.odata` a
superset to ask the server for.
"""

from shared.filters.filter import EMPTY, Filter, parse_filter

__all__ = ["EMPTY", "Filter", "parse_filter"]
