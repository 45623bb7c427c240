"""Names of many origins in texts: a name in the CRM, a text, and what the matcher makes of it.

Every contact of the tables works for Acme Tools, as a plant manager in Pune, unless a row says otherwise; so a row
reads: this name, this text, linked, a candidate, or nobody.
"""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from overheard.matcher.features.person import PERSON_FEATURES
from overheard.matcher.identity.directory import Directory
from overheard.matcher.match import match
from overheard.matcher.names.text import Text
from overheard.records import Account, Contact, Holding, Language, Party
from tests.matcher.worlds import account, contact, decision, holding, mention

ACME = account("1", "Acme Tools", "acme-tools.example")
BOREALIS = account("2", "Borealis", "borealis.example")
LINKED, CANDIDATE, NOBODY = "linked", "candidate", "nobody"


def employee(number: str, name: str, **fields: Any) -> Contact:
    return contact(number, name, **{"organisation": "Acme Tools", "title": "Plant Manager", "place": "Pune"} | fields)


def people(text: str, *records: Contact | Account | Holding, **fields: Any) -> dict[str, Party]:
    """The contacts who are parties of a text, by their number in the CRM."""
    made = Directory()
    for record in (ACME, BOREALIS, *records):
        if isinstance(record, Contact):
            made.put_contact(record.id, record)
        elif isinstance(record, Account):
            made.put_account(record.id, record)
        else:
            made.put_holding(record.id, record)
    said = mention("1", text, **fields)
    parties = match(said, Text(text), made).parties
    return {made.reference_of(party.subject): party for party in parties if party.subject in made.contacts}


def outcome(text: str, name: str, *others: Contact, **fields: Any) -> str:
    found = people(text, employee("1", name), *others, **fields)
    return found["1"].outcome if "1" in found else NOBODY


def features(party: Party) -> dict[str, str]:
    return {one.feature: one.mention_value for one in party.evidence}


