"""Words that the synthetic set is made of: names with their own script, firms, titles, places, sentences.

Written for this set, none taken from a file. Each list has two halves, `half(words, side)`: what is fitted on one side
is reported on the other, which shares no name, firm or sentence with it.
"""

# ruff: noqa: SIM905  (word lists read better as text)

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeVar

Side = Literal[0, 1]
T = TypeVar("T")


class Word(NamedTuple):
    """A part of a name in Latin letters and in its own script, which is the same where that is Latin."""

    latin: str
    native: str


class Origin(NamedTuple):
    """Where names come from: how they are written, and their parts. `family_first`: in its own script."""

    name: str
    script: str
    language: str
    given: tuple[Word, ...]
    family: tuple[Word, ...]
    family_first: bool = False
    double_family: bool = False
    initials: bool = False


def half(words: Sequence[T], side: Side) -> tuple[T, ...]:
    """Return every second of the words, beginning with the first or the second."""
    return tuple(words[side::2])


def _words(text: str) -> list[Word]:
    """Read `latin` or `latin=native`, separated by spaces."""
    pairs = (one.partition("=") for one in text.split())
    return [Word(latin, native or latin) for latin, _, native in pairs]


def _joined(roots: Sequence[Word], endings: Sequence[Word]) -> list[Word]:
    """Return each root with each ending, the endings of one root together: halves of roots share no name."""
    return [Word(root.latin + end.latin, root.native + end.native) for root in roots for end in endings]


