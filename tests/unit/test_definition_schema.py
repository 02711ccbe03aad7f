"""The schema of a file of definitions, for other programs and for ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from b24app.actions import definition_schema
from b24app.actions.definition_schema import SCHEMA, problems

FILE = Path(__file__).parent.parent.parent / "docs" / "definitions.schema.json"


def test_the_schema_that_is_given_away_is_the_one_that_is_used():
    """When it changes: write ``definition_schema.written()`` into the file."""
    assert FILE.read_text() == definition_schema.written()


def test_every_part_of_the_schema_is_one_that_is_looked_at():
    """A keyword the reader does not know would be said and not be kept."""
    known = {"type", "enum", "maxLength", "minLength", "items", "maxItems", "minimum", "maximum"}
    known |= {"properties", "required", "additionalProperties", "const"}

    def keywords(schema: dict) -> set[str]:
        inner = [*schema.get("properties", {}).values()]
        inner += [schema["items"]] if "items" in schema else []
        return set(schema).union(*(keywords(part) for part in inner))

    assert keywords(SCHEMA) - {"$schema", "title", "description"} <= known


@pytest.mark.parametrize("value", [None, 1, "x", [], True])
def test_what_is_no_object_is_told_as_that(value):
    assert problems(value) == {"": "not_object"}


def test_of_many_faults_the_first_ten_are_told():
    assert len(problems({str(number): 0 for number in range(50)})) == 10