AS_WRITTEN = [
    ("Asha Rao", "Asha Rao of Acme Tools spoke", LINKED),
    ("Asha Rao", "we met Asha Rao yesterday", CANDIDATE),
    ("Asha Rao", "Asha of Acme Tools spoke", NOBODY),
    ("Asha Rao", "Rao of Acme Tools spoke", NOBODY),
    ("Asha", "Asha of Acme Tools, plant manager in Pune", NOBODY),
    ("Rao", "Rao of Acme Tools, plant manager in Pune", NOBODY),
    ("A.", "A. of Acme Tools", NOBODY),
    ("", "Acme Tools in Pune", NOBODY),
    ("🌸", "🌸 Acme Tools", NOBODY),
    ("Asha Rao", "asha rao from acme tools, plant manager", LINKED),
    ("Asha Rao", "asha rao bought it", CANDIDATE),
    ("Asha Rao", "ASHA RAO, PLANT MANAGER, ACME TOOLS", LINKED),
    ("ASHA RAO", "Asha Rao of Acme Tools", LINKED),
    ("asha rao", "Asha Rao of Acme Tools", LINKED),
    ("Asha Rao", "Asha\nRao of Acme Tools", LINKED),
    ("Asha Rao", "Natasha Raopuri of Acme Tools", NOBODY),
    ("Asha Rao", "Asha. Rao of Acme Tools came later", NOBODY),
    ("Asha Rao", "Asha and Ben Rao of Acme Tools", NOBODY),
]
HONORIFICS = [
    ("Asha Rao", "Dr. Asha Rao of Acme Tools", LINKED),
    ("Asha Rao", "Smt. Asha Rao of Acme Tools", LINKED),
    ("Asha Rao", "Asha Rao-ji of Acme Tools", LINKED),
    ("Asha Rao", "Asha-ji Rao of Acme Tools", LINKED),
    ("Smt. Asha Rao", "Asha Rao of Acme Tools", LINKED),
    ("Shri Ravi Kulvarni", "Ravi Kulvarni of Acme Tools", LINKED),
    ("Thiru. Ravi Kulvarni", "Ravi Kulvarni of Acme Tools", LINKED),
    ("Herr Jürgen Krause", "Jürgen Krause of Acme Tools", LINKED),
    ("Kenji Tanaka", "Kenji Tanaka-san of Acme Tools", LINKED),
    ("Dott. Paolo Conti", "Paolo Conti of Acme Tools", LINKED),
    ("Prof. Dr. Uwe Brandt", "Uwe Brandt of Acme Tools", LINKED),
    ("Er. Sunil Joshi", "Sunil Joshi of Acme Tools", LINKED),
]
INITIALS = [
    ("S. Ramanathan", "S. Ramanathan, plant manager at Acme Tools", LINKED),
    ("S. Ramanathan", "S. Ramanathan of Acme Tools", LINKED),
    ("S. Ramanathan", "S. Ramanathan ate there. Acme Tools paid", CANDIDATE),
    ("S. Ramanathan", "we met S. Ramanathan", CANDIDATE),
    ("S. Ramanathan", "Ramanathan S, plant manager at Acme Tools", LINKED),
    ("S. Ramanathan", "Ramanathan S., plant manager at Acme Tools", LINKED),
    ("Ramanathan S", "S Ramanathan, plant manager at Acme Tools", LINKED),
    ("K. R. Narayanan", "KR Narayanan, plant manager at Acme Tools", LINKED),
    ("K. R. Narayanan", "R. Narayanan, plant manager at Acme Tools", NOBODY),
    ("R. Narayanan", "K. R. Narayanan, plant manager at Acme Tools", NOBODY),
    ("S. Ramanathan", "T. Ramanathan, plant manager at Acme Tools", NOBODY),
    ("S Ramanathan Iyer", "Ramanathan Iyer of Acme Tools", LINKED),
    ("S Ramanathan Iyer", "S. Ramanathan, plant manager at Acme Tools", LINKED),
    ("Suresh Kumar R", "Suresh Kumar, plant manager at Acme Tools", LINKED),
    ("Suresh Kumar R", "Suresh Kumar R of Acme Tools", LINKED),
    ("Suresh Kumar R", "R. Suresh Kumar, plant manager at Acme Tools", LINKED),
    ("Asha Rao", "A. Rao, plant manager at Acme Tools", LINKED),
    ("Asha Rao", "A. Rao of Acme Tools", LINKED),
    ("Asha Rao", "A. Rao (Acme Tools)", LINKED),
    ("Asha Rao", "A. Rao bought pliers from Acme Tools", CANDIDATE),
    ("Jean-Baptiste Lefort", "J.-B. Lefort of Acme Tools", LINKED),
    ("Jean-Baptiste Lefort", "J.-C. Lefort of Acme Tools", NOBODY),
    ("Asha Rao", "A. Rao bought it", CANDIDATE),
    ("Asha Rao", "Rao A. of Acme Tools", CANDIDATE),
    ("Asha Rao", "B. Rao, plant manager at Acme Tools", NOBODY),
    ("Asha Rao", "it's a rao of Acme Tools", NOBODY),
    ("Asha M. Rao", "Asha M. Rao of Acme Tools", LINKED),
    ("Asha M. Rao", "Asha B. Rao of Acme Tools", CANDIDATE),
    ("Asha Rao", "Asha M. Rao of Acme Tools", LINKED),
    ("J. Edgar Bell", "Edgar Bell of Acme Tools", LINKED),
]
INDIAN = [
    ("M. S. Dhanapal", "Dhanapal M.S., plant manager at Acme Tools", LINKED),
    ("M. S. Dhanapal", "MS Dhanapal, plant manager at Acme Tools", LINKED),
    ("M. S. Dhanapal", "S. Dhanapal, plant manager at Acme Tools", NOBODY),
    ("M. Karunakaran", "M. Karunakaran, plant manager at Acme Tools", LINKED),
    ("T.R.Balu", "T R Balu, plant manager at Acme Tools", LINKED),
    ("T. R. Balu", "T.R.Balu, plant manager at Acme Tools", LINKED),
    ("A. P. J. Kalamkar", "Dr. A.P.J. Kalamkar, plant manager at Acme Tools", LINKED),
    ("V. Viswanathan Anand", "Vishwanathan Anand, plant manager at Acme Tools", LINKED),
    ("Venkata Subba Rao", "Subba Rao, plant manager at Acme Tools", LINKED),
    ("Venkata Subba Rao", "V. Subba Rao, plant manager at Acme Tools", LINKED),
    ("Md. Rafiqul Islam", "Mohammad Rafiqul Islam, plant manager at Acme Tools", LINKED),
    ("Md Rafiqul Islam", "Rafiqul Islam of Acme Tools", LINKED),
    ("Mohammed Irfan Khan", "Irfan Khan, plant manager at Acme Tools", LINKED),
    ("Syed Abdul Rahman", "Abdul Rahman, plant manager at Acme Tools", LINKED),
    ("Ram Prasad Yadav", "Ramprasad Yadav of Acme Tools", LINKED),
    ("Ravi Shankar Prasad", "Ravishankar Prasad of Acme Tools", LINKED),
    ("Rajesh Kr. Sharma", "Rajesh Kumar Sharma, plant manager at Acme Tools", LINKED),
    ("Rajesh Kumar Sharma", "Rajesh Kr Sharma, plant manager at Acme Tools", LINKED),
    ("Rajesh Kumar Sharma", "Rajesh Ram Sharma, plant manager at Acme Tools", CANDIDATE),
    ("Jyoti Gowda", "Jyothi Gouda, plant manager at Acme Tools", LINKED),
    ("Gurpreet Kaur Sandhu", "Gurpreet Kaur, plant manager at Acme Tools", LINKED),
    ("Harpreet Singh", "Harpreet Kaur, plant manager at Acme Tools", NOBODY),
    ("Asha Rao", "Asha Rao garu of Acme Tools", LINKED),
    ("Asha Rao", "Asha Rao & Co of Acme Tools", CANDIDATE),
    ("Rajiv Gandhi", "Rajiv Gandhi International Airport, says Acme Tools", CANDIDATE),
    ("Rajiv Gandhi", "Rajiv Gandhi Nagar, near Acme Tools", CANDIDATE),
    ("Vijay Kumar", "Vijay, Kumar and Ravi of Acme Tools", NOBODY),
]
MISTYPED = [
    ("Asha Rao", "Yesterday Rao, Asha of Acme Tools spoke", LINKED),
    ("Asha Rao", "Bill Rao, Asha Devi of Acme Tools spoke", NOBODY),
    ("Kim Min-jun", "김민준 Acme Tools", LINKED),
    ("Olena Hartwick", "Olena Hartwcik of Acme Tools", LINKED),
    ("Olena Hartwick", "Olena Hartwik of Acme Tools", LINKED),
    ("Charlotte Hartwick", "Charlote Hartwick of Acme Tools", LINKED),
    ("Charlotte Hartwick", "Charlote J. Hartwick of Acme Tools", LINKED),
    ("Michael Hartwick", "Micheal Hartwick of Acme Tools", LINKED),
    ("Olena Hartwick", "Olena Hartwcik spoke", NOBODY),
    ("Olena Hartwick", "Olana Hartwcik of Acme Tools", NOBODY),
    ("Olena Hartwick", "Olena Hartwicks of Acme Tools", NOBODY),
    ("Olena Hartwick", "Olena met Hartwcik of Acme Tools", NOBODY),
    ("Michael Andersen", "Michael Anderson of Acme Tools", CANDIDATE),
    ("Martin Hartwick", "Martina Hartwick of Acme Tools", NOBODY),
    ("Asha Rao", "Ahsa Rao of Acme Tools", NOBODY),
]
ONE_WORD_OR_TWO = [
    ("Omar Al-Harbi", "Omar Alharbi of Acme Tools", LINKED),
    ("Omar Alharbi", "Omar Al Harbi of Acme Tools", LINKED),
    ("Yusuf El Amrani", "Yusuf Elamrani of Acme Tools", LINKED),
    ("Ahmed Abdel-Rahman", "Ahmad Abdulrahman of Acme Tools", LINKED),
    ("Anna De Luca", "Anna Deluca of Acme Tools", LINKED),
    ("Seán O'Brien", "Sean OBrien of Acme Tools", LINKED),
    ("Anna van der Meulen", "Anna Vandermeulen of Acme Tools", LINKED),
    ("Kim Min-jun", "Minjun Kim of Acme Tools", LINKED),
    ("Ann Albright", "Ann Bright of Acme Tools", NOBODY),
    ("Mary Ashworth-Cole", "Mary Ashworthcole of Acme Tools", NOBODY),
]
NICKNAMES = [
    ("Chukwuemeka Okonkwo", "Emeka Okonkwo of Acme Tools", LINKED),
    ("Oluwaseun Adebayo", "Seun Adebayo of Acme Tools", LINKED),
    ("Konstantinos Vlachos", "Kostas Vlachos of Acme Tools", LINKED),
    ("Robert Hartwick", "Bob Hartwick of Acme Tools", LINKED),
    ("Bob Hartwick", "Robert Hartwick of Acme Tools", LINKED),
    ("Robert Hartwick", "we met Bob Hartwick", CANDIDATE),
    ("Elizabeth Thornby", "Liz Thornby, plant manager at Acme Tools", LINKED),
    ("William Thornby", "Bill Thornby, plant manager at Acme Tools", LINKED),
    ("William Thornby", "Bob Thornby, plant manager at Acme Tools", NOBODY),
    ("Venkatesh Chittoor", "Venky Chittoor, plant manager at Acme Tools", LINKED),
    ("Subramanian Chittoor", "Subbu Chittoor, plant manager at Acme Tools", LINKED),
    ("Balasubramanian Chittoor", "Bala Chittoor, plant manager at Acme Tools", LINKED),
    ("Rajesh Chittoor", "Raj Chittoor, plant manager at Acme Tools", LINKED),
    ("Александр Орлов", "Саша Орлов, Acme Tools, plant manager", LINKED),
    ("Alexander Orlov", "Sasha Orlov, plant manager at Acme Tools", LINKED),
    ("Francisco Vega", "Paco Vega, plant manager at Acme Tools", LINKED),
    ("Giuseppe Conti", "Beppe Conti, plant manager at Acme Tools", LINKED),
    ("Robert Hartwick", 'Robert "Bob" Hartwick of Acme Tools', LINKED),
]
SPELLINGS = [
    ("Ravi Sharma", "Ravi Sarma, plant manager at Acme Tools", LINKED),
    ("Ravi Sarma", "we met Ravi Sharma", CANDIDATE),
    ("Lakshmi Chittoor", "Laxmi Chittoor, plant manager at Acme Tools", LINKED),
    ("Mohammed Chittoor", "Muhammad Chittoor, plant manager at Acme Tools", LINKED),
    ("Mohd. Chittoor", "Mohammad Chittoor, plant manager at Acme Tools", LINKED),
    ("Ravi Chowdhury", "Ravi Choudhary, plant manager at Acme Tools", LINKED),
    ("Vikram Chittoor", "Wikram Chittoor, plant manager at Acme Tools", LINKED),
    ("Venkatesh Chittoor", "Venkatesha Chittoor, plant manager at Acme Tools", LINKED),
    ("Krishna Chittoor", "Krishnan Chittoor, plant manager at Acme Tools", NOBODY),
    ("Asha Chittoor", "Usha Chittoor, plant manager at Acme Tools", NOBODY),
    ("Sunita Chittoor", "Sunitha Chittoor, plant manager at Acme Tools", LINKED),
    ("Deepak Chittoor", "Dipak Chittoor, plant manager at Acme Tools", LINKED),
    ("Geeta Chittoor", "Gita Chittoor, plant manager at Acme Tools", LINKED),
    ("Sergey Orlov", "Sergei Orlov, plant manager at Acme Tools", LINKED),
    ("Dmitry Orlov", "Dmitriy Orlov, plant manager at Acme Tools", LINKED),
    ("Jürgen Müller", "Jürgen Mueller of Acme Tools", LINKED),
    ("Jurgen Muller", "Jürgen Müller of Acme Tools", LINKED),
    ("Katherine Thornby", "Catherine Thornby of Acme Tools", LINKED),
    ("Steven Thornby", "Stephen Thornby of Acme Tools", LINKED),
    ("Ann Smith", "Ann Smyth of Acme Tools, plant manager", LINKED),
    ("Leo Thornby", "Lu Thornby of Acme Tools, plant manager", NOBODY),
    ("Roberta Thornby", "Robert Thornby of Acme Tools, plant manager", NOBODY),
    ("José García", "Jose Garcia of Acme Tools", LINKED),
    ("Jose Garcia", "José García of Acme Tools", LINKED),
    ("Łukasz Wójcik", "Lukasz Wojcik of Acme Tools", LINKED),
    ("Søren Kjær", "Soren Kjaer of Acme Tools", LINKED),
    ("Nguyễn Văn Hùng", "Nguyen Van Hung of Acme Tools", LINKED),
    ("Zoë Brontë", "Zoe Bronte of Acme Tools", LINKED),
    ("Dvořák Antonín", "Antonin Dvorak of Acme Tools", LINKED),
]
SCRIPTS = [
    ("Priya Sharma", "आज प्रिया शर्मा ने Acme Tools में कहा", LINKED),
    ("प्रिया शर्मा", "Priya Sharma of Acme Tools", LINKED),
    ("प्रिया शर्मा", "आज प्रिया शर्मा ने कहा", CANDIDATE),
    ("Sunil Kulkarni", "सुनील कुलकर्णी, Acme Tools, Plant Manager", LINKED),
    ("Usha Sharma", "आशा शर्मा, Acme Tools, Plant Manager", NOBODY),
    ("Ramanathan Sundaram", "ராமநாதன் சுந்தரம், Acme Tools, Plant Manager", LINKED),
    ("ராமநாதன் சுந்தரம்", "Ramanathan Sundaram, plant manager at Acme Tools", LINKED),
    ("Venkatesh Rao", "వెంకటేష్ రావు, Acme Tools, Plant Manager", LINKED),
    ("Anirban Mukherjee", "অনির্বাণ মুখার্জী, Acme Tools, Plant Manager", LINKED),
    ("Hetal Patel", "હેતલ પટેલ, Acme Tools, Plant Manager", LINKED),
    ("Gurpreet Singh", "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ, Acme Tools, Plant Manager", LINKED),
    ("Manjunath Hegde", "ಮಂಜುನಾಥ್ ಹೆಗ್ಡೆ, Acme Tools, Plant Manager", LINKED),
    ("Suresh Nair", "സുരേഷ് നായർ, Acme Tools, Plant Manager", LINKED),
    ("Ivan Petrov", "сказал Иван Петров из Acme Tools", LINKED),
    ("Иван Петров", "Ivan Petrov of Acme Tools", LINKED),
    ("Иван Петров", "Иван Петров, Acme Tools", LINKED),
    ("Артём Королёв", "Артем Королев, Acme Tools", LINKED),
    ("Nikita Khrushchev", "Никита Хрущёв, Acme Tools", LINKED),
    ("Giorgos Papadopoulos", "Γιώργος Παπαδόπουλος, Acme Tools", LINKED),
    ("Ελένη Νικολάου", "Eleni Nikolaou of Acme Tools", LINKED),
    ("Mohammed Hassan", "محمد حسن Acme Tools Plant Manager", LINKED),
    ("محمد حسن", "Mohammed Hassan, plant manager at Acme Tools", LINKED),
    ("Khalid Mansour", "خالد منصور Acme Tools Plant Manager", LINKED),
    ("Fatima Zahra", "فاطمة الزهراء Acme Tools Plant Manager", LINKED),
    ("王小明", "昨日王小明在 Acme Tools 说了话", LINKED),
    ("王小明", "昨日王晓明在 Acme Tools 说了话", NOBODY),
    ("Wang Xiaoming", "昨日王小明在 Acme Tools 说了话", LINKED),
    ("Xiaoming Wang", "昨日王小明在 Acme Tools 说了话", LINKED),
    ("王小明", "Wang Xiaoming of Acme Tools", LINKED),
    ("王小明", "Xiaoming Wang of Acme Tools", LINKED),
    ("欧阳小明", "Ouyang Xiaoming of Acme Tools", LINKED),
    ("Zhang Wei", "王伟 Acme Tools Plant Manager", NOBODY),
    ("김철수", "김철수는 Acme Tools 에서", LINKED),
    ("Kim Cheolsu", "김철수는 Acme Tools 에서", LINKED),
    ("山田太郎", "山田 太郎さん Acme Tools", LINKED),
    ("გიორგი ბერიძე", "Giorgi Beridze of Acme Tools", LINKED),
]
ORDER = [
    ("Asha Rao", "Rao, Asha - Acme Tools", LINKED),
    ("Asha Chittoor", "Chittoor Asha, plant manager at Acme Tools", LINKED),
    ("Rajesh Kumar", "Kumar Rajesh, plant manager at Acme Tools", LINKED),
    ("Kumar Rajesh", "Rajesh Kumar, plant manager at Acme Tools", LINKED),
    ("Wang Wei", "Wei Wang of Acme Tools, plant manager", LINKED),
    ("Wei Wang", "Wang Wei of Acme Tools, plant manager", LINKED),
    ("Nagy Katalin", "Katalin Nagy of Acme Tools", LINKED),
    ("Hanako Yamada", "Yamada Hanako of Acme Tools", LINKED),
    ("James Thomas", "Thomas James of Acme Tools, plant manager", NOBODY),
    ("Hillary Clifton", "Bill Clifton, Hillary Swank and Acme Tools", NOBODY),
    ("Hillary Clifton", "Bill Clifton Hillary Acme Tools", NOBODY),
    ("Mark Page", "turn the page, mark it, said Acme Tools", NOBODY),
]
PARTS = [
    ("Gabriel García Márquez", "Gabriel García Márquez of Acme Tools", LINKED),
    ("Gabriel García Márquez", "Gabriel García, plant manager at Acme Tools", LINKED),
    ("Gabriel García Márquez", "Gabriel García said so", CANDIDATE),
    ("María Fernanda López Aguilar", "Fernanda López, plant manager at Acme Tools", LINKED),
    ("María Fernanda López Aguilar", "María López, plant manager at Acme Tools", LINKED),
    ("María Fernanda López Aguilar", "Fernanda López said so", CANDIDATE),
    ("María José Carreño Quiñones", "María José Carreño Quiñones of Acme Tools", LINKED),
    ("Иванов Пётр Сергеевич", "Пётр Иванов, Acme Tools", LINKED),
    ("Pyotr Sergeevich Ivanov", "Pyotr Ivanov of Acme Tools", LINKED),
    ("Ludwig van Beekhoven", "Ludwig van Beekhoven of Acme Tools", LINKED),
    ("Ludwig Beekhoven", "Ludwig van Beekhoven of Acme Tools", LINKED),
    ("Omar Rashid", "Omar al-Rashid of Acme Tools", LINKED),
    ("Omar al-Rashid", "Omar Rashid of Acme Tools, plant manager", LINKED),
    ("Khalid bin Faisal", "Khalid bin Faisal of Acme Tools", LINKED),
    ("Mary Jones (née Thornby)", "Mary Thornby, plant manager at Acme Tools", LINKED),
    ("Mary Jones", "Mary Jones née Thornby of Acme Tools", LINKED),
    ("Susan Rice-Martinez", "Susan Rice of Acme Tools", NOBODY),
    ("Susan Rice", "Susan Rice-Martinez of Acme Tools", NOBODY),
    ("Jean-Luc Picard", "Jean Luc Picard of Acme Tools", LINKED),
    ("Pat O'Brien", "Pat O’Brien of Acme Tools", LINKED),
    ("Ben Stone Jr.", "Ben Stone Jr. of Acme Tools", LINKED),
    ("Ben Stone", "Ben Stone Jr. of Acme Tools", CANDIDATE),
    ("Bill Clifton", "Bill Clifton Road, near Acme Tools", CANDIDATE),
]
DISGUISES = [
    ("Asha Rao", "Аsha Rаo of Acme Tools, plant manager", LINKED),  # Cyrillic а
    ("Asha Rao", "As\u200bha Rao of Acme Tools", NOBODY),  # the zero width space parts words
    ("Asha Rao", "As\u200dha R\u200cao of Acme Tools", LINKED),
    ("Asha Rao", "As\u2060ha \ufeffRao\u200e of Acme Tools", LINKED),
    ("Asha Rao", "\u202bAsha Rao\u202c of Acme Tools", LINKED),
    ("Asha Rao", "Asha\u200bRao of Acme Tools", LINKED),
    ("Asha Rao", "Ａｓｈａ Ｒａｏ of Acme Tools", LINKED),
    ("Asha Rao", "𝐀𝐬𝐡𝐚 𝐑𝐚𝐨 of Acme Tools", LINKED),
    ("Asha Rao", "🌸Asha Rao🌸 of Acme Tools", LINKED),
    ("Asha Rao 🌸", "Asha Rao of Acme Tools", LINKED),
    ("Asha\u200b Rao\u200d", "Asha Rao of Acme Tools", LINKED),
    ("Asha Rao", "**Asha** Rao of Acme Tools", LINKED),
    ("Asha Rao", "A\u0301sha Rao of Acme Tools", LINKED),
    ("Asha " + "x" * 5_000, "Asha " + "x" * 5_000 + " of Acme Tools", LINKED),
    ("Asha\x00 Rao", "Asha Rao of Acme Tools", LINKED),
]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        *AS_WRITTEN,
        *HONORIFICS,
        *INITIALS,
        *INDIAN,
        *MISTYPED,
        *ONE_WORD_OR_TWO,
        *NICKNAMES,
        *SPELLINGS,
        *SCRIPTS,
        *ORDER,
        *PARTS,
        *DISGUISES,
    ],
)
def test_a_name_in_a_text_comes_out_as_a_careful_reader_would_have_it(name: str, text: str, expected: str) -> None:
    assert outcome(text, name) == expected