_ENGLISH_GIVEN = _words(
    "Robert William Thomas Margaret Edward Elizabeth Katherine Michael James Richard Joseph Daniel Matthew Andrew "
    "Susan Patricia Christopher Benjamin Samuel Jennifer Gregory Nicholas Alexander Deborah Anthony Rebecca Ronald "
    "Kenneth Timothy Stephen Walter Theodore Frederick Victoria Philip Abigail Lawrence Jessica Zachary Amanda Oliver "
    "Harriet Graham Fiona Duncan Bridget Nigel Imogen Leonard Beatrice"
)
_ENGLISH_ROOTS = _words(
    "Ash Thorn Black Whit Hart Brad Wood Stan Har Mor Pem Green Lang Hol Bex Clay Cran Dun Fair Gold Hather Kings "
    "Litch Mars Nor Oak Pres Ravens Shel Thack Under Wal Wester Win Elm Burn"
)
_ENGLISH_ENDINGS = _words("ton ford well ley worth field ham by combe wick brook more")
_ENGLISH_COMMON = _words(
    "Smith Jones Taylor Brown Wilson Evans Walker Wright Robinson Thompson White Hughes Edwards Hall Clarke Turner "
    "Baker Cooper Ward Morris Reed Bell Foster Long Price"
)
_GERMAN_GIVEN = _words(
    "Jürgen Günther Björn Käthe Wolfgang Heinrich Matthias Sabine Dieter Annegret Ulrike Stefan Andreas Monika Rüdiger "
    "Jörg Klaus Brigitte Lothar Hannelore Tobias Anja Henning Gisela Markus Bärbel Sönke Dörte Florian Kerstin"
)
_GERMAN_ROOTS = _words("Linden Müll Birk Hagen Schön Kron Büch Stein Wald Roth König Ober Nieder Grün Sand Berg")
_GERMAN_ENDINGS = _words("er mann hauer bach feld berger meier stein")
_SPANISH_GIVEN = _words(
    "José María Jesús Sofía Álvaro Lucía Andrés Begoña Joaquín Inés Raúl Verónica Martín Concepción Tomás Mónica "
    "Francisco Guadalupe Óscar Rocío Sebastián Pilar Ramón Nuria Iñigo Belén Germán Leticia Adrián Ángela"
)
_SPANISH_FAMILY = _words(
    "García Fernández Núñez Gutiérrez Jiménez Ibáñez Márquez Peña Vázquez Domínguez Gómez Sánchez Pérez Rodríguez "
    "Martínez López Hernández Muñoz Álvarez Ordóñez Calderón Guzmán Salazar Castañeda Zúñiga Quiñones Ávila Cárdenas "
    "Bermúdez Montoya Villaseñor Echeverría Arriaga Ugarte Landaluce Beltrán"
)
_HINDI_GIVEN_ROOTS = _words("Raj=राज Sur=सुर Mah=मह Nar=नर Dev=देव Gaj=गज Yog=योग Var=वर Bhup=भूप Jit=जित")
_HINDI_GIVEN_ENDINGS = _words("esh=ेश endra=ेंद्र")
_HINDI_GIVEN = _words(
    "Lakshmi=लक्ष्मी Anita=अनिता Sunita=सुनीता Vikram=विक्रम Asha=आशा Kavita=कविता Deepak=दीपक Vijay=विजय Pooja=पूजा "
    "Arvind=अरविंद Meenakshi=मीनाक्षी Ashok=अशोक Rekha=रेखा Anil=अनिल Neeraj=नीरज Shweta=श्वेता Rohit=रोहित "
    "Priyanka=प्रियंका Aditya=आदित्य Nandini=नंदिनी Sanjay=संजय Geeta=गीता Manish=मनीष Usha=उषा Vivek=विवेक Jyoti=ज्योति"
)
_HINDI_FAMILY = _words(
    "Sharma=शर्मा Verma=वर्मा Gupta=गुप्ता Agarwal=अग्रवाल Mishra=मिश्रा Tiwari=तिवारी Choudhary=चौधरी Joshi=जोशी "
    "Saxena=सक्सेना Srivastava=श्रीवास्तव Pandey=पांडेय Trivedi=त्रिवेदी Kulkarni=कुलकर्णी Deshmukh=देशमुख Patil=पाटिल "
    "Shinde=शिंदे Rathore=राठौर Chauhan=चौहान Bhatnagar=भटनागर Mathur=माथुर Malhotra=मल्होत्रा Kapoor=कपूर "
    "Shukla=शुक्ला Dubey=दुबे Thakur=ठाकुर Bajpai=बाजपेई Goyal=गोयल Bansal=बंसल Jadhav=जाधव Gokhale=गोखले "
    "Chaturvedi=चतुर्वेदी Dwivedi=द्विवेदी Khandelwal=खंडेलवाल Maheshwari=माहेश्वरी Rastogi=रस्तोगी Wadhwa=वाधवा"
)
_TAMIL_NAMES = _words(
    "Ramanathan=ராமநாதன் Subramanian=சுப்பிரமணியன் Karthik=கார்த்திக் Murugan=முருகன் Selvam=செல்வம் Meenakshi=மீனாட்சி "
    "Lakshmi=லட்சுமி Senthil=செந்தில் Kumaran=குமரன் Arumugam=ஆறுமுகம் Palanisamy=பழனிசாமி Kannan=கண்ணன் "
    "Venkatesan=வெங்கடேசன் Tamilselvi=தமிழ்செல்வி Natarajan=நடராஜன் Balasubramaniam=பாலசுப்பிரமணியம் Chidambaram=சிதம்பரம் "
    "Kavitha=கவிதா Sivakumar=சிவகுமார் Rajendran=ராஜேந்திரன் Ganesan=கணேசன் Anbarasan=அன்பரசன் Ilango=இளங்கோ "
    "Thirumalai=திருமலை Vetrivel=வெற்றிவேல் Malarvizhi=மலர்விழி Elango=எலங்கோ Sundaram=சுந்தரம் Duraisamy=துரைசாமி "
    "Kalaivani=கலைவாணி Manikandan=மணிகண்டன் Yamuna=யமுனா Parthiban=பார்த்திபன் Gomathi=கோமதி Nallasivam=நல்லசிவம் "
    "Shanmugam=சண்முகம்"
)
_RUSSIAN_GIVEN = _words(
    "Aleksandr=Александр Dmitry=Дмитрий Sergey=Сергей Natalia=Наталья Olga=Ольга Vladimir=Владимир Mikhail=Михаил "
    "Ekaterina=Екатерина Nikolay=Николай Irina=Ирина Pavel=Павел Svetlana=Светлана Andrey=Андрей Tatiana=Татьяна "
    "Viktor=Виктор Galina=Галина Konstantin=Константин Lyudmila=Людмила Anatoly=Анатолий Marina=Марина Boris=Борис "
    "Larisa=Лариса Grigory=Григорий Polina=Полина"
)
_RUSSIAN_ROOTS = _words(
    "Kuznets=Кузнец Lebed=Лебед Morozn=Морозн Volk=Волк Orl=Орл Pavl=Павл Zaits=Зайц Golub=Голуб Bel=Бел Kozl=Козл "
    "Stepan=Степан Grom=Гром Tikhon=Тихон Rodion=Родион Filat=Филат Sobol=Собол"
)
_RUSSIAN_ENDINGS = _words("ov=ов enko=енко sky=ский ev=ев in=ин uk=ук")
_ARABIC_GIVEN = _words(
    "Mohammed=محمد Ahmed=أحمد Fatima=فاطمة Khaled=خالد Youssef=يوسف Layla=ليلى Hassan=حسن Mahmoud=محمود Aisha=عائشة "
    "Omar=عمر Ibrahim=إبراهيم Nadia=نادية Tariq=طارق Samir=سمير Huda=هدى Rashid=راشد Karim=كريم Salma=سلمى Walid=وليد "
    "Jamal=جمال Faisal=فيصل Zainab=زينب Mustafa=مصطفى Rania=رانيا"
)
_ARABIC_FAMILY = _words(
    "Haddad=حداد Khoury=خوري Najjar=نجار Mansour=منصور Saleh=صالح Nasser=ناصر Darwish=درويش Sabbagh=صباغ Shaheen=شاهين "
    "Qasim=قاسم Al-Masri=المصري Al-Rashid=الراشد Al-Hashimi=الهاشمي Bakri=بكري Farouk=فاروق Zaidan=زيدان Halabi=حلبي "
    "Al-Fayed=الفايد Rahman=رحمن Suleiman=سليمان Tamimi=تميمي Barakat=بركات Ghanem=غانم Hijazi=حجازي Al-Otaibi=العتيبي "
    "Jaber=جابر Kanaan=كنعان Lahham=لحام Maalouf=معلوف Obeid=عبيد"
)
_CHINESE_FAMILY = _words(
    "Wang=王 Li=李 Zhang=张 Liu=刘 Chen=陈 Yang=杨 Zhao=赵 Huang=黄 Zhou=周 Wu=吴 Xu=徐 Sun=孙 Hu=胡 Zhu=朱 Gao=高 "
    "Lin=林 He=何 Guo=郭 Ma=马 Luo=罗 Liang=梁 Song=宋 Zheng=郑 Xie=谢 Han=韩 Tang=唐 Feng=冯 Deng=邓"
)
_CHINESE_SIGNS = _words(
    "Wei=伟 Fang=芳 Na=娜 Min=敏 Jing=静 Qiang=强 Lei=磊 Jun=军 Yang=洋 Yong=勇 Yan=艳 Jie=杰 Tao=涛 Ming=明 Chao=超 "
    "Ping=平 Gang=刚 Hui=辉 Bin=斌 Peng=鹏 Xin=欣 Yu=宇 Hao=浩 Kai=凯 Ting=婷 Xue=雪 Rui=瑞 Bo=博 Ning=宁 Cheng=诚 "
    "Lan=兰 Shan=珊"
)
_CHINESE_SECOND = _words("hua=华 li=丽 guo=国 wen=文 mei=梅 jian=建 qing=清 yi=怡 dong=东 xiang=祥")
_GREEK_GIVEN = _words(
    "Giorgos=Γιώργος Dimitris=Δημήτρης Konstantinos=Κωνσταντίνος Eleni=Ελένη Maria=Μαρία Nikolaos=Νικόλαος "
    "Vasilis=Βασίλης Sofia=Σοφία Panagiotis=Παναγιώτης Katerina=Κατερίνα Christos=Χρήστος Ioanna=Ιωάννα "
    "Athanasios=Αθανάσιος Despina=Δέσποινα Stavros=Σταύρος Anna=Άννα Michalis=Μιχάλης Foteini=Φωτεινή "
    "Spyros=Σπύρος Georgia=Γεωργία"
)
_GREEK_ROOTS = _words(
    "Papad=Παπαδ Georg=Γεωργ Nikol=Νικολ Dimitr=Δημητρ Alex=Αλεξ Christod=Χριστοδ Stam=Σταμ Anton=Αντων Theod=Θεοδ "
    "Lamp=Λαμπ Karagi=Καραγι Vas=Βασ"
)
_GREEK_ENDINGS = _words("opoulos=όπουλος akis=άκης iadis=ιάδης atos=άτος")
_JAPANESE_FAMILY = _words(
    "Sato=佐藤 Suzuki=鈴木 Takahashi=高橋 Tanaka=田中 Watanabe=渡辺 Ito=伊藤 Yamamoto=山本 Nakamura=中村 "
    "Kobayashi=小林 Kato=加藤 Yoshida=吉田 Yamada=山田 Sasaki=佐々木 Yamaguchi=山口 Matsumoto=松本 "
    "Inoue=井上 Kimura=木村 Hayashi=林 Shimizu=清水 Saito=斎藤 Mori=森 Ikeda=池田 "
    "Hashimoto=橋本 Ishikawa=石川 Ogawa=小川 Okada=岡田 Hasegawa=長谷川 Fujita=藤田 Goto=後藤 Murakami=村上"
)
_JAPANESE_GIVEN = _words(
    "Hiroshi=浩 Takeshi=武 Kenji=健二 Yuki=由紀 Akiko=明子 Naoki=直樹 Keiko=恵子 Makoto=誠 Tomoko=智子 Satoshi=聡 "
    "Yoko=洋子 Daisuke=大輔 Kazuko=和子 Shinji=真司 Emi=恵美 Ryota=亮太 Haruka=遥 Kenta=健太 Sakura=桜 Tatsuya=達也 "
    "Mayumi=真由美 Noboru=昇 Chiharu=千春 Osamu=修"
)
_KOREAN_FAMILY = _words(
    "Kim=김 Lee=이 Park=박 Choi=최 Jung=정 Kang=강 Cho=조 Yoon=윤 Jang=장 Lim=임 Han=한 Oh=오 Seo=서 Shin=신 Kwon=권 "
    "Hwang=황 Ahn=안 Song=송 Yoo=유 Hong=홍"
)
_KOREAN_GIVEN = _words(
    "Minjun=민준 Seoyeon=서연 Jihoon=지훈 Sujin=수진 Hyunwoo=현우 Eunji=은지 Sungmin=성민 Yejin=예진 Donghyun=동현 "
    "Haeun=하은 Jaewon=재원 Minji=민지 Youngho=영호 Soyoung=소영 Taehyung=태형 Nayeon=나연 Seungho=승호 Hyejin=혜진 "
    "Kyungsoo=경수 Jiwoo=지우 Wonshik=원식 Boram=보람 Insung=인성 Dahye=다혜"
)


