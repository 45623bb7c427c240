# ruff: noqa: SIM905  (word lists read better as text)
"""The words that sites use for their pages and people, in the languages that firms write most, by general knowledge.

What is not here is read less well and never wrongly: a page of an unknown kind is not asked for, a title not taken.
"""

import re
from collections.abc import Mapping
from typing import Literal

from overheard.text import fold

PageKind = Literal["products", "about", "team", "contact", "news", "compare"]

# Latin words are the whole word of a path or link text ("about-us", "About us"); others stand anywhere in it, since
# Chinese parts no words and Arabic joins the article.
PAGE_WORDS: Mapping[PageKind, frozenset[str]] = {
    "products": frozenset(
        "product products produkt produkte produkter produkty produit produits producto productos produto produtos "
        "prodotti prodotto producten solutions solution lösungen loesungen machines machine maschinen machinery range "
        "menu catalog catalogue katalog catalogo shop store sortiment ürünler "
        "urunler उत्पाद प्रोडक्ट मशीनें 产品 產品 製品 商品 "
        "제품 продукц продукты изделия товары منتجات المنتجات מוצרים προϊόντα สินค้า sản-phẩm".split()
    ),
    "about": frozenset(
        "about aboutus company profile whoweare unternehmen firma ueber über apropos propos entreprise quienes "
        "quiénes sobre nosotros empresa azienda siamo over oss nas hakkimizda hakkımızda परिचय बारे कंपनी 关于 關於 "
        "公司简介 会社概要 企業情報 회사소개 о-нас компани عن نحن אודות".split()
    ),
    "team": frozenset(
        "team people leadership management founders board staff equipe équipe equipo squadra zespol zespół ekip "
        "ansprechpartner टीम नेतृत्व प्रबंधन 团队 團隊 管理层 経営陣 役員 팀 команда руководство فريق الإدارة צוות".split()
    ),
    "contact": frozenset(
        "contact contacts contactus kontakt contacto contatti contato contactez impressum imprint iletisim iletişim "
        "संपर्क सम्पर्क 联系 聯繫 聯絡 お問い合わせ 연락 контакт اتصل تواصل צור-קשר επικοινωνία".split()
    ),
    "news": frozenset(
        "news blog press newsroom journal updates aktuelles neuigkeiten presse actualites actualités noticias notizie "
        "nieuws nyheter aktualnosci aktualności haberler समाचार ब्लॉग 新闻 新聞 资讯 ニュース 뉴스 "
        "новости أخبار חדשות".split()
    ),
    "compare": frozenset(
        "vs versus compare comparison alternative alternatives vergleich comparatif 对比 比較".split()
    ),
}

# Job titles. With those of the first list somebody speaks for the firm, and is proposed to be watched by name.
_TOP = (
    "ceo cto cfo coo cmo chief founder cofounder co-founder founders owner proprietor director president chairman "
    "chairwoman chairperson chair geschäftsführer geschäftsführerin geschaeftsfuehrer inhaber inhaberin vorstand "
    "geschäftsführender geschäftsführende gesellschafter gesellschafterin "
    "gründer gründerin gérant gérante directeur directrice fondateur fondatrice pdg fundador fundadora director "
    "directora presidente amministratore fondatore direttore diretor prezes "
    "निदेशक संस्थापक अध्यक्ष मालिक 总经理 董事长 创始人 "
    "首席 總經理 董事長 代表取締役 社長 代表 대표 директор основатель генеральный президент المدير مؤسس الرئيس רئيس מנכ"
)
_OTHER = (
    "head manager engineer partner lead leader officer vp vice secretary treasurer advisor consultant scientist "
    "designer developer specialist executive coordinator supervisor leiter leiterin leitung ingenieur responsable "
    "chef gerente jefe ingeniero responsabile ingegnere मैनेजर प्रबंधक अभियंता प्रमुख मुख्य 经理 工程师 主任 部長 課長 팀장 "
    "менеджер инженер начальник مهندس مدير"
)
TOP_TITLES = frozenset(_TOP.split())
TITLES = TOP_TITLES | frozenset(_OTHER.split())

# What stands where a product's or a person's name might, and is none.
GENERIC = frozenset(
    "home products product services service solutions about contact contacts team news blog press careers jobs login "
    "shop store cart search menu more details features overview pricing support downloads download brochure catalogue "
    "catalog applications application industries gallery videos video faq faqs testimonials clients customers partners "
    "quality privacy terms conditions policy legal sitemap english hindi enquiry inquiry quote imprint impressum "
    "datenschutz agb cookies mission vision values history address phone email follow subscribe newsletter copyright "
    "categories category accessories specifications documentation docs range all view read learn buy order now why our "
    "the us we you your new other others related popular featured latest events company profile management leadership "
    "kontakt produkte über uns startseite aktuelles karriere accueil produits inicio productos next previous back top "
    "technical data datasheet benefits advantages key options equipment material dimensions reviews description filter "
    "sort by price in stock integrations overview technische daten ihre unsere vorteile anwendungen anwendung merkmale "
    "ausstattung zubehör optionen leistungen referenzen übersicht caractéristiques techniques avantages "
    "características técnicas ventajas dati tecnici vantaggi "
    "होम उत्पाद संपर्क समाचार हमारे बारे में हमारी टीम और पढ़ें "
    "首页 产品 关于我们 联系我们 新闻 公司 更多 产品中心 公司简介 企业文化 联系方式 技术参数 产品特点 应用领域 "
    "الرئيسية المنتجات اتصل بنا".split()
)


def words(text: str) -> tuple[str, ...]:
    """Return the folded words of a text, path or identifier; marks of Indic scripts stay in their word."""
    return tuple(re.findall(r"[^\W_](?:[^\W_]|[\u0900-\u0dff\u064b-\u065f])*", fold(text)))


def page_kind(path: str, text: str) -> PageKind | None:
    """Return what a link leads to by the words of its path (unquoted) and text; None where they do not say.

    The path counts first: a text may be a sentence.
    """
    for said in (path, text[:80]):
        folded, found = fold(said), set(words(said))
        for kind in ("compare", "team", "contact", "products", "about", "news"):
            for word in PAGE_WORDS[kind]:
                if word in found or (not word.isascii() and ord(word[0]) > 0x36F and word in folded):
                    return kind
    return None


def is_title(text: str) -> bool:
    """True for a text that reads as somebody's job title."""
    return _holds(text, TITLES)


def is_top_title(text: str) -> bool:
    """True for the title of somebody who speaks for the firm."""
    return _holds(text, TOP_TITLES)


def is_generic(text: str) -> bool:
    """True for a text of nothing but words that stand in every menu."""
    found = words(text)
    return all(word in GENERIC for word in found)


def _holds(text: str, titles: frozenset[str]) -> bool:
    if not 0 < len(text) <= 80:
        return False
    folded = fold(text)
    found = set(words(text))
    return any(
        title in found or (ord(title[0]) > 0x36F and title in folded) or title in folded.split() for title in titles
    )