ASHA = employee("1", "Asha Rao")


def test_a_former_employer_is_one_of_the_same_sentence() -> None:
    rao = contact("1", "Asha Rao", organisation="Acme Tools")
    found = {
        text: {one.feature for one in people(text, rao, ACME)["1"].evidence}
        for text in ("It came two weeks late. Acme Tools has promoted Asha Rao", "Of former Acme Tools: Asha Rao")
    }
    assert ["former employer" in features for features in found.values()] == [False, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Asha Rao of Borealis spoke", CANDIDATE),
        ("Asha Rao, plant manager at Borealis, spoke in Pune", CANDIDATE),
        ("Asha Rao (plant manager, Borealis) spoke", CANDIDATE),
        ("Borealis CEO Asha Rao, from Pune, a plant manager", CANDIDATE),
        ("Borealis's plant manager Asha Rao of Pune", CANDIDATE),
        ("Asha Rao @ Borealis, plant manager, Pune", CANDIDATE),
        ("Secretary of Borealis Asha Rao, a plant manager, spoke in Pune", CANDIDATE),
        ("PUNE -- Plant manager Asha Rao spoke", LINKED),
        ("Asha Rao, formerly of Borealis, now plant manager in Pune", LINKED),
        ("Asha Rao, ex-Borealis, plant manager in Pune", LINKED),
        ("former Borealis plant manager Asha Rao of Pune", LINKED),
        ("Asha Rao of Acme Tools visited Borealis", LINKED),
        ("Asha Rao (Borealis), plant manager in Pune", CANDIDATE),
        ("Asha Rao spoke. Plant manager in Pune. Borealis listened", LINKED),
        ("Asha Rao left Acme Tools", LINKED),
        ("Asha Rao, former plant manager at Acme Tools", LINKED),
        ("Asha Rao of Pune, a plant manager", LINKED),
        ("Asha Rao moved to Pune", CANDIDATE),
        ("write to asha@acme-tools.example, Asha Rao", LINKED),
    ],
)
def test_another_employer_beside_the_name_is_a_veto_unless_it_is_over(text: str, expected: str) -> None:
    found = people(text, ASHA)
    assert found["1"].outcome == expected
    beside = {one.feature for one in found["1"].evidence if one.veto}
    assert beside <= {"other employer"}


