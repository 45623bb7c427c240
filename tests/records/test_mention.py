"""A mention's one text."""

from hypothesis import given

from overheard.records import Mention
from tests.strategies import mentions


@given(mention=mentions)
def test_name_and_content_make_the_text_that_offsets_refer_to(mention: Mention) -> None:
    assert mention.text.startswith(mention.name)
    assert mention.text.endswith(mention.content)
    assert len(mention.text) == len(mention.name) + len(mention.content) + bool(mention.name and mention.content)