def origins(side: Side) -> tuple[Origin, ...]:
    """Return the origins with the names of one side."""
    hindi = [*half(_HINDI_GIVEN, side), *_joined(half(_HINDI_GIVEN_ROOTS, side), _HINDI_GIVEN_ENDINGS)]
    signs = half(_CHINESE_SIGNS, side)
    chinese = [*signs, *_joined(signs, half(_CHINESE_SECOND, side))]
    english = [*half(_ENGLISH_COMMON, side), *_joined(half(_ENGLISH_ROOTS, side), _ENGLISH_ENDINGS)]
    german = _joined(half(_GERMAN_ROOTS, side), _GERMAN_ENDINGS)
    russian = _joined(half(_RUSSIAN_ROOTS, side), _RUSSIAN_ENDINGS)
    greek = _joined(half(_GREEK_ROOTS, side), _GREEK_ENDINGS)
    tamil = half(_TAMIL_NAMES, side)
    return (
        Origin("English", "Latin", "en", half(_ENGLISH_GIVEN, side), tuple(english)),
        Origin("German", "Latin", "de", half(_GERMAN_GIVEN, side), tuple(german)),
        Origin("Spanish", "Latin", "es", half(_SPANISH_GIVEN, side), half(_SPANISH_FAMILY, side), double_family=True),
        Origin("Hindi", "Devanagari", "hi", tuple(hindi), half(_HINDI_FAMILY, side)),
        Origin("Tamil", "Tamil", "ta", tamil, tamil, initials=True),
        Origin("Russian", "Cyrillic", "ru", half(_RUSSIAN_GIVEN, side), tuple(russian)),
        Origin("Arabic", "Arabic", "ar", half(_ARABIC_GIVEN, side), half(_ARABIC_FAMILY, side)),
        Origin("Chinese", "Han", "zh", tuple(chinese), half(_CHINESE_FAMILY, side), family_first=True),
        Origin("Greek", "Greek", "el", half(_GREEK_GIVEN, side), tuple(greek)),
        Origin("Japanese", "Han", "ja", half(_JAPANESE_GIVEN, side), half(_JAPANESE_FAMILY, side), family_first=True),
        Origin("Korean", "Hangul", "ko", half(_KOREAN_GIVEN, side), half(_KOREAN_FAMILY, side), family_first=True),
    )


