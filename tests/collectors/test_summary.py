import pytest

from overheard.collectors.feeds.summary import SHORT, is_summary

LONG = "A sentence that says a thing about lathes. " * 40


@pytest.mark.parametrize(
    "end",
    [
        "and then […]",
        "and then [...]",
        "and then […] →",
        "and then…",
        "and then ...",
        "and then.\nRead more",
        "and then. Continue reading →",
        "and then. Read the full story",
        "and then.\nMore »",
        "dann. Weiterlesen",
        "und dann. Mehr lesen »",
        "et puis. Lire la suite",
        "y luego. Leer más",
        "e depois. Leia mais",
        "e poi. Continua a leggere",
        "en dan. Lees verder",
        "och sedan. Läs mer",
        "i potem. Czytaj dalej",
        "и потом. Читать далее →",
        "और पढ़ें",
        "続きを読む",
        "阅读全文",
        "더 읽기",
        "baca selengkapnya",
        "and then […]\nThe post Lathes appeared first on The Shop.",
    ],
)
def test_a_text_that_leads_on_is_a_summary_however_long_and_in_whichever_element(end: str) -> None:
    assert is_summary(LONG + end, title="Lathes", has_content=False)
    assert is_summary(f"Short. {end}", title="Lathes", has_content=True)


@pytest.mark.parametrize(
    "end",
    [
        "and much more.",
        "We want more",
        "Nobody reads more than he does.",
        "it was 1....",
        "The post Lathes appeared first on The Shop.",
        "Please read the manual.",
        "da lesen sie mehr Bücher.",
    ],
)
def test_a_long_text_that_ends_like_any_other_is_none(end: str) -> None:
    assert not is_summary(LONG + end, title="Lathes", has_content=False)
    assert not is_summary(LONG + end, title="Lathes", has_content=True)


def test_a_short_description_under_a_title_is_a_summary_and_a_short_content_is_none() -> None:
    assert is_summary("Three words long.", title="Lathes", has_content=False)
    assert not is_summary("Three words long.", title="Lathes", has_content=True)
    assert not is_summary("x" * SHORT, title="Lathes", has_content=False)


def test_characters_that_say_more_count_for_more() -> None:
    assert is_summary("旋盤。" * 40, title="旋盤", has_content=False)
    assert not is_summary("旋盤の話。" * 50, title="旋盤", has_content=False)


def test_a_note_without_a_title_is_whole() -> None:
    assert not is_summary("Just a thought…", title="", has_content=False)


def test_the_notes_of_a_recording_are_whole() -> None:
    assert not is_summary("We talk.", title="12", has_content=False, is_media=True)
    assert not is_summary("", title="12", has_content=False, is_media=True)


def test_no_text_at_all_is_a_summary() -> None:
    assert is_summary(" ", title="Lathes", has_content=False)
    assert is_summary("", title="", has_content=False)
