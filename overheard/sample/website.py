"""The pages that the sample server has beside feeds and posts: the firm's own website, and a front page for the others.

Links are relative, so that the site can be read wherever the server happens to be. Pure.
"""

import json
from collections.abc import Mapping, Sequence
from html import escape

from overheard.sample.post import Post
from overheard.sample.publish import page
from overheard.sample.site import FIRM, SITES, Site

# Where the firm speaks itself. No account of that many characters can exist on x.
OWN_ACCOUNTS = ("https://x.com/SahyadriSpindles", "https://shopfloor.example/@sahyadrispindles")

_PRODUCTS = {
    "koyna-400": (
        "Koyna 400",
        "The heavy one. Turning up to 400 mm, box ways, a headstock that forgives.",
        (("Swing", "400 mm"), ("Between centres", "750 mm"), ("Spindle", "3,000 rpm, A2-6"), ("Weight", "4,800 kg")),
    ),
    "girna-250": (
        "Girna 250",
        "The one to learn on. Turning up to 250 mm, a control that explains itself, tool change in half a second.",
        (("Swing", "250 mm"), ("Between centres", "450 mm"), ("Spindle", "4,500 rpm, A2-5"), ("Weight", "2,900 kg")),
    ),
    "tapi-1000": (
        "Tapi 1000",
        "The turning centre. C axis, driven tools, probe and a light door. One clamping instead of three.",
        (("Swing", "420 mm"), ("Between centres", "1,000 mm"), ("Spindle", "4,000 rpm, A2-8"), ("Weight", "6,100 kg")),
    ),
}
_TEAM = (
    ("Ashwini Bhosrekar", "Managing Director"),
    ("Sharfuddin Kotwalwala", "Head of Service"),
    ("Venkatalakshmi Rajappan", "Head of Design"),
    ("Ninad Pendharwadkar", "Sales, West"),
)
_NAVIGATION = (
    ("", "Home"),
    ("products/", "Products"),
    ("team/", "People"),
    ("contact/", "Contact"),
    ("news/", "News"),
)


def front_page(world_sites: Sequence[Site] = SITES) -> str:
    """Return the page that lists the sites."""
    rows = "".join(f'<li><a href="/sites/{site.host}/">{escape(site.title)}</a></li>\n' for site in world_sites)
    note = "<p>Everything here is made up: the firm, the people, the machines and what is said of them.</p>"
    return page("The sample world", f"<h1>The sample world</h1>\n{note}\n<ul>\n{rows}</ul>")


def home_of(site: Site, posts: Sequence[Post]) -> str:
    """Return the first page of a site that is not the firm's: its newest posts, and its feed."""
    kinds = {"rss": "rss+xml", "rdf": "rdf+xml", "atom": "atom+xml"}
    head = ""
    if site.form in kinds:
        name = escape(site.title)
        head = f'<link rel="alternate" type="application/{kinds[site.form]}" title="{name}" href="feed.xml">\n'
    rows = "".join(
        f'<li><a href="posts/{post.key}">{escape(post.title or post.text[:70])}</a></li>\n'
        for post in reversed(posts[-20:])
    )
    return page(site.title, f"<h1>{escape(site.title)}</h1>\n<ul>\n{rows}</ul>", head)


def firm_pages(news: Sequence[Post]) -> Mapping[str, str]:
    """Return the pages of the firm's website by their path below it; "" is the home page."""
    found = {
        "": _firm_page("Sahyadri Spindles: lathes from Nashik", _HOME, "", data=_ORGANISATION),
        "products/": _firm_page("Products: Sahyadri Spindles", _product_list(), "../"),
        "team/": _firm_page("People: Sahyadri Spindles", _team(), "../"),
        "contact/": _firm_page("Contact: Sahyadri Spindles", _CONTACT, "../"),
        "news/": _firm_page("News: Sahyadri Spindles", _news(news), "../"),
    }
    for slug, (name, words, figures) in _PRODUCTS.items():
        rows = "".join(f"<tr><th>{what}</th><td>{much}</td></tr>" for what, much in figures)
        body = f"<h1>{name}</h1>\n<p>{words}</p>\n<table>{rows}</table>"
        data = {"@context": "https://schema.org", "@type": "Product", "name": name,
                "brand": {"@type": "Brand", "name": "Sahyadri Spindles"}, "description": words}  # fmt: skip
        found[f"products/{slug}/"] = _firm_page(f"{name}: Sahyadri Spindles", body, "../../", data=data)
    return found


