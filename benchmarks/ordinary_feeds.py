# ruff: noqa: E501  what programs write in one line stays in one
"""Ordinary feeds as the programs that most of the web runs on write them, made by a seeded generator.

Twelve dialects: the elements, namespaces, order and habits of WordPress, Ghost, Substack, Medium, Blogger, YouTube,
podcast hosts, static site generators (Atom, xhtml), news sites, RDF, forums and microblogs. All words are made up.
"""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

_SYLLABLES = (  # noqa: SIM905  a list of 39 would hide what they are
    "ka ri to len mo sa vi ur dan el pra shi no te ma gol ber in sta fe qui lo ran mi de tus ar ven co pul"
    " ção ñe über żó ić ště ção 機 械 です"
).split()
_START = datetime(2026, 4, 20, 9, 30, tzinfo=UTC)


class Writer:
    """Writes words, paragraphs and entries; the same seed writes the same."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def word(self) -> str:
        return "".join(self._random.choices(_SYLLABLES, k=self._random.randint(1, 4)))

    def words(self, low: int, high: int) -> str:
        return " ".join(self.word() for _ in range(self._random.randint(low, high)))

    def sentence(self) -> str:
        ends = self._random.choice([".", ".", ".", "?", "!", "’s.", " – “so”.", " & more."])
        return self.words(5, 18).capitalize() + ends

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def name(self) -> str:
        return f"{self.word().capitalize()} {self.word().capitalize()}"

    def html(self, paragraphs: int) -> str:
        parts: list[str] = []
        for _ in range(paragraphs):
            text = escape(" ".join(self.sentence() for _ in range(self._random.randint(2, 5))))
            kind = self._random.random()
            if kind < 0.45:
                parts.append(f"<p>{text}</p>")
            elif kind < 0.65:
                link = f"https://www.{self.number(1, 99)}.example/a?b={self.number(1, 9)}&amp;utm_source=x"
                parts.append(
                    f'<p>{text} <a href="{link}" target="_blank" rel="noopener"><strong>{self.word()}</strong></a>.</p>'
                )
            elif kind < 0.75:
                parts.append(
                    f'<figure class="wp-block-image size-large"><img loading="lazy" decoding="async" width="1024" '
                    f'height="683" src="https://cdn.example/{self.number(1, 999)}.jpg" alt="{self.words(2, 5)}" '
                    f'srcset="https://cdn.example/a-300.jpg 300w, https://cdn.example/a-768.jpg 768w" '
                    f'sizes="(max-width: 1024px) 100vw, 1024px" /><figcaption>{self.words(3, 8)}</figcaption></figure>'
                )
            elif kind < 0.85:
                parts.append("<ul>" + "".join(f"<li>{escape(self.sentence())}</li>" for _ in range(4)) + "</ul>")
            elif kind < 0.92:
                parts.append(f'<h2 class="wp-block-heading" id="{self.number(1, 99)}">{self.words(2, 6)}</h2>')
            else:
                parts.append(
                    f"<blockquote><p>{text}</p></blockquote>\n<pre><code>{self.words(4, 9)} &lt;x&gt;</code></pre>"
                )
        return "\n\n\n\n".join(parts)


def _rfc822(i: int) -> str:
    return format_datetime(_START - timedelta(hours=7 * i))


def _rfc3339(i: int) -> str:
    return (_START - timedelta(hours=7 * i)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _cdata(text: str) -> str:
    return f"<![CDATA[{text}]]>"


def wordpress(w: Writer, entries: int) -> str:
    items = "".join(
        f"""<item>
		<title>{escape(w.words(4, 10))} &#8211; {w.word()}</title>
		<link>https://blog.example/2026/04/{i}-{w.number(1, 999)}/</link>
					<comments>https://blog.example/2026/04/{i}/#respond</comments>

		<dc:creator>{_cdata(w.name())}</dc:creator>
		<pubDate>{_rfc822(i)}</pubDate>
				<category>{_cdata(w.word())}</category>
		<category>{_cdata(w.words(1, 2))}</category>
		<guid isPermaLink="false">https://blog.example/?p={1000 + i}</guid>

					<description>{_cdata("<p>" + escape(w.words(40, 55)) + " [&#8230;]</p>")}</description>
										<content:encoded>{_cdata(w.html(9))}</content:encoded>

					<wfw:commentRss>https://blog.example/2026/04/{i}/feed/</wfw:commentRss>
			<slash:comments>{w.number(0, 20)}</slash:comments>
		<media:content url="https://1.gravatar.example/avatar/{i}?s=96" medium="image"><media:title type="html">{w.word()}</media:title></media:content>
			</item>
		"""
        for i in range(entries)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
	xmlns:content="http://purl.org/rss/1.0/modules/content/"
	xmlns:wfw="http://wellformedweb.org/CommentAPI/"
	xmlns:dc="http://purl.org/dc/elements/1.1/"
	xmlns:atom="http://www.w3.org/2005/Atom"
	xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"
	xmlns:slash="http://purl.org/rss/1.0/modules/slash/"
	xmlns:georss="http://www.georss.org/georss" xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#" xmlns:media="http://search.yahoo.com/mrss/">
<channel>
	<title>{w.words(2, 4)}</title>
	<atom:link href="https://blog.example/feed/" rel="self" type="application/rss+xml" />
	<link>https://blog.example</link>
	<description>{w.sentence()}</description>
	<lastBuildDate>{_rfc822(0)}</lastBuildDate>
	<language>en-US</language>
	<sy:updatePeriod>
	hourly	</sy:updatePeriod>
	<sy:updateFrequency>
	1	</sy:updateFrequency>
	<generator>https://wordpress.org/?v=6.8</generator>
<image><url>https://blog.example/icon.png</url><title>{w.words(2, 4)}</title><link>https://blog.example</link><width>32</width><height>32</height></image>
<cloud domain='blog.example' port='80' path='/?rsscloud=notify' registerProcedure='' protocol='http-post' />
	{items}</channel>
</rss>
"""