def test_an_organisation_that_only_the_recogniser_sees_counts_as_another_employer() -> None:
    text = "Asha Rao of Fjord Mills, plant manager in Pune"
    assert people(text, ASHA)["1"].outcome == LINKED
    assert people(text, ASHA, entities=[("organisation", "Fjord Mills")])["1"].outcome == CANDIDATE
    assert people(text, employee("1", "Asha Rao", organisation=""), entities=[("organisation", "Fjord Mills")])[
        "1"
    ].outcome == (LINKED)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Secretary of State Asha Rao, a plant manager, spoke in Pune", "State"),
        ("CLEVELAND -- Asha Rao, a plant manager, spoke in Pune", "CLEVELAND"),
        ("CLEVELAND — Plant manager Asha Rao spoke in Pune", "CLEVELAND"),
    ],
)
def test_what_the_recogniser_takes_for_an_organisation_in_a_title_or_a_dateline_is_no_employer(
    text: str, seen: str
) -> None:
    assert people(text, ASHA, entities=[("organisation", seen)])["1"].outcome == LINKED


def test_a_product_that_the_employer_has_is_a_fact() -> None:
    text = "Asha Rao of Pune mends a BorealMill 300"
    assert people(text, ASHA)["1"].outcome == CANDIDATE
    party = people(text, ASHA, holding("1", ACME.id))["1"]
    assert party.outcome == LINKED
    assert features(party)["product held"] == "BorealMill 300"