_HOME = """<h1>Lathes that forgive</h1>
<p>Sahyadri Spindles has built CNC lathes in Nashik since 1987: the <a href="products/koyna-400/">Koyna 400</a>, the \
<a href="products/girna-250/">Girna 250</a> and the turning centre <a href="products/tapi-1000/">Tapi 1000</a>.</p>
<p>सह्याद्री स्पिंडल्स: नाशिक की लेथ मशीनें।</p>
<p>Coming from another make? Ask us how the Girna 250 compares with the Veltrani V5.</p>"""
_CONTACT = """<h1>Contact</h1>
<p>Sahyadri Spindles Pvt. Ltd., Plot 14, Ambad Road, Nashik 422010, India</p>
<p>Telephone <a href="tel:+912532000100">+91 253 200 0100</a>, \
<a href="mailto:sales@sahyadrispindles.example">sales@sahyadrispindles.example</a>, \
<a href="mailto:service@sahyadrispindles.example">service@sahyadrispindles.example</a></p>"""
_ORGANISATION = {
    "@context": "https://schema.org",
    "@type": "Organization",
    "name": "Sahyadri Spindles",
    "legalName": "Sahyadri Spindles Pvt. Ltd.",
    "alternateName": ["SahyadriSpindles", "सह्याद्री स्पिंडल्स"],
    "url": f"https://{FIRM.host}/",
    "email": f"sales@{FIRM.host}",
    "telephone": "+91 253 200 0100",
    "address": {"@type": "PostalAddress", "addressLocality": "Nashik", "postalCode": "422010", "addressCountry": "IN"},
    "sameAs": list(OWN_ACCOUNTS),
}


def _product_list() -> str:
    rows = "".join(f'<li><a href="{slug}/">{name}</a>: {words}</li>\n' for slug, (name, words, _) in _PRODUCTS.items())
    return f"<h1>Products</h1>\n<ul>\n{rows}</ul>"


def _team() -> str:
    rows = "".join(f"<li><h2>{name}</h2><p>{title}</p></li>\n" for name, title in _TEAM)
    return f"<h1>People</h1>\n<ul>\n{rows}</ul>"


def _news(news: Sequence[Post]) -> str:
    rows = "".join(f'<li><a href="../posts/{post.key}">{escape(post.title)}</a></li>\n' for post in reversed(news))
    return f"<h1>News</h1>\n<ul>\n{rows}</ul>"


def _firm_page(title: str, body: str, up: str, *, data: Mapping[str, object] | None = None) -> str:
    head = (
        f'<link rel="alternate" type="application/rss+xml" title="{FIRM.title}" href="{up}feed.xml">\n'
        '<meta property="og:site_name" content="Sahyadri Spindles">\n'
        '<meta name="description" content="CNC lathes and turning centres from Nashik">\n'
    )
    if data is not None:
        head += f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>\n'
    links = " ".join(f'<a href="{up}{path}">{name}</a>' for path, name in _NAVIGATION)
    accounts = " ".join(f'<a rel="me" href="{url}">{url.partition("//")[2]}</a>' for url in OWN_ACCOUNTS)
    return page(
        title,
        f"<header><nav>{links}</nav></header>\n<main>\n{body}\n</main>\n"
        f"<footer><p>© Sahyadri Spindles Pvt. Ltd. {accounts}</p></footer>",
        head,
    )
