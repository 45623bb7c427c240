"""Who is in the sample world: accounts, contacts, what they hold and bought. Our own fiction, dated by days ago."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Lifecycle = Literal["prospect", "customer", "lost customer"]


@dataclass(frozen=True, slots=True)
class Account:
    """An organisation; `since` is how many days ago its lifecycle began."""

    id: str
    name: str
    domain: str
    place: str
    owner: str
    lifecycle: Lifecycle
    since: int


@dataclass(frozen=True, slots=True)
class Contact:
    """A person. `name`, `email` and `phone` may be empty; `handles` by platform, `websites` are theirs."""

    id: str
    name: str
    account: str
    title: str = ""
    email: str = ""
    phone: str = ""
    handles: Mapping[str, str] = field(default_factory=dict)
    websites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holding:
    """What stands at an account; `since` and `until` in days ago, `until` None where it still runs there."""

    id: str
    account: str
    product: str
    version: str
    since: int
    until: int | None = None
    left_for: str = ""
    left_why: str = ""


@dataclass(frozen=True, slots=True)
class Purchase:
    """What an account bought, by whom, `ago` days ago, for how many rupees."""

    id: str
    account: str
    contact: str
    product: str
    ago: int
    amount: int


_WEST, _SOUTH, _NORTH = "Field office west", "Field office south", "Field office north"

ACCOUNTS = (
    Account("A-101", "Panchavati Gears", "panchavatigears.example", "Nashik", _WEST, "customer", 790),
    Account("A-102", "Malhar Pumps", "malharpumps.example", "Kolhapur", _WEST, "prospect", 96),
    Account("A-103", "Deccan Roller Forge", "deccanroller.example", "Hubballi", _SOUTH, "lost customer", 112),
    Account("A-104", "Sarangkheda Castings", "sarangkhedacastings.example", "Dhule", _WEST, "customer", 1130),
    Account("A-105", "Mattrewal Turning Works", "mattrewalworks.example", "Ludhiana", _NORTH, "customer", 285),
    Account("A-106", "Kaveripattu Valves", "kaveripattuvalves.example", "Coimbatore", _SOUTH, "customer", 960),
    Account("A-107", "Bhadar Rings", "bhadarrings.example", "Rajkot", _WEST, "prospect", 41),
    Account("A-108", "Vishwamitri Hydraulics", "vishwamitrihydraulics.example", "Vadodara", _WEST, "customer", 640),
    Account("A-109", "Thoppur Axles", "thoppuraxles.example", "Hosur", _SOUTH, "prospect", 150),
    Account("A-110", "Alandi Toolrooms", "alanditoolrooms.example", "Pune", _WEST, "lost customer", 300),
    Account("A-111", "Konkan Polytechnic", "konkanpoly.example", "Ratnagiri", _WEST, "prospect", 210),
    Account("A-112", "Tunga Rail Components", "tungarail.example", "Shivamogga", _SOUTH, "customer", 1420),
)  # fmt: skip

_MEMBERS = "https://latheforum.example/members"


def _mail(name: str, domain: str) -> str:
    return f"{name}@{domain}.example"


CONTACTS = (
    Contact("C-201", "Revati Shirsekar", "A-101", "Plant Head", _mail("revati", "panchavatigears"),
            "+91 253 200 0113", {"reddit": "revati_turns"}),
    Contact("C-202", "Imtiaz Laskarwala", "A-101", "Maintenance Manager", _mail("imtiaz", "panchavatigears"),
            "0253-2000114", {"x": "imtiaz_fixes", "reddit": "imtiaz_bearing"}, (f"{_MEMBERS}/imtiaz",)),
    Contact("C-203", "Gurnoor Bhathalia", "A-102", "Purchase Head", _mail("gurnoor", "malharpumps"),
            "+91 231 200 0121", {"x": "gurnoor_buys"}),
    Contact("C-204", "Thiruvengadam Palanisel", "A-103", "Managing Partner", _mail("tp", "deccanroller"),
            "+91 836 200 0101", {"mastodon": "@thiru@shopfloor.example"}),
    Contact("C-205", "Sneha Vaidyar", "A-102", "Production Engineer", _mail("sneha.v", "malharpumps"),
            "", {"reddit": "sneha_on_shift"}, ("https://nightshift.example",)),
    Contact("C-206", "Sneha Vaidyar", "A-111", "Lecturer", _mail("svaidyar", "konkanpoly"), "02352 200103"),
    Contact("C-207", "Prajakta Gokhalekar", "A-101", "Quality Manager", _mail("prajakta", "panchavatigears"),
            "", {"x": "prajakta_microns"}),
    Contact("C-208", "Basavaraj Hunasikatti", "A-103", "Works Manager", _mail("basavaraj", "deccanroller"),
            "+91 836 200 0102", {"x": "basu_works", "reddit": "basu_works"}),
    Contact("C-209", "Baburao Nikalje", "A-101", "Shift Supervisor", "", "", {"youtube": "@baburao_shift_b"}),
    Contact("C-210", "Yogesh Ahirrao", "A-104", "CNC Programmer", _mail("yogesh", "sarangkhedacastings"),
            "", {}, (f"{_MEMBERS}/yogesh_g71",)),
    Contact("C-211", "Kisan Valvi", "A-104", "Maintenance Engineer", _mail("kisan", "sarangkhedacastings"),
            "", {"x": "kisan_valvi_dhule", "youtube": "@kisanvalvi"}),
    Contact("C-212", "Nilofar Tadvi", "A-104", "Machine Shop Head", _mail("nilofar", "sarangkhedacastings"),
            "+91 2562 200 104", {"reddit": "nilofar_castings"}, (f"{_MEMBERS}/nilofar",)),
    Contact("C-213", "Dilbag Mattrewal", "A-105", "Owner", _mail("dilbag", "mattrewalworks"),
            "+91 161 200 0101", {"x": "dilbag_lathewala"}, (f"{_MEMBERS}/dilbag",)),
    Contact("C-214", "Harsimran Mattrewal", "A-105", "Operations", _mail("harsimran", "mattrewalworks"),
            "", {"youtube": "@simran_turns", "x": "simran_turns"}, (f"{_MEMBERS}/simran",)),
    Contact("C-215", "Meenalochani Sundarrajan", "A-106", "Production Manager", _mail("meena", "kaveripattuvalves"),
            "+91 422 200 0105", {"mastodon": "@meena@shopfloor.example"}, (f"{_MEMBERS}/meena_valves",)),
    Contact("C-216", "Arulmozhi Vadivel", "A-106", "Stores and Purchase", _mail("stores.av", "kaveripattuvalves"),
            "0422 2000106", {"x": "arulmozhi_stores"}),
    Contact("C-217", "Ezhilan Karuppiah", "A-106", "Tool Room Foreman", "", "",
            {"reddit": "ezhil_foreman"}, (f"{_MEMBERS}/ezhil",)),
    Contact("C-218", "Omkar Salokhe", "A-102", "Managing Director", _mail("omkar", "malharpumps"),
            "+91 231 200 0120", {}, (f"{_MEMBERS}/omkar_pumps",)),
    Contact("C-219", "Jignesh Vekariyawala", "A-107", "Partner", _mail("jignesh", "bhadarrings"),
            "+91 281 200 0105", {"x": "jignesh_rings", "reddit": "jignesh_rings"}),
    Contact("C-220", "Hetal Sorathia", "A-107", "Process Engineer", _mail("hetal", "bhadarrings"),
            "", {"reddit": "hetal_rpm"}),
    Contact("C-221", "Farzana Rangoonwala", "A-108", "Head of Manufacturing",
            _mail("farzana", "vishwamitrihydraulics"), "+91 265 200 0107", {"x": "farzana_builds"},
            (f"{_MEMBERS}/farzana",)),
    Contact("C-222", "Kaushik Barotwala", "A-108", "Maintenance Head", _mail("kaushik", "vishwamitrihydraulics"),
            "", {"youtube": "@kaushik_oil"}, (f"{_MEMBERS}/kaushik",)),
    Contact("C-223", "Raghunandan Thimmegowda", "A-109", "Projects Head", _mail("raghu", "thoppuraxles"),
            "+91 4344 200 108", {"x": "raghu_projects"}),
    Contact("C-224", "Vaishnavi Kudalkar", "A-110", "Director", _mail("vaishnavi", "alanditoolrooms"),
            "+91 20 2000 0131", {"x": "vaishnavi_tools"}, (f"{_MEMBERS}/vaishnavi",)),
    Contact("C-225", "Lalitha Kempaiah", "A-109", "Buyer", _mail("lalitha", "thoppuraxles"),
            "", {"mastodon": "@lalitha@shopfloor.example"}),
    Contact("C-226", "Joseph Arulappan", "A-109", "Trainer", _mail("joseph", "thoppuraxles"),
            "", {"youtube": "@joseph_trains"}, (f"{_MEMBERS}/joseph",)),
    Contact("C-227", "Tukaram Ghadigaonkar", "A-110", "Tool Room Head", _mail("tukaram", "alanditoolrooms"),
            "020 2000 0132", {}, (f"{_MEMBERS}/tukaram",)),
    Contact("C-228", "Shivaprasad Heggodu", "A-112", "Plant Manager", _mail("shivaprasad", "tungarail"),
            "+91 8182 200 110", {"x": "heggodu_rail"}, (f"{_MEMBERS}/heggodu",)),
    Contact("C-229", "Manjula Nittur", "A-112", "Maintenance Planner", _mail("manjula", "tungarail"),
            "", {"reddit": "manjula_plans"}, (f"{_MEMBERS}/manjula",)),
    Contact("C-230", "", "", "", "", "", {"reddit": "coolant_in_my_chai"}),
)  # fmt: skip

HOLDINGS = (
    Holding("H-301", "A-101", "Koyna 400", "series 2", 780),
    Holding("H-302", "A-101", "Girna 250", "series 1", 205),
    Holding("H-303", "A-103", "Koyna 400", "series 1", 1650, 118, "Veltrani V5", "Spare parts took six weeks"),
    Holding("H-304", "A-103", "Girna 250", "series 1", 900, 112, "Corsa 320", "Spare parts took six weeks"),
    Holding("H-305", "A-103", "Veltrani V5", "", 118),
    Holding("H-306", "A-104", "Koyna 400", "series 1", 1120),
    Holding("H-307", "A-104", "Girna 250", "series 1", 380),
    Holding("H-308", "A-105", "Koyna 400", "series 2", 280),
    Holding("H-309", "A-105", "Girna 250", "series 1", 190),
    Holding("H-310", "A-105", "Tapi 1000", "", 92),
    Holding("H-311", "A-106", "Koyna 400", "series 1", 950),
    Holding("H-312", "A-106", "Girna 250", "series 1", 610),
    Holding("H-313", "A-106", "Tapi 1000", "", 240),
    Holding("H-314", "A-108", "Girna 250", "series 1", 630),
    Holding("H-315", "A-108", "Tapi 1000", "", 175),
    Holding("H-316", "A-110", "Koyna 400", "series 1", 3400, 300, "Corsa 320", "Slow spares, and a better price"),
    Holding("H-317", "A-110", "Corsa 320", "", 300),
    Holding("H-318", "A-112", "Koyna 400", "series 1", 1400),
    Holding("H-319", "A-112", "Girna 250", "series 1", 720),
    Holding("H-320", "A-112", "Tapi 1000", "", 330),
)

PURCHASES = (
    Purchase("P-501", "A-101", "C-201", "Koyna 400", 784, 24_65_000),
    Purchase("P-502", "A-101", "C-201", "Girna 250", 210, 14_90_000),
    Purchase("P-503", "A-101", "C-202", "Bearing set for Koyna 400", 33, 86_400),
    Purchase("P-504", "A-101", "C-202", "Maintenance contract", 61, 1_18_000),
    Purchase("P-505", "A-103", "C-204", "Koyna 400", 1655, 19_75_000),
    Purchase("P-506", "A-103", "C-208", "Spares kit", 260, 41_250),
    Purchase("P-507", "A-104", "C-212", "Girna 250", 384, 14_10_000),
    Purchase("P-508", "A-104", "C-212", "Operator training", 370, 36_000),
    Purchase("P-509", "A-105", "C-213", "Koyna 400", 283, 24_80_000),
    Purchase("P-510", "A-105", "C-213", "Tapi 1000", 97, 41_50_000),
    Purchase("P-511", "A-106", "C-215", "Tapi 1000", 244, 40_25_000),
    Purchase("P-512", "A-106", "C-216", "Belts and filters", 12, 27_840),
    Purchase("P-513", "A-108", "C-221", "Tapi 1000", 180, 41_00_000),
    Purchase("P-514", "A-108", "C-221", "Maintenance contract", 150, 98_500),
    Purchase("P-515", "A-110", "C-227", "Spares kit", 420, 52_300),
    Purchase("P-516", "A-112", "C-228", "Koyna 400", 1404, 20_40_000),
    Purchase("P-517", "A-112", "C-228", "Tapi 1000", 335, 39_90_000),
    Purchase("P-518", "A-112", "C-229", "Maintenance contract", 48, 1_42_000),
)