def test_whom_somebody_works_for_is_known_anew_when_accounts_holdings_or_the_record_change() -> None:
    made, one = Directory(), employee("1", "Asha Rao")
    made.put_contact(one.id, one)
    assert made.employed(made.known(one.id).work)[:3] == (None, (), "acme tools")
    made.put_account(ACME.id, ACME)
    assert made.employed(made.known(one.id).work)[:3] == (ACME, (), ACME.id)
    held = holding("1", ACME.id, "Grinder 9")
    made.put_holding(held.id, held)
    assert made.employed(made.known(one.id).work).products == ("Grinder 9",)
    made.put_holding(held.id, None)
    assert made.employed(made.known(one.id).work).products == ()
    moved = employee("1", "Asha Rao", organisation="Borealis")
    made.put_contact(moved.id, moved)
    assert made.employed(made.known(moved.id).work)[:3] == (None, (), "borealis")
    made.put_account(BOREALIS.id, BOREALIS)
    assert made.employed(made.known(moved.id).work).employer == BOREALIS
    made.put_account(BOREALIS.id, None)
    assert made.employed(made.known(moved.id).work).employer is None


def test_a_colleague_named_in_the_same_text_is_a_fact_for_both() -> None:
    ben = employee("2", "Ben Kulvarni")
    other = contact("3", "Ben Kulvarni", organisation="Borealis")
    text = "Asha Rao and Ben Kulvarni met in Pune"
    assert {n: p.outcome for n, p in people(text, ASHA, ben).items()} == {"1": LINKED, "2": LINKED}
    assert features(people(text, ASHA, ben)["1"])["colleague named"] == "Asha Rao"
    assert {n: p.outcome for n, p in people(text, ASHA, other).items()} == {"1": CANDIDATE, "3": CANDIDATE}