def ghost(w: Writer, entries: int) -> str:
    items = "".join(
        f"""<item><title>{_cdata(w.words(3, 9))}</title><description>{_cdata(w.sentence())}</description>"""
        f"""<link>https://ghost.example/{i}-{w.number(1, 99)}/</link><guid isPermaLink="false">{i:024x}</guid>"""
        f"""<category>{_cdata(w.word())}</category><dc:creator>{_cdata(w.name())}</dc:creator>"""
        f"""<pubDate>{_rfc822(i).replace("+0000", "GMT")}</pubDate><media:content url="https://ghost.example/{i}.jpg" medium="image"/>"""
        f"""<content:encoded>{_cdata(w.html(10))}</content:encoded></item>"""
        for i in range(entries)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom" version="2.0" '
        f'xmlns:media="http://search.yahoo.com/mrss/"><channel><title>{_cdata(w.words(1, 3))}</title>'
        f"<description>{_cdata(w.sentence())}</description><link>https://ghost.example/</link><image><url>"
        "https://ghost.example/favicon.png</url><title>g</title><link>https://ghost.example/</link></image>"
        f"<generator>Ghost 5.90</generator><lastBuildDate>{_rfc822(0)}</lastBuildDate>"
        '<atom:link href="https://ghost.example/rss/" rel="self" type="application/rss+xml"/>'
        f"<ttl>60</ttl>{items}</channel></rss>"
    )


def substack(w: Writer, entries: int) -> str:
    items = "".join(
        f"<item><title>{_cdata(w.words(3, 9))}</title><description>{_cdata(w.sentence())}</description>"
        f'<link>https://letters.example/p/{i}</link><guid isPermaLink="false">https://letters.example/p/{i}</guid>'
        f"<dc:creator>{_cdata(w.name())}</dc:creator><pubDate>{_rfc822(i).replace('+0000', 'GMT')}</pubDate>"
        f'<enclosure url="https://images.example/{i}.jpeg" length="0" type="image/jpeg"/>'
        f"<content:encoded>{_cdata(w.html(16))}</content:encoded></item>"
        for i in range(entries)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom" version="2.0" '
        'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:googleplay="http://www.google.com/schemas/play-podcasts/1.0">'
        f"<channel><title>{_cdata(w.words(1, 3))}</title><description>{_cdata(w.sentence())}</description>"
        "<link>https://letters.example</link><image><url>https://images.example/i.png</url><title>l</title>"
        "<link>https://letters.example</link></image><generator>Substack</generator>"
        '<atom:link href="https://letters.example/feed" rel="self" type="application/rss+xml"/>'
        f"<copyright>{_cdata(w.name())}</copyright><language>{_cdata('en')}</language>"
        "<webMaster><![CDATA[letters@substack.example]]></webMaster><itunes:owner><itunes:email><![CDATA[l@s.example]]>"
        "</itunes:email><itunes:name><![CDATA[L]]></itunes:name></itunes:owner><itunes:author><![CDATA[L]]></itunes:author>"
        f"<googleplay:owner><![CDATA[l@s.example]]></googleplay:owner><itunes:block>Yes</itunes:block>{items}</channel></rss>"
    )


