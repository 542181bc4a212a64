"""The reference page of the configuration."""

from pathlib import Path

from config.page import page
from config.schema import RunConfig

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_page_is_what_the_schema_says():
    """A changed field changes the page: python -m config.page > docs/configuration.md"""
    assert PAGE.read_text() == page()


def test_every_field_says_what_it_means():
    """No field without a description, in no section."""
    assert "| None |" not in page()
    for name, section in RunConfig.model_json_schema()["$defs"].items():
        assert all(field.get("description") for field in section["properties"].values()), name