# Short forms that people write instead of a given name.
NICKNAMES = {
    "Robert": "Bob", "William": "Bill", "Thomas": "Tom", "Margaret": "Peggy", "Edward": "Ted", "Elizabeth": "Liz",
    "Katherine": "Kate", "Michael": "Mike", "James": "Jim", "Richard": "Dick", "Joseph": "Joe", "Daniel": "Dan",
    "Matthew": "Matt", "Andrew": "Andy", "Susan": "Sue", "Patricia": "Pat", "Christopher": "Chris", "Benjamin": "Ben",
    "Samuel": "Sam", "Jennifer": "Jenny", "Gregory": "Greg", "Nicholas": "Nick", "Alexander": "Alex",
    "Deborah": "Debbie", "Anthony": "Tony", "Rebecca": "Becky", "Ronald": "Ron", "Kenneth": "Ken", "Timothy": "Tim",
    "Stephen": "Steve", "Theodore": "Ted", "Frederick": "Fred", "Victoria": "Vicky", "Lawrence": "Larry",
    "Jessica": "Jess", "Zachary": "Zach", "Amanda": "Mandy", "José": "Pepe", "Francisco": "Paco", "Aleksandr": "Sasha",
    "Dmitry": "Dima", "Sergey": "Seryozha", "Natalia": "Natasha", "Vladimir": "Volodya", "Mikhail": "Misha",
    "Ekaterina": "Katya", "Nikolay": "Kolya", "Svetlana": "Sveta", "Tatiana": "Tanya", "Balasubramaniam": "Bala",
    "Subramanian": "Subbu", "Venkatesan": "Venky", "Rajesh": "Raj", "Priyanka": "Priya", "Konstantinos": "Kostas",
    "Panagiotis": "Takis", "Athanasios": "Thanasis",
}  # fmt: skip