def medium(w: Writer, entries: int) -> str:
    items = "".join(
        f"""
        <item>
            <title>{_cdata(w.words(4, 9))}</title>
            <link>https://medium.example/@{w.word()}/{i:012x}?source=rss-{i:08x}------2</link>
            <guid isPermaLink="false">https://medium.example/p/{i:012x}</guid>
            <category>{_cdata(w.word())}</category>
            <category>{_cdata(w.word())}</category>
            <dc:creator>{_cdata(w.name())}</dc:creator>
            <pubDate>{_rfc822(i).replace("+0000", "GMT")}</pubDate>
            <atom:updated>{_rfc3339(i).replace("Z", ".123Z")}</atom:updated>
            <content:encoded>{_cdata(w.html(12))}</content:encoded>
        </item>"""
        for i in range(entries)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom" version="2.0" '
        f'xmlns:cc="http://cyber.law.harvard.edu/rss/creativeCommonsRssModule.html">\n<channel><title>{_cdata(w.words(1, 3))}</title>'
        f"<description>{_cdata(w.sentence())}</description><link>https://medium.example</link>"
        f"<generator>Medium</generator><lastBuildDate>{_rfc822(0)}</lastBuildDate>"
        '<atom:link href="https://medium.example/feed" rel="self" type="application/rss+xml"/>'
        "<webMaster><![CDATA[yourfriends@medium.example]]></webMaster>"
        f'<atom:link href="http://medium.superfeedr.example" rel="hub"/>{items}</channel></rss>'
    )


def blogger(w: Writer, entries: int) -> str:
    items = "".join(
        f"<entry><id>tag:blogger.com,1999:blog-12.post-{i}</id><published>{_rfc3339(i).replace('Z', '.000-07:00')}</published>"
        f"<updated>{_rfc3339(i).replace('Z', '.123-07:00')}</updated>"
        f'<category scheme="http://www.blogger.com/atom/ns#" term="{w.word()}"></category><title type=\'text\'>{w.words(3, 8)}</title>'
        f"<content type='html'>{escape(w.html(8))}</content>"
        f"<link rel='replies' type='application/atom+xml' href='https://b.blogspot.example/feeds/{i}/comments/default' title='Post Comments'/>"
        f"<link rel='replies' type='text/html' href='https://b.blogspot.example/2026/04/{i}.html#comment-form' title='0 Comments'/>"
        f"<link rel='edit' type='application/atom+xml' href='https://www.blogger.example/feeds/12/posts/default/{i}'/>"
        f"<link rel='self' type='application/atom+xml' href='https://www.blogger.example/feeds/12/posts/default/{i}'/>"
        f"<link rel='alternate' type='text/html' href='https://b.blogspot.example/2026/04/{i}.html' title='{w.words(2, 4)}'/>"
        f"<author><name>{w.name()}</name><uri>http://www.blogger.example/profile/{i}</uri><email>noreply@blogger.example</email>"
        "<gd:image rel='http://schemas.google.com/g/2005#thumbnail' width='16' height='16' src='https://img.example/b16.gif'/></author>"
        f'<media:thumbnail xmlns:media="http://search.yahoo.com/mrss/" url="https://b.example/{i}.jpg" height="72" width="72"/>'
        f"<thr:total>{w.number(0, 9)}</thr:total></entry>"
        for i in range(entries)
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?><?xml-stylesheet href=\"http://www.blogger.example/atom.css\" type=\"text/css\"?>"
        "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:openSearch='http://a9.com/-/spec/opensearchrss/1.0/' "
        "xmlns:blogger='http://schemas.google.com/blogger/2008' xmlns:georss='http://www.georss.org/georss' "
        "xmlns:gd=\"http://schemas.google.com/g/2005\" xmlns:thr='http://purl.org/syndication/thread/1.0'>"
        f'<id>tag:blogger.com,1999:blog-12</id><updated>{_rfc3339(0)}</updated><category term="x"/>'
        f"<title type='text'>{w.words(2, 4)}</title><subtitle type='html'></subtitle>"
        "<link rel='http://schemas.google.com/g/2005#feed' type='application/atom+xml' href='https://b.blogspot.example/feeds/posts/default'/>"
        "<link rel='alternate' type='text/html' href='https://b.blogspot.example/'/><link rel='hub' href='http://pubsubhubbub.example/'/>"
        "<link rel='next' type='application/atom+xml' href='https://b.blogspot.example/feeds/posts/default?start-index=26&amp;max-results=25'/>"
        "<author><name>Unknown</name><uri>http://www.blogger.example/profile/1</uri><email>noreply@blogger.example</email></author>"
        "<generator version='7.00' uri='http://www.blogger.example'>Blogger</generator>"
        f"<openSearch:totalResults>88</openSearch:totalResults><openSearch:startIndex>1</openSearch:startIndex>{items}</feed>"
    )


