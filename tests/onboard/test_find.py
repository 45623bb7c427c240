"""What is found on pages of several kinds of firms, all invented."""

from overheard.onboard.page import Page, read_page
from overheard.onboard.propose import company_aliases, product_aliases, terms_named
from overheard.onboard.site import Findings, find, name_of_domain, pages_to_read

AT = "https://orlo.example"


def page(path: str, body: str, title: str = "Orlo") -> Page:
    return read_page(f"<html><title>{title}</title><body>{body}</body></html>".encode(), url=AT + path)


def test_a_price_beside_a_product_is_no_part_of_its_name() -> None:
    shop = page(
        "/shop/",
        """<a href="/product/hive"><h2>Prairie Hive</h2><span>$189.00</span></a>
        <a href="/product/smoker"><h2>Steady Smoker</h2><span>from € 45,00</span></a>
        <a href="/product/cake">Mawa Cake - ₹240/kg</a> <a href="/product/boot">The Kinder 285.00 GBP</a>
        <a href="/product/koyna">Koyna 400</a>""",
    )
    assert find([shop]).products == ("Prairie Hive", "Steady Smoker", "Mawa Cake", "The Kinder", "Koyna 400")


def test_the_parts_of_a_products_own_page_are_no_products() -> None:
    listing = page("/produkte/", '<h1>Produkte</h1><a href="/produkte/orlo-12">Orlo 12</a><h2>Aquajet</h2>')
    one = page("/produkte/orlo-12", "<h1>Orlo 12</h1><h2>Ausstattung</h2><h2>Zubehör</h2><h2>Orlo 14 duo</h2>")
    assert find([listing, one]).products == ("Orlo 12", "Aquajet", "Orlo 14 duo")


def test_headings_that_stand_on_any_page_of_products_are_none() -> None:
    listing = page(
        "/products/",
        "<h1>Products</h1><h2>Technische Daten</h2><h2>Ihre Vorteile</h2><h2>Technical Data</h2><h2>Key Benefits</h2>"
        "<h2>Integrations</h2><h2>Filter By Price</h2><h2>Caractéristiques Techniques</h2><h2>技术参数</h2>",
    )
    assert find([listing]).products == ()


def test_a_heading_above_the_products_of_its_kind_is_no_product() -> None:
    menu = page("/menu", "<h1>Our Menu</h1><h2>Cakes</h2><h3>Mawa Cake</h3><p>Rich</p><h3>Photo Cake</h3>")
    assert find([menu]).products == ("Mawa Cake", "Photo Cake")


def test_a_name_in_two_languages_and_one_with_an_ampersand_are_heard_in_each_form() -> None:
    assert product_aliases("Mawa Cake / मावा केक") == ("Mawa Cake", "मावा केक")
    (cake,) = terms_named(["Mawa Cake / मावा केक"], "own-product", ())
    assert terms_named(["Mawa Cake / मावा केक"], "own-product", [cake]) == (cake,)
    assert product_aliases("PC/104") == ("PC/104",)
    assert "Moor and Flint" in company_aliases(Findings(), "Moor & Flint", ())


def test_who_speaks_for_a_german_firm_is_found_among_its_contacts() -> None:
    team = page(
        "/ansprechpartner/",
        "<h3>Dipl.-Ing. (FH) Mats Orlo</h3><p>Geschäftsführender Gesellschafter</p><h3>Ida Wöhr</h3>"
        "<p>Leitung Vertrieb</p>",
    )
    assert [(person.name, person.speaks) for person in find([team]).people] == [
        ("Mats Orlo", True),
        ("Ida Wöhr", False),
    ]


def test_a_heading_of_a_chinese_page_is_no_person() -> None:
    about = page("/about.html", "<h2>公司简介</h2><p>总经理:王建国</p><h2>联系方式</h2><p>经理</p>")
    assert [person.name for person in find([about]).people] == ["王建国"]


def test_an_imprint_is_read_beside_the_contact_page_and_a_menu_is_a_list_of_products() -> None:
    home = page(
        "/", '<a href="/kontakt/">Kontakt</a> <a href="/impressum/">Impressum</a> <a href="/menu.html">Menu</a>'
    )
    assert pages_to_read([home]) == (f"{AT}/menu.html", f"{AT}/kontakt/", f"{AT}/impressum/")


def test_a_firm_is_called_as_its_domain_where_nothing_else_is_known() -> None:
    assert [name_of_domain(one) for one in ("orlo.example", "127.0.0.1:8080", "localhost:8080", "")] == [
        "Orlo",
        "",
        "",
        "",
    ]