# How the same sound is written by somebody else; the first that fits is taken.
SPELLINGS = (
    ("Mohammed", "Muhammad"), ("Ahmed", "Ahmad"), ("Youssef", "Yusuf"), ("Khaled", "Khalid"),
    ("Aleksandr", "Alexander"),
    ("Sergey", "Sergei"), ("Dmitry", "Dmitri"), ("Lakshmi", "Laxmi"), ("Choudhary", "Chowdhury"),
    ("Chauhan", "Chouhan"),
    ("Ekaterina", "Yekaterina"), ("Agarwal", "Aggarwal"), ("Giorgos", "Yiorgos"), ("Subramanian", "Subramaniam"),
    ("Lee", "Yi"), ("Park", "Pak"), ("Choi", "Choe"), ("Jung", "Jeong"), ("Cho", "Jo"), ("Yoo", "Yu"), ("Oh", "Oe"),
    ("sky", "skiy"), ("ksh", "x"), ("dw", "dv"), ("Sh", "S"), ("ee", "i"), ("oo", "u"), ("ou", "u"), ("v", "w"),
    ("th", "t"), ("dd", "d"), ("mm", "m"), ("y", "i"), ("q", "k"),
)  # fmt: skip

FIRM_FIRST = (
    "Harbor Summit Cobalt Lantern Juniper Vertex Granite Meridian Falcon Orchid Saffron Tidal Beacon Copper Aurora "
    "Quarry Willow Zenith Ember Pioneer Lotus Glacier Cedar Banyan Indus Kaveri Volga Rhine Ebro Danube Tagus Nile "
    "Monsoon Prairie Sierra Tundra Delta Fjord Lagoon Mesa Onyx Topaz Amber Jasper Ivory Sable Crimson Azure Indigo "
    "Violet Larkspur Heron Osprey Kestrel Bison Otter Lynx Puma Marlin Condor Ibex Walrus"
).split()
FIRM_SECOND = (
    "Lathe Steel Textile Optics Foods Dairy Motor Cable Paper Glass Polymer Seeds Energy Freight Pump Valve Tools "
    "Ceramic Robotics Pharma Cement Fibre Castings Solar Bearing Packaging Marine Timber Brewing Chemical Turbine "
    "Hydraulic Printing Fastener Leather Tractor Coating Sensor Battery Furnace"
).split()
FIRM_THIRD = "Works Systems Industries Mills Labs Group Traders Engineering Products Exports Partners Services".split()
FIRM_FORM = ("Ltd", "Pvt Ltd", "GmbH", "Inc", "LLC", "S.A.", "Limited", "AG", "Private Limited", "Co.", "plc", "")