def test_two_colleagues_named_in_full_are_a_link_where_somebody_sees_people() -> None:
    ben = employee("2", "Ben Kulvarni")
    found = people(
        "Asha Rao met Ben Kulvarni", ASHA, ben, entities=[("person", "Asha Rao"), ("person", "Ben Kulvarni")]
    )
    assert {party.outcome for party in found.values()} == {LINKED}


def test_records_of_one_name_are_no_colleagues_of_each_other() -> None:
    found = people("Asha Rao met Asha Rao in Pune", ASHA, employee("2", "Asha Rao"))
    assert all("colleague named" not in features(party) for party in found.values())


def test_the_language_of_their_country_is_weak_evidence() -> None:
    hans = employee("1", "Hans Krause", country="Germany")
    said = mention("1", "Hans Krause kommt")
    made = Directory()
    made.put_contact(hans.id, hans)
    weights = []
    for code in ("de", "fr", "en"):
        one = msgspec.structs.replace(said, language=Language(code=code, confidence=0.9))
        weights.append(match(one, Text(said.mention.text), made).parties[0].weight)
    assert weights[0] > weights[1] == weights[2]


@pytest.mark.parametrize(
    ("text", "names", "linked"),
    [
        ("Asha Sharma of Acme Tools", ("Asha Sharma", "Asha Sarma"), ["1"]),
        ("Asha Sarma of Acme Tools", ("Asha Sharma", "Asha Sarma"), ["2"]),
        ("Bob Hartwick of Acme Tools", ("Robert Hartwick", "Bob Hartwick"), ["2"]),
        ("Robert Hartwick of Acme Tools", ("Robert Hartwick", "Bob Hartwick"), ["1"]),
        ("José García of Acme Tools, plant manager", ("José García", "Jose Garcia"), ["1"]),
        ("A. Rao, plant manager at Acme Tools", ("Asha Rao", "Anil Rao"), []),
        ("Gabriel García, plant manager at Acme Tools", ("Gabriel García Márquez", "Gabriel García"), ["2"]),
        ("प्रिया शर्मा, Acme Tools, Plant Manager", ("Priya Sharma", "प्रिया शर्मा"), ["2"]),
    ],
)
def test_of_two_contacts_the_one_whose_name_is_spelled_as_in_the_text_is_meant(
    text: str, names: tuple[str, str], linked: list[str]
) -> None:
    found = people(text, employee("1", names[0]), employee("2", names[1]))
    assert [number for number, party in sorted(found.items()) if party.outcome == LINKED] == linked