def youtube(w: Writer, entries: int) -> str:
    items = "".join(
        f""" <entry>
  <id>yt:video:{i:011x}</id>
  <yt:videoId>{i:011x}</yt:videoId>
  <yt:channelId>UC{i:010x}</yt:channelId>
  <title>{w.words(4, 9)}</title>
  <link rel="alternate" href="https://www.youtube.example/watch?v={i:011x}"/>
  <author>
   <name>{w.name()}</name>
   <uri>https://www.youtube.example/channel/UC1</uri>
  </author>
  <published>{_rfc3339(i).replace("Z", "+00:00")}</published>
  <updated>{_rfc3339(i).replace("Z", "+00:00")}</updated>
  <media:group>
   <media:title>{w.words(4, 9)}</media:title>
   <media:content url="https://www.youtube.example/v/{i}?version=3" type="application/x-shockwave-flash" width="640" height="390"/>
   <media:thumbnail url="https://i3.ytimg.example/vi/{i}/hqdefault.jpg" width="480" height="360"/>
   <media:description>{escape(" ".join(w.sentence() for _ in range(12)))}
https://shop.example/{i} https://www.other.example/x?y={i}</media:description>
   <media:community>
    <media:starRating count="{i}" average="5.00" min="1" max="5"/>
    <media:statistics views="{i}"/>
   </media:community>
  </media:group>
 </entry>
"""
        for i in range(entries)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns:media="http://search.yahoo.com/mrss/" xmlns="http://www.w3.org/2005/Atom">
 <link rel="self" href="http://www.youtube.example/feeds/videos.xml?channel_id=UC1"/>
 <id>yt:channel:1</id>
 <yt:channelId>1</yt:channelId>
 <title>{w.words(1, 3)}</title>
 <link rel="alternate" href="https://www.youtube.example/channel/UC1"/>
 <author>
  <name>{w.name()}</name>
  <uri>https://www.youtube.example/channel/UC1</uri>
 </author>
 <published>2011-04-20T09:30:00+00:00</published>
{items}</feed>
"""


def podcast(w: Writer, entries: int) -> str:
    items = "".join(
        f"""
    <item>
      <title>{w.number(1, 400)}: {escape(w.words(3, 8))}</title>
      <itunes:title>{escape(w.words(3, 8))}</itunes:title>
      <description>{_cdata(w.html(6))}</description>
      <content:encoded>{_cdata(w.html(6))}</content:encoded>
      <enclosure length="{w.number(10**6, 10**8)}" type="audio/mpeg" url="https://pod.example/e/{i}/audio.mp3?dest-id=1"/>
      <guid isPermaLink="false">{i:032x}</guid>
      <link>https://pod.example/e/{i}</link>
      <itunes:image href="https://pod.example/{i}.jpg"/>
      <pubDate>{_rfc822(i)}</pubDate>
      <itunes:duration>{w.number(600, 7200)}</itunes:duration>
      <itunes:summary>{escape(w.words(30, 60))}</itunes:summary>
      <itunes:subtitle>{escape(w.words(5, 12))}</itunes:subtitle>
      <itunes:keywords>{w.word()},{w.word()}</itunes:keywords>
      <itunes:explicit>false</itunes:explicit>
      <itunes:episodeType>full</itunes:episodeType>
      <itunes:episode>{i}</itunes:episode>
      <itunes:author>{w.name()}</itunes:author>
      <podcast:transcript url="https://pod.example/{i}.vtt" type="text/vtt"/>
      <podcast:person role="guest">{w.name()}</podcast:person>
    </item>"""
        for i in range(entries)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:atom="http://www.w3.org/2005/Atom" xmlns:podcast="https://podcastindex.org/namespace/1.0">
  <channel>
    <atom:link href="https://pod.example/feed.xml" rel="self" type="application/rss+xml"/>
    <atom:link href="https://pod.example/feed.xml?page=2" rel="next" type="application/rss+xml"/>
    <title>{w.words(2, 4)}</title>
    <link>https://pod.example</link>
    <language>en-us</language>
    <description>{_cdata(w.html(1))}</description>
    <itunes:author>{w.name()}</itunes:author>
    <itunes:owner><itunes:name>{w.name()}</itunes:name><itunes:email>us@pod.example</itunes:email></itunes:owner>
    <itunes:category text="Technology"><itunes:category text="Podcasting"/></itunes:category>
    <itunes:image href="https://pod.example/art.jpg"/>
    <image><url>https://pod.example/art.jpg</url><title>p</title><link>https://pod.example</link></image>
    <itunes:type>episodic</itunes:type>
    <podcast:locked>yes</podcast:locked>{items}
  </channel>
</rss>
"""


def static_site(w: Writer, entries: int) -> str:
    items = "".join(
        f"""<entry><title type="html">{escape(w.words(3, 8))}</title>"""
        f"""<link href="/posts/{i}/" rel="alternate" type="text/html" title="{w.words(2, 4)}" />"""
        f"<published>{_rfc3339(i).replace('Z', '+00:00')}</published><updated>{_rfc3339(i).replace('Z', '+00:00')}</updated>"
        f"<id>https://site.example/posts/{i}</id>"
        f"""<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">{w.html(7)}</div></content>"""
        f"""<author><name>{w.name()}</name></author><category term="{w.word()}" /><summary type="html">{_cdata(w.sentence())}</summary></entry>"""
        for i in range(entries)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en" xml:base="https://site.example/">'
        '<generator uri="https://jekyllrb.example/" version="4.3">Jekyll</generator>'
        '<link href="https://site.example/feed.xml" rel="self" type="application/atom+xml" />'
        '<link href="https://site.example/" rel="alternate" type="text/html" hreflang="en" />'
        f'<updated>{_rfc3339(0)}</updated><id>https://site.example/feed.xml</id><title type="html">{w.words(1, 3)}</title>'
        f"<subtitle>{w.sentence()}</subtitle><author><name>{w.name()}</name></author>{items}</feed>"
    )


def news(w: Writer, entries: int) -> str:
    items = "".join(
        f"<item><title>{escape(w.words(5, 11))}</title><link>https://news.example/a/{i}?at_medium=RSS&amp;at_campaign=rss</link>"
        f"<description>{escape(w.sentence())} {escape(w.sentence())}</description>"
        f"<pubDate>{_rfc822(i).replace('+0000', 'EST')}</pubDate><guid>https://news.example/a/{i}</guid>"
        f'<dc:creator>{w.name()}</dc:creator><category domain="https://news.example/topics">{w.word()}</category>'
        f'<media:content height="151" medium="image" url="https://static.news.example/{i}.jpg" width="151"/>'
        f"<media:credit>{w.name()}</media:credit><media:description>{escape(w.sentence())}</media:description></item>"
        for i in range(entries)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom" version="2.0"><channel>'
        f'<title>{w.words(1, 3)}</title><link>https://news.example</link><atom:link href="https://news.example/rss" rel="self"/>'
        f"<description/><language>en-us</language><copyright>c</copyright><lastBuildDate>{_rfc822(0)}</lastBuildDate>"
        f"<ttl>15</ttl><skipHours><hour>2</hour><hour>3</hour></skipHours>{items}</channel></rss>"
    )


def rdf(w: Writer, entries: int) -> str:
    links = [f"https://rdf.example/{i}" for i in range(entries)]
    items = "".join(
        f'<item rdf:about="{link}"><title>{escape(w.words(3, 8))}</title><link>{link}</link>'
        f"<description>{escape(w.html(3))}</description><content:encoded>{_cdata(w.html(5))}</content:encoded>"
        f"<dc:date>{_rfc3339(i).replace('Z', '+09:00')}</dc:date><dc:creator>{w.name()}</dc:creator><dc:subject>{w.word()}</dc:subject>"
        f"<slash:comments>{i}</slash:comments></item>"
        for i, link in enumerate(links)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rdf:RDF xmlns="http://purl.org/rss/1.0/" '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:slash="http://purl.org/rss/1.0/modules/slash/" '
        'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xml:lang="ja"><channel rdf:about="https://rdf.example/">'
        f"<title>{w.words(1, 3)}</title><link>https://rdf.example/</link><description>{w.sentence()}</description>"
        "<sy:updatePeriod>hourly</sy:updatePeriod><items><rdf:Seq>"
        + "".join(f'<rdf:li rdf:resource="{link}"/>' for link in links)
        + f"</rdf:Seq></items></channel>{items}</rdf:RDF>"
    )


def forum(w: Writer, entries: int) -> str:
    items = "".join(
        f"<entry><author><name>/u/{w.word()}</name><uri>https://forum.example/user/{i}</uri></author>"
        f'<category term="{w.word()}" label="r/{w.word()}"/>'
        f'<content type="html">{escape("<!-- SC_OFF --><div class=md>" + w.html(4) + "</div><!-- SC_ON -->")}</content>'
        f'<id>t3_{i:06x}</id><link href="https://forum.example/r/x/comments/{i:06x}/t/" />'
        f"<updated>{_rfc3339(i).replace('Z', '+00:00')}</updated><published>{_rfc3339(i).replace('Z', '+00:00')}</published>"
        f"<title>{escape(w.words(4, 12))}</title></entry>"
        for i in range(entries)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/">'
        f'<category term="x" label="r/x"/><updated>{_rfc3339(0)}</updated><icon>https://forum.example/favicon.ico</icon>'
        '<id>/r/x/.rss</id><link rel="self" href="https://forum.example/r/x/.rss" type="application/atom+xml" />'
        f'<link rel="alternate" href="https://forum.example/r/x/" type="text/html" /><title>{w.words(1, 3)}</title>{items}</feed>'
    )


def microblog(w: Writer, entries: int) -> str:
    items = "".join(
        f"""
    <item>
      <guid isPermaLink="true">https://social.example/@u/{10**9 + i}</guid>
      <link>https://social.example/@u/{10**9 + i}</link>
      <pubDate>{_rfc822(i)}</pubDate>
      <description>{escape("<p>" + w.sentence() + ' <a href="https://social.example/tags/x" class="mention hashtag" rel="tag">#<span>x</span></a></p>')}</description>
      <media:content url="https://files.example/{i}.png" type="image/png" fileSize="1" medium="image">
        <media:rating scheme="urn:simple">nonadult</media:rating>
        <media:description type="plain">{escape(w.sentence())}</media:description>
      </media:content>
      <category>x</category>
    </item>"""
        for i in range(entries)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:webfeeds="http://webfeeds.org/rss/1.0" xmlns:media="http://search.yahoo.com/mrss/">
  <channel>
    <title>{w.name()}</title>
    <description>Public posts from @u@social.example</description>
    <link>https://social.example/@u</link>
    <image><url>https://files.example/a.png</url><title>u</title><link>https://social.example/@u</link></image>
    <lastBuildDate>{_rfc822(0)}</lastBuildDate>
    <webfeeds:icon>https://files.example/a.png</webfeeds:icon>
    <generator>Mastodon v4.3.0</generator>{items}
  </channel>
</rss>
"""


DIALECTS: dict[str, Callable[[Writer, int], str]] = {
    f.__name__: f
    for f in (wordpress, ghost, substack, medium, blogger, youtube, podcast, static_site, news, rdf, forum, microblog)
}


def ordinary_feeds(seed: int, *, each: int, entries: int = 50) -> dict[str, list[bytes]]:
    """Return `each` feeds of every dialect, by its name; equal seeds give equal feeds."""
    return {
        name: [write(Writer(seed * 1_000 + i), entries).encode() for i in range(each)]
        for name, write in DIALECTS.items()
    }
