"""The part of OData that Business Central understands (contracts/business-central.md §5), as an evaluator.

Deliberately apart from the product: it parses the text that would go over the wire, refuses whatever the server
answers with 501, and can compare texts with or without their letter case, as servers were seen to do either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<moment>\d{4}-\d\d-\d\dT[\d:.]+Z)|(?P<day>\d{4}-\d\d-\d\d)"
    r"|(?P<word>[A-Za-z]\w*)|(?P<sign>[(),]))",
    re.DOTALL,
)
FUNCTIONS = frozenset({"startswith", "endswith", "contains"})
MOMENTS = frozenset({"lastModifiedDateTime"})


class NotImplementedByServerError(Exception):
    """What Business Central answers with 501, or with 400 for a query it cannot read."""


@dataclass(frozen=True)
class Node:
    fields: frozenset[str]
    holds: Callable[[Mapping[str, str]], bool]


def satisfies(record: Mapping[str, str], query: str, *, case_sensitive: bool) -> bool:
    return not query or Evaluator(query, case_sensitive).node().holds(record)


class Evaluator:
    def __init__(self, query: str, case_sensitive: bool) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(query):
            found = TOKEN.match(query, at)
            if found is None or found.lastgroup is None:
                raise NotImplementedByServerError(query[at:])
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self.at = 0
        self.fold: Callable[[str], str] = (lambda text: text) if case_sensitive else str.lower

    def node(self) -> Node:
        node = self.any_of()
        if self.at != len(self.tokens):
            raise NotImplementedByServerError(str(self.tokens[self.at :]))
        return node

    def any_of(self) -> Node:
        nodes = [self.all_of()]
        while self.take("or"):
            nodes.append(self.all_of())
        fields = frozenset().union(*(node.fields for node in nodes))
        if len(nodes) > 1 and len(fields) > 1:
            raise NotImplementedByServerError("The 'OR' operator is not supported on distinct fields")
        return Node(fields, lambda record: any(node.holds(record) for node in nodes))

    def all_of(self) -> Node:
        nodes = [self.one()]
        while self.take("and"):
            nodes.append(self.one())
        fields = frozenset().union(*(node.fields for node in nodes))
        return Node(fields, lambda record: all(node.holds(record) for node in nodes))

    def one(self) -> Node:
        if self.take("("):
            node = self.any_of()
            self.expect(")")
            return node
        word = self.word()
        if word in FUNCTIONS:
            return self.function(word)
        field, key = word, self.fold
        if word == "tolower":
            self.expect("(")
            field, key = self.word(), str.lower
            self.expect(")")
        relation = self.word()
        kind, literal = self.next()
        if (kind == "moment") != (field in MOMENTS):
            raise NotImplementedByServerError(f"{field} with {literal}")
        right = key(text_of(literal))

        def holds(record: Mapping[str, str]) -> bool:
            left = record[field]
            if kind == "moment":
                return related(datetime.fromisoformat(left), relation, datetime.fromisoformat(literal))
            return related(key(left), relation, right)

        return Node(frozenset({field}), holds)

    def function(self, name: str) -> Node:
        self.expect("(")
        field = self.word()
        self.expect(",")  # a nested call such as tolower(x) has its parenthesis here: only from schema 2.1 on
        piece = self.fold(text_of(self.next()[1]))
        self.expect(")")
        test = {"startswith": str.startswith, "endswith": str.endswith, "contains": str.__contains__}[name]
        return Node(frozenset({field}), lambda record: test(self.fold(record[field]), piece))

    def next(self) -> tuple[str, str]:
        if self.at == len(self.tokens):
            raise NotImplementedByServerError("unexpected end")
        self.at += 1
        return self.tokens[self.at - 1]

    def word(self) -> str:
        kind, text = self.next()
        if kind != "word" or text in {"not", "in"}:
            raise NotImplementedByServerError(text)
        return text

    def take(self, text: str) -> bool:
        found = self.at < len(self.tokens) and self.tokens[self.at][1] == text
        self.at += found
        return found

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise NotImplementedByServerError(f"{text} expected at {self.tokens[self.at :]}")


def text_of(literal: str) -> str:
    return literal[1:-1].replace("''", "'") if literal.startswith("'") else literal


def related(left: str | datetime, relation: str, right: str | datetime) -> bool:
    match relation:
        case "eq":
            return left == right
        case "ne":
            return left != right
        case "gt" | "ge" | "lt" | "le" if isinstance(left, str) and isinstance(right, str):
            return ordered(relation, (left > right) - (left < right))
        case "gt" | "ge" | "lt" | "le" if isinstance(left, datetime) and isinstance(right, datetime):
            return ordered(relation, (left > right) - (left < right))
        case _:
            raise NotImplementedByServerError(relation)


def ordered(relation: str, sign: int) -> bool:
    return {"gt": sign > 0, "ge": sign >= 0, "lt": sign < 0, "le": sign <= 0}[relation]