@pytest.mark.parametrize("countries", [("", "Peru"), ("Peru", "")])
def test_a_name_is_rare_where_its_own_bearer_lives_whoever_of_its_bearers_is_looked_at_first(
    countries: tuple[str, str],
) -> None:
    first, second = (contact(str(n), "Gina Haspel", country=c) for n, c in enumerate(countries, 1))
    found = people("Gina Haspel came", first, second)
    assert {n: "rare name" in features(party) for n, party in found.items()} == {
        str(n): not country for n, country in enumerate(countries, 1)
    }


@pytest.mark.parametrize(("relatives", "outcome"), [(14, LINKED), (15, CANDIDATE)])
def test_a_name_is_not_rare_where_many_contacts_bear_the_family_name(relatives: int, outcome: str) -> None:
    others = [contact(f"x{n}", f"{chr(97 + n)}exon Haspel") for n in range(relatives)]
    found = people("Then Gina Haspel resigned", contact("1", "Gina Haspel"), *others)
    assert found["1"].outcome == outcome
    assert ("rare name" in features(found["1"])) == (outcome == LINKED)


def test_a_worse_spelled_name_with_facts_keeps_a_rare_name_from_being_linked_alone() -> None:
    rare, told = contact("1", "Gina Haspel"), employee("2", "Gina Haspell")
    assert people("Gina Haspel came", rare, told)["1"].outcome == LINKED
    assert people("Gina Haspel came to Acme Tools", rare, told)["1"].outcome == CANDIDATE


@pytest.mark.parametrize("text", ["Gina Haspel came", "Gina Haspel, plant manager", "Gina Haspel of Acme Tools"])
@pytest.mark.parametrize("number", [2, 3, 20])
def test_the_scores_of_all_who_may_be_meant_at_one_place_come_to_one_at_most(text: str, number: int) -> None:
    alike = [employee(str(i), "Gina Haspel") for i in range(number)]
    found = people(text, *alike, contact("99", "Gina Haspel"))
    assert len(found) == number + 1
    assert all(party.outcome == CANDIDATE and party.score > 0 for party in found.values())
    assert 0.0 < sum(party.score for party in found.values()) <= 1.0
    assert len({found[str(i)].score for i in range(number)}) == 1
    assert found["0"].score >= found["99"].score
    alone = people(text, alike[0])["0"]
    assert alone.score > found["0"].score


def test_who_is_linked_has_the_score_that_it_has_alone_and_leaves_the_rest_to_the_others() -> None:
    told = employee("1", "Gina Haspel")
    text = "Gina Haspel, plant manager at Acme Tools"
    alone, found = people(text, told)["1"], people(text, told, *(contact(str(i), "Gina Haspel") for i in range(2, 9)))
    assert (found["1"].outcome, found["1"].score) == (LINKED, alone.score)
    assert sum(party.score for party in found.values()) <= 1.0


def test_two_records_that_people_joined_are_one_who_may_be_meant() -> None:
    first, second = employee("1", "Gina Haspel"), employee("2", "Gina Haspel")
    text = "Gina Haspel of Acme Tools"
    made = Directory()
    for record in (ACME, first, second):
        (made.put_account if isinstance(record, Account) else made.put_contact)(record.id, record)  # type: ignore[arg-type]
    said = mention("1", text)
    made.decisions.put("dec_1", decision("1", "same", first.id, second.id))
    (party,) = (one for one in match(said, Text(text), made).parties if one.subject in made.contacts)
    assert (party.outcome, party.score) == (LINKED, people(text, first)["1"].score)