TITLES = (
    "Plant Manager", "Head of Procurement", "Chief Technology Officer", "Quality Engineer", "Sales Director",
    "Purchasing Manager", "Vice President Engineering", "Maintenance Supervisor", "Chief Financial Officer",
    "Production Planner", "Operations Director", "Research Chemist", "Logistics Manager", "Process Engineer",
    "Managing Director", "Site Supervisor", "Regional Manager", "Tooling Designer", "Export Manager", "Data Analyst",
    "Safety Officer", "Product Manager", "Laboratory Head", "Works Council Chair",
)  # fmt: skip

PLACES = (
    "Pune", "Chennai", "Hamburg", "Seville", "Leeds", "Toronto", "Izmir", "Patras", "Osaka", "Busan", "Kazan", "Amman",
    "Wuhan", "Lucknow", "Madurai", "Stuttgart", "Bilbao", "Bristol", "Denver", "Gdansk", "Volos", "Nagoya", "Daegu",
    "Perm", "Muscat", "Ningbo", "Nagpur", "Salem", "Leipzig", "Murcia", "Norwich", "Tucson", "Larissa", "Sendai",
    "Ulsan", "Samara", "Tunis", "Suzhou", "Indore", "Erode",
)  # fmt: skip

PRODUCTS = ("Norvane 300", "Trellick Mini", "Quillon Desk", "Bramwell X", "Ostara Flow", "Veltin Core", "Marsk 12",
            "Pellam One")  # fmt: skip

# What a text says besides: no name, no firm. With the words below there are so many that hardly two texts are alike.
FILLER = (
    "We ran the {adjective} {thing} for {time} and the {other} went {way}.",
    "The {thing} took {time} longer than promised, and nobody asked about the {other}.",
    "The {adjective} {thing} is thin, but the {other} was {way} within {time}.",
    "Prices of every {thing} went {way} again, which is hard to explain with a {adjective} {other}.",
    "Has anybody compared the {adjective} {thing} over {time} with a {other}?",
    "After {time} the {thing} froze and the {adjective} {other} had to be reset.",
    "I would take the {adjective} {thing} again, if only for the {other} and {time} of quiet.",
    "The {thing} wore out in {time} and the {adjective} {other} was on back order.",
    "Fitting a {thing} was {adjective}, and {time} later the {other} ran {way}.",
    "Our {adjective} {thing} did the same job in {time} without a {other}.",
    "There was a long queue for the {thing} and a {adjective} talk on the {other} after {time}.",
    "The bill for the {thing} was wrong, the one for the {adjective} {other} came {time} late.",
    "It does what a {adjective} {thing} does, but {time} of {other} is too much.",
    "Going back to a {thing} is no option, because the {adjective} {other} has changed in {time}.",
    "The day with the {thing} was worth {time} of travel, though the {other} felt {adjective}.",
    "We still wait for the {adjective} {other} that came with the {thing} {time} ago.",
)
THINGS = (
    "seal manual display warranty motor filter hinge cable lamp handle switch casing nozzle battery hose lid sensor "
    "bracket gasket spring roller socket wheel gauge blade charger belt magnet tray remote printer tank frame cover "
    "plug fan knob drawer axle pedal valve lens antenna ladder trolley kettle stove mixer rack crate"
).split()
ADJECTIVES = (
    "quiet heavy cheap sturdy noisy slow bright narrow clumsy early modern spare wet dusty silent warm cold rough "
    "gentle crooked brittle plain odd loose tight thick broad shiny worn dull smooth tall"
).split()
TIMES = tuple(f"{number} {unit}" for number in ("two", "three", "five", "seven", "nine", "eleven", "twelve", "thirty")
              for unit in ("days", "weeks", "months", "hours", "minutes"))  # fmt: skip
