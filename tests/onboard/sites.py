# ruff: noqa: E501  (pages as sites write them)
"""Sites of several kinds, of our own writing: invented firms, served on loopback."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_httpserver import HTTPServer

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    body: bytes
    content_type: str = HTML
    status: int = 200
    location: str = ""


Site = Mapping[str, Answer]


def html(body: str, *, head: str = "", lang: str = "") -> Answer:
    attribute = f' lang="{lang}"' if lang else ""
    return Answer(f"<!doctype html><html{attribute}><head>{head}</head><body>{body}</body></html>".encode())


_MENU = """<nav><a href="/products/">Products</a> <a href="/about-us">About us</a> <a href="/team">Our team</a>
<a href="/contact">Contact</a> <a href="/blog/">Blog</a> <a href="/why/korvane-vs-veltrani">Korvane vs Veltrani</a></nav>"""
_FOOT = """<footer>© 2019–2026 Korvane Machine Tools Pvt. Ltd. All rights reserved.
<a href="https://x.com/korvanetools">X</a> <a href="https://www.linkedin.com/company/korvane/">LinkedIn</a>
<a href="https://twitter.com/intent/tweet?text=hi">share</a> <a rel="me" href="https://mastodon.example/@korvane">M</a>
</footer>"""

MAKER: Site = {
    "/": html(
        f"""{_MENU}<h1>Lathes that stay quiet</h1><p>From ₹ 12,50,000. Made in Pune since 1987.</p>{_FOOT}""",
        head="""<title>Korvane – CNC lathes from Pune</title><meta property="og:site_name" content="Korvane">
        <link rel="alternate" type="application/rss+xml" title="Korvane blog" href="/blog/feed.xml">
        <link rel="alternate" type="application/rss+xml" title="Korvane blog comments" href="/blog/comments.xml">
        <script type="application/ld+json">{"@context":"https://schema.org","@graph":[
        {"@type":"Organization","name":"Korvane Machine Tools","legalName":"Korvane Machine Tools Private Limited",
         "alternateName":"कोरवाने","url":"/","founder":{"@type":"Person","name":"Dr. Revati Kelkar"},
         "address":{"@type":"PostalAddress","addressLocality":"Pune","addressCountry":"IN"},
         "sameAs":["https://www.youtube.com/@korvanetools"]}]}</script>""",
        lang="en-IN",
    ),
    "/products/": html(
        f"""{_MENU}<h1>Products</h1><h2>Girna 250</h2><a href="/products/girna-250">Girna 250</a>
        <h2>Koyna 400</h2><a href="/products/koyna-400">Read more</a>
        <h2>All our machines come with service</h2>{_FOOT}""",
        head="""<title>Products – Korvane</title><script type="application/ld+json">
        {"@type":"Product","name":"Girna 250","brand":{"@type":"Brand","name":"Korvane"}}</script>""",
        lang="en-IN",
    ),
    "/about-us": html(
        f"{_MENU}<h1>About Korvane</h1><p>A family firm.</p>{_FOOT}", head="<title>About – Korvane</title>"
    ),
    "/team": html(
        f"""{_MENU}<h1>Our team</h1><div><h3>Shri Anand Deshmukh</h3><p>Managing Director</p></div>
        <div><h3>Ines Okafor</h3><p>Service Engineer</p></div>{_FOOT}""",
        head="<title>Team – Korvane</title>",
    ),
    "/contact": html(
        f"""{_MENU}<p>Plot 7, Chakan, Pune 410501, India</p><a href="tel:+91 20 2712 3456">+91 20 2712 3456</a>
        <a href="mailto:sales@korvane.example">Mail</a>{_FOOT}""",
        head="<title>Contact – Korvane</title>",
    ),
    "/blog/": html(f"{_MENU}<h1>Blog</h1>{_FOOT}", head="<title>Blog – Korvane</title>"),
    "/why/korvane-vs-veltrani": html(
        f"{_MENU}<h1>Korvane vs Veltrani</h1><p>Less noise.</p>{_FOOT}", head="<title>Korvane vs Veltrani</title>"
    ),
    "/blog/feed.xml": Answer(
        # The whole text: where only a beginning came, the page would be asked, at an address that is not here.
        b"""<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
        <title>Korvane blog</title><item><title>Korvane Girna 250 is quiet</title>
        <link>https://korvane.example/blog/quiet</link><description>Quiet.</description>
        <content:encoded>Our Girna 250 runs at 60 dB.</content:encoded>
        <pubDate>Mon, 02 Mar 2026 08:00:00 GMT</pubDate></item></channel></rss>""",
        "application/rss+xml",
    ),
}

OLD: Site = {
    "/": Answer(
        b"""<HTML><HEAD><TITLE>Schr\xe4der Werkzeugbau GmbH</TITLE>
        <META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=iso-8859-1"></HEAD>
        <FRAMESET COLS="20%,80%"><FRAME SRC="menu.htm"><FRAME SRC="start.htm"><NOFRAMES>no frames</NOFRAMES></FRAMESET></HTML>""",
        "text/html",
    ),
    "/menu.htm": Answer(
        b"""<HTML><META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=iso-8859-1"><BODY BGCOLOR=white><TABLE><TR><TD>
        <A HREF="produkte.htm">Produkte</A><TR><TD><A HREF="impressum.htm">Impressum</A></TABLE></BODY>""",
        "text/html",
    ),
    "/start.htm": Answer(b"<BODY><CENTER><FONT SIZE=5>Willkommen bei Schr\xe4der</FONT></CENTER></BODY>", "text/html"),
    "/produkte.htm": Answer(
        b"<TITLE>Produkte</TITLE><BODY><H2>Pr\xe4zisa 12</H2><P>Fr\xe4smaschine<H2>Pr\xe4zisa 20</H2></BODY>",
        "text/html",
    ),
    "/impressum.htm": Answer(
        b"""<TITLE>Impressum</TITLE><BODY>Schr\xe4der Werkzeugbau GmbH<BR>Gesch\xe4ftsf\xfchrer: J\xf6rg Schr\xe4der<BR>
        Amtsgericht Ulm HRB 1234<BR>Tel. +49 731 1234567<BR>info@schraeder-werkzeugbau.example</BODY>""",
        "text/html",
    ),
}

SCRIPTED: Site = {
    "/": html(
        """<noscript>You need to enable JavaScript to run this app.</noscript><div id="root"></div>
        <script src="/static/main.js"></script>""",
        head='<title>Palomino Cloud</title><meta property="og:site_name" content="Palomino Cloud">',
        lang="en",
    )
}

HINDI: Site = {
    "/": html(
        """<a href="/utpad">उत्पाद</a> <a href="/ham">हमारे बारे में</a> <a href="/sampark">संपर्क</a>
        <h1>सह्याद्री स्पिंडल्स</h1><p>हम पुणे में शांत स्पिंडल बनाते हैं।</p><p>© 2026 सह्याद्री स्पिंडल्स प्राइवेट लिमिटेड। सर्वाधिकार सुरक्षित</p>""",
        head="<title>सह्याद्री स्पिंडल्स | पुणे</title>",
    ),
    "/utpad": html("<h1>उत्पाद</h1><h2>गिरणा 250</h2><h2>कोयना 400</h2>", head="<title>उत्पाद | सह्याद्री स्पिंडल्स</title>"),
    "/ham": html(
        "<h1>हमारे बारे में</h1><h3>श्री अनिल कुलकर्णी</h3><p>संस्थापक और प्रबंध निदेशक</p>",
        head="<title>हमारे बारे में | सह्याद्री स्पिंडल्स</title>",
    ),
    "/sampark": html("<p>फ़ोन: +91 20 2712 9999</p>", head="<title>संपर्क | सह्याद्री स्पिंडल्स</title>"),
}

CHINESE: Site = {
    "/": Answer(
        """<html><head><meta charset="gb2312"><title>岭川机床有限公司-首页</title></head><body>
        <a href="/chanpin/">产品中心</a><a href="/guanyu/">关于我们</a><h1>岭川机床</h1><p>我们生产数控车床，服务全国客户。</p>
        <p>版权所有 © 2026 岭川机床有限公司 粤ICP备00000000号</p></body></html>""".encode("gb18030"),
        "text/html; charset=gb2312",
    ),
    "/chanpin/": Answer(
        """<html><head><meta charset="gb2312"><title>产品中心</title></head><body><h2>岭川 CK6140</h2>
        <a href="/chanpin/ck6140.html">CK6140 数控车床</a></body></html>""".encode("gb18030"),
        "text/html; charset=gb2312",
    ),
    "/guanyu/": Answer(
        """<html><head><title>关于我们</title></head><body><h3>林巧</h3><p>总经理</p></body></html>""".encode(),
        "text/html; charset=utf-8",
    ),
}

ARABIC: Site = {
    "/": html(
        """<a href="/products">المنتجات</a><h1>شركة نهر الورش</h1><p>نصنع مخارط هادئة في القاهرة للورش الصغيرة.</p>
        <p>هاتف: +20 2 2735 4567</p>""",
        head="<title>نهر الورش</title>",
        lang="ar",
    ),
    "/products": html("<h1>المنتجات</h1><h2>مخرطة النيل 300</h2>", head="<title>المنتجات</title>", lang="ar"),
}

HOSTILE: Site = {
    "/": html(
        """<h1>\x1b[31mEvil\x07</h1><a href="javascript:alert(1)">x</a><a href="http://[broken/">y</a>
        <a href="/products">Products</a><p>© 2026 &lt;script&gt;alert("1")&lt;/script&gt; Evil "Quotes" \\ Ltd</p>""",
        head="""<title>Evil\u202egnp.exe | {{7*7}} ${x}</title><meta property="og:site_name" content='Evil "Quotes" \\ ]] ltd'>
        <script type="application/ld+json">{"@type":["Organization"],"name":"Evil \\u0000\\ud800 \\u202eQuotes","sameAs":[1,null,{"a":[]}]}
        </script><script type="application/ld+json">[[[[[[{"@graph":</script>
        <script type="application/ld+json">"""
        + "[" * 50_000
        + """</script>""",
    ),
    "/products": html(
        "<h2>'''; drop table</h2><h2>=cmd|' /C calc'!A0</h2><h2>" + "w" * 100_000 + "</h2>" + "<div>" * 50_000,
        head="<title>Products | Evil</title>",
    ),
}

EMPTY: Site = {"/": Answer(b"")}
NO_MARKUP: Site = {"/": Answer(b"\x00\xff\xfe\x00 just bytes", "application/octet-stream")}


def serve(server: HTTPServer, site: Site) -> str:
    """Serve a site, and return what a person would type for it."""
    for path, answer in site.items():
        headers = {"Location": answer.location} if answer.location else {}
        server.expect_request(path).respond_with_data(
            answer.body, status=answer.status, content_type=answer.content_type, headers=headers
        )
    server.expect_request(re.compile(".*")).respond_with_data("not here", status=404)
    return f"{server.host}:{server.port}"