def test_a_family_name_that_many_contacts_bear_weighs_less() -> None:
    text = "Asha Chittoor of Acme Tools"
    few = people(text, employee("1", "Asha Chittoor"))["1"]
    many = people(
        text, employee("1", "Asha Chittoor"), *(contact(f"x{i}", f"{chr(97 + i)}exon Chittoor") for i in range(20))
    )["1"]
    assert many.weight < few.weight
    assert features(many)["family name shared"] == "Asha Chittoor"


def test_of_hundreds_who_share_initials_those_are_candidates_for_whom_something_speaks() -> None:
    letters = [f"A{chr(97 + i // 26)}{chr(97 + i % 26)}x" for i in range(200)]
    crowd = [contact(f"x{i}", f"{one} Rao", organisation="Fjord Mills") for i, one in enumerate(letters)]
    assert set(people("A. Rao of Acme Tools", ASHA, *crowd)) == {"1"}
    assert people("we met A. Rao", ASHA, *crowd) == {}


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("Asha Rao came. Rao left. She laughed", ["Rao", "She"]),
        ("Asha Rao came. Ms. Rao left, and Asha smiled", ["Rao", "Asha"]),
        ("Rao came. Asha Rao left", []),
        ("Asha Rao and Ben Rao came. Rao left. Asha stayed", ["Asha"]),
        ("Asha Rao came. Rao Motors closed", []),
        ("Asha Rao came. The rao was late", []),
        ("Asha Rao met Ben Stone. She left. Rao stayed", ["Rao"]),
        ("आशा राव came. She left", ["She"]),
        ("Asha Rao came. He said she would", ["He", "she"]),
        ("Asha Rao came. Rao's plan worked. Mr Rao left", ["Rao", "Rao"]),
        ("Asha Rao came. P. V. Rao left. Rao stayed", []),
        ("Asha Rao came. Asha Bhosle sang. Asha left", []),
        ("Asha Rao came. Judge Rao left", ["Rao"]),
        ("Asha Rao came. #Asha left. @Rao left", []),
        ("Asha Rao came. Asha-ji left. The Raos left", ["Asha"]),
        ("Asha Rao, with her boss, came", ["her"]),
        ("I asked her. Asha Rao came", []),
    ],
)
def test_a_short_mention_follows_the_full_name_in_the_same_text_only(text: str, again: list[str]) -> None:
    found = people(text, ASHA, contact("2", "Ben Stone"))["1"]
    places = sorted((one for one in found.evidence if one.feature == "named again"), key=lambda one: one.start)
    assert [one.mention_value for one in places] == again
    assert all(text[one.start : one.end] == one.mention_value and one.weight == 0 for one in places)


def test_a_short_form_that_fits_two_people_named_belongs_to_neither() -> None:
    found = people("Asha Rao met Ben Rao. Rao left, and she stayed. Ben slept", ASHA, employee("2", "Ben Rao"))
    again = {n: [one.mention_value for one in p.evidence if one.feature == "named again"] for n, p in found.items()}
    assert again == {"1": [], "2": ["Ben"]}


def test_a_pronoun_after_somebody_else_was_seen_is_nobodys() -> None:
    text = "Asha Rao met Zed Quill. She left"
    found = people(text, ASHA, entities=[("person", "Asha Rao"), ("person", "Zed Quill")])["1"]
    assert "named again" not in features(found)


def test_the_table_in_the_docs_is_the_list_in_the_code() -> None:
    text = (Path(__file__).parents[2] / "docs" / "names.md").read_text("utf-8")
    rows = re.findall(r"^\| ([a-z ]+) \| (-?\d\.\d) \| (veto|a fact)?", text, re.MULTILINE)
    told = [(name, float(weight), word) for name, weight, word in rows]
    assert told == [
        (one.name, one.weight, "veto" if one.veto else "a fact" if one.corroborates else "") for one in PERSON_FEATURES
    ]


@pytest.mark.parametrize(
    ("name", "organisation", "text"),
    [
        ("Ivan Petrov", "Severstal", "Иван Петров, «Северсталь»: рады видеть всех"),
        ("Иван Петров", "Северсталь", "Ivan Petrov of Severstal is glad to see you all"),
        ("Asha Rao", "Tata Steel", "टाटा स्टील की आशा राव ने कहा"),
        ("آشا راو", "Siemens", "قالت آشا راو من سيمنس"),
    ],
)
def test_an_employer_in_another_script_is_evidence(name: str, organisation: str, text: str) -> None:
    found = people(text, employee("1", name, organisation=organisation, title="", place=""))
    assert "employer named" in features(found["1"])
    assert "other employer" not in features(found["1"])


def test_another_employer_in_another_script_is_none_of_theirs() -> None:
    found = people(
        "Иван Петров, «Русснефть»: рады", employee("1", "Ivan Petrov", organisation="Rosneft", title="", place="")
    )
    assert "employer named" not in features(found["1"])
    assert found["1"].outcome != LINKED


def test_a_name_with_nothing_beside_it_is_no_more_than_even_however_many_of_its_parts_agree() -> None:
    name = "Asha Devi Rao"
    bare = people("we met Asha Devi Rao yesterday", employee("1", name))["1"]
    backed = people("we met Asha Devi Rao of Acme Tools yesterday", employee("1", name))["1"]
    plain = people("we met Asha Rao yesterday", employee("1", name))["1"]
    assert "same middle name" in features(bare)
    assert plain.weight < bare.weight < backed.weight
    assert (bare.outcome, backed.outcome) == (CANDIDATE, LINKED)
    assert plain.score < bare.score == 0.5
    assert backed.score > 0.99