WAYS = "up down well badly sideways smoothly nowhere wrong missing fine flat wild".split()

# A person named with facts: {name}, and some of {title}, {firm}, {place}, {link}, {product}.
WITH_EMPLOYER = (
    "{name}, {title} at {firm}, told us about it.",
    "Yesterday {name} of {firm} showed the line to visitors.",
    "According to {name} ({firm}) the numbers are right.",
    "{firm} has promoted {name}, who runs the plant there.",
    "I spoke with {name} from {firm} last week.",
    "“It works,” said {name}, who has been with {firm} for ten years.",
    "Thanks to {name} and the whole team at {firm} for the tour!",
    "In a statement {firm} quoted {name} on the change.",
)
WITH_TITLE_AND_PLACE = (
    "{name}, {title} in {place}, told us about it.",
    "We asked {title} {name}, who works in {place}.",
    "{title} {name} opened the new hall in {place}.",
    "{place}: {name}, the {title} there, was on stage.",
)
WITH_LINK = (
    "{name} has written about it here: {link}",
    "See the note by {name} at {link}",
    "{name} explains the details ({link}).",
    "There is a longer interview with {name} on {link}",
)
NAME_ALONE = (
    "I met {name} yesterday.",
    "As {name} put it, one has to wait.",
    "{name} was there, too.",
    "Somebody called {name} answered at last.",
    "Ask {name} about it.",
    "Greetings to {name}, wherever you are.",
    "{name} disagrees with me here.",
    "The talk by {name} was the best of the day.",
)
# The same in the language of a script, by language; two of each kind, one for each side.
NATIVE_EMPLOYER = {
    "hi": ("{firm} के {name} ने कल इसके बारे में बताया।", "{name} जी {firm} में काम करते हैं और मशीन से खुश हैं।"),
    "ta": ("{firm} நிறுவனத்தின் {name} நேற்று இதைப் பற்றி பேசினார்.", "{name} அவர்கள் {firm} இல் பணிபுரிகிறார்."),
    "ru": ("{name} из компании {firm} рассказал о новой линии.", "Вчера {name}, {firm}, показал нам завод."),
    "ar": ("قال {name} من شركة {firm} إن الآلة جيدة.", "تحدث {name} من {firm} عن المشروع أمس."),
    "zh": ("{firm}的{name}昨天介绍了新生产线。", "据{firm}公司{name}表示,机器运行良好。"),
    "el": ("Ο {name} της {firm} μίλησε για το έργο.", "Χθες ο {name} από την {firm} έδειξε το εργοστάσιο."),
    "ja": ("{firm}の{name}さんが昨日新しい機械を紹介した。", "昨日、{firm}の{name}氏と話しました。"),
    "ko": ("{firm}의 {name} 씨가 어제 새 설비를 소개했다.", "어제 {firm} {name} 님과 이야기했습니다."),
}
NATIVE_ALONE = {
    "hi": ("कल {name} से मुलाकात हुई।", "{name} ने ऐसा कहा।"),
    "ta": ("நேற்று {name} அவர்களைச் சந்தித்தேன்.", "{name} இதைச் சொன்னார்."),
    "ru": ("Вчера видел, как {name} выступал.", "Об этом говорил {name}."),
    "ar": ("قابلت {name} أمس.", "هذا ما قاله {name}."),
    "zh": ("昨天我见到了{name}。", "这是{name}说的。"),
    "el": ("Χθες είδα τον {name}.", "Το είπε ο {name}."),
    "ja": ("昨日{name}さんに会いました。", "{name}氏はそう言った。"),
    "ko": ("어제 {name} 씨를 만났다.", "{name} 님이 그렇게 말했다."),
}
BIO = (
    "{title} at {firm}. Views are mine.",
    "{firm} | {title} | {place}",
    "Working for {firm} in {place}; coffee, trains.",
    "{title}, {firm}. Father of two.",
)
