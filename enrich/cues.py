"""What the shape of a sentence says of its intent: words, kinds of words, and their order. Knows no labels.

English, Indian English and Hindi in Latin letters. The lists are our own; what each feature is worth is learnt
(`training/intents.py`, by this same code).
"""

import re
from typing import Final, NamedTuple

import regex

from overheard.enrich.encoder import EMOJI

# Read of a sentence; a longer one is seldom a sentence, and its intent stands near its beginning or nowhere.
MAX_CHARACTERS: Final = 400
_MAX_WORDS = 60
_LONGEST_WORD = 24
# Two kinds of words say something together when they are at most so many words apart.
_REACH = 6

_TOKEN = regex.compile(
    r"(?P<link>https?://\S+|www\.\S+|[\w.+-]+@[\w-]+\.\w[\w.]*)|(?P<name>(?<!\w)@\w+)"
    r"|(?P<money>[$€£₹¥]\s?\d[\d.,]*k?|\d[\d.,]*\s?(?:[$€£₹¥]|(?:k|usd|eur|euros?|dollars?|bucks|quid|pounds?|"
    r"rs|rupees|lakhs?)\b))"
    r"|(?P<number>\d[\d.,:%]*)|(?P<word>\p{L}[\p{L}\p{M}]*(?:['’]\p{L}+)?)|(?P<mark>[?!]+|\.{2,}|…)|"
    r"(?P<emoji>\p{Extended_Pictographic})"
)
_STRETCHED = regex.compile(r"(\p{L})\1{2,}")

# Words that do the same work in a sentence. A word may be of several kinds.
_KINDS: Final[dict[str, str]] = {
    "i": "i i'm im i've ive i'd i'll we we're we've we'd we'll my our me us mine ours myself main mai mujhe"
    " mujhko mera meri mere hum hume humko hamein hamko mereko hamare apna",
    "you": "you your you're youre ur u yours you've you'll y'all guys aap aapka aapki tum tumhara",
    "some": "anyone anybody someone somebody any kisi koi anyone's",
    "wh": "what which who how where when why whats what's where's how's who's whose hows kya kaise kaun kaunsa"
    " kaunsi kahan kab kitna kitne kitni kyu kyun kyon konsa",
    "aux": "is are does do did can could will would has have should was were am may shall isn't doesn't don't"
    " didn't can't couldn't won't wouldn't hasn't haven't shouldn't",
    "know": "know recommend recommendation recommendations suggest suggestions suggestion tips advice experience"
    " tried experiences thoughts ideas opinion opinions explain confirm clarify tell wondering curious"
    " batao bataye batayega bataiye pata guide",
    "want": "want wants need needs needed looking plan plans planning thinking considering consider intend"
    " interested tempted ready wanna gonna going decided decide shortlisting evaluating evaluate aiming"
    " searching hunting market requirement budget chahiye chahie chahiyeh afford eyeing deciding require",
    "like": "would i'd we'd like love'd",
    "buy": "buy buying order ordering purchase purchasing get getting grab grabbing book booking reserve"
    " subscribe sign upgrade upgrading preorder pre-ordering hire hiring rent lease leasing enrol enroll"
    " join pick taking procure invest install switch lena le lunga lungi lenge lu kharidna kharidni"
    " mangwana lagwana",
    "quote": "quote quotation quotes price prices pricing offer offers rate rates brochure catalogue catalog demo"
    " proforma trial tariff cost costs budget discount stock available dealer showroom reseller deposit",
    "owned": "bought ordered purchased booked received got paid upgraded subscribed installed rented hired",
    "leave": "cancel cancels cancelling canceling cancelled canceled cancellation leave leaving left switch"
    " switching switched moving moved move migrate migrating migration terminate terminating terminated"
    " unsubscribe unsubscribed unsubscribing uninstall uninstalled uninstalling delete deleted deleting"
    " deletion deactivate close closing closed drop dropping dropped quit quitting ditch ditching ditched"
    " dump dumping dumped porting port exit exiting chhod chod katwa hataya",
    "renew": "renew renewing renewal renewed extend extending lapse contract subscription membership plan account"
    " policy agreement",
    "away": "elsewhere alternative alternatives competitor competition replacement another else different other"
    " others out off dusri dusra dusre aur",
    "done": "done finished over enough goodbye bye farewell adios last anymore never longer band alvida",
    "refund": "refund refunded refunds return returning returned money wapas",
    "not": "not never no nothing nobody none neither nor without hardly cannot n't don't doesn't didn't won't"
    " can't isn't wasn't aren't weren't couldn't wouldn't shouldn't haven't hasn't ain't dont doesnt didnt"
    " wont cant isnt nahi nahin nai mat na",
    "good": "good great excellent amazing awesome love loved loving perfect perfectly best brilliant fantastic"
    " wonderful superb impressed impressive happy pleased delighted glad reliable friendly kind helpful"
    " fast quick smooth easy painless lovely beautiful gorgeous outstanding stellar solid flawless"
    " spotless recommend favourite favorite fair honest saved legend legends hero heroes angel angels"
    " magic top nice cool fabulous incredible phenomenal genius comfortable comfy quiet joy treat gem"
    " stunning delicious tasty fresh polite professional patient generous superbly acha accha achha ache"
    " achhe badhiya badiya mast zabardast shandar khush maza pasand sahi vasool tez satisfied excellent"
    " worth quickly beautifully magnificent marvellous marvelous splendid terrific stars gem sturdy works",
    "thank": "thanks thank thx cheers kudos shoutout hats bravo congrats appreciate appreciated grateful credit"
    " bless praise respect shukriya dhanyavad thankyou ty tysm",
    "bad": "bad worst worse terrible horrible awful poor pathetic useless rubbish garbage trash crap crappy shit"
    " joke scam fraud rip ripoff robbery disgusting filthy dirty rude annoying frustrating frustrated"
    " disappointed disappointing disappointment unacceptable ridiculous shocking shame overpriced"
    " expensive slow sluggish laggy buggy noisy cheap flimsy cold stale unusable unreliable mess nightmare"
    " hate ashamed disgrace clueless smug incompetent misleading liars lied lying crooks sick fed tired"
    " angry furious absurd insane outrageous dishonest bakwas ghatiya bekar kharab ganda barbaad faltu"
    " mehenga thanda third-class sucks suck stinks smelly dump fail waste wasted worthless lousy dreadful"
    " appalling abysmal regret insult hopeless inedible unprofessional shoddy",
    "fail": "broken broke breaks break breaking crash crashes crashed crashing fail fails failed failing stuck"
    " jam jams jammed leak leaks leaking leaked late delayed delay delays missing wrong dead died dies"
    " dying drops dropped freezes froze frozen stopped stops lost damaged defective faulty cracked"
    " scratched error errors bug bugs glitch outage down issue issues problem problems trouble hang"
    " overheats overheating hot wobbles squeaks squeaking refused refuses denied rejects declined ignored"
    " charged overcharged debited twice waiting waited still again cancelled incorrect mistake mistakes"
    " torn ripped fell short useless bent cuts disconnects drains blocked locked hang atak band crash der"
    " kharab nikla hold queue unanswered fake misfires broken-down",
    "works": "work works working load loads start starts respond responds open connect answer answers pick picks"
    " help helps charge deliver arrive show uthate chalta chalti",
    "fix": "fix fixed solve solved resolve resolved sorted repaired replaced replace repair update updated",
    "time": "hours hour days day weeks week months month minutes years ago since yet ghante din hafte mahine",
    "soon": "tomorrow tonight today next soon asap friday monday saturday month week payday christmas birthday"
    " kal abhi",
    "comp": "better worse faster slower cheaper dearer pricier quicker nicer louder quieter smaller larger bigger"
    " stronger weaker sharper softer heavier lighter longer shorter easier harder smoother warmer cooler"
    " stiffer sturdier friendlier cleaner safer taller deeper clearer brighter tougher superior inferior"
    " ahead behind more less fewer twice half double tidier kinder sooner newer older firmer finer richer"
    " behtar zyada kam sasta sasti tikau mehnga higher lower milder",
    "than": "than vs versus compared comparison unlike beats beat outperforms against se mukable whereas while"
    " difference compare comparing similar equal rival rivals both either neither between side instead"
    " over alike differ differs same prefer preferable preferred",
    "please": "please pls plz kindly request",
    "wish": "wish hope missing lacks lack could add support option feature",
    "firm": "they their them they're company firm provider vendor supplier brand shop store service support staff"
    " team app website product customer",
    "job": "hiring wanted apply vacancy join position role shifts engineer manager candidate recruiting",
    "past": "was were had used did ago last yesterday once since",
    "will": "will i'll we'll won't shall going gonna about intend lunga karunga karenge dunga",
    "back": "again back return returning repeat dubara phir",
    "bug": "expected actual reproduce repro regression crash exception workaround patch commit version kernel"
    " returns null parser token header cache fixed closes deprecated",
    "hindi": "hai hain ho tha thi the kar karo raha rahi rahe ka ki ke ko mein se par bhi toh bhai yaar ye wo kal"
    " aaj gaya gayi gaye hua",
}  # fmt: skip
_PHRASES: Final[dict[str, str]] = {
    "never again": r"\b(?:never|not|won't|wouldn't|nor) (?:ever )?(?:\w+ ){0,5}again\b"
    r"|\bagain\?? (?:never|no way|nope)\b"
    r"|\bnever (?:ever )?(?:buy|order|use|go|fly|stay|shop|eat|book|recommend|come|return|touch)\w*",
    "alternative": r"\balternatives? (?:to|for|of)\b|\bany (?:\w+ )?alternatives?\b|\breplacement for\b"
    r"|\banything (?:better|like|else) than\b|\b(?:what|who) else is (?:there|out)\b",
    "courtesy": r"good (?:morning|evening|afternoon|night|day|luck)\b|\b(?:best|kind|warm) (?:regards|wishes)|happy "
    r"(?:birthday|new year|to help|anniversary|friday)|thank(?:s| you) (?:in advance|for (?:reaching|your (?:time|mail|"
    r"message|inquiry)))|\bsorry to hear|hope (?:this|you|all)|all the best|welcome to|congrat",
    "no way back": r"never (?:again|ordering|buying|using|going|coming|returning|shopping|flying)|(?:never|"
        r"not|n't) (?:be )?(?:com|go)(?:ing|e) back"
    r"|last (?:time|straw|visit|order|purchase)|had (?:it|enough)|done with|had it with|fed up|sick of|say "
    r"goodbye|bye[- ]bye|i'?m out\b|we'?re out\b"
    r"|lost (?:a|me|us|my|our)|not (?:be )?renew|won'?t (?:be )?renew|not (?:be )?(?:ing )?extend",
    "elsewhere": r"(?:somewhere|someone|somebody|something|anything|anyone|anywhere) else|another (?:\w+ "
        r")?(?:provider|supplier|vendor|bank|company|shop|carrier|brand|insurer|doctor|one|house|practice|"
        r"place|store|tool|app)"
    r"|(?:switch|mov|chang|go|migrat|transfer)\w* (?:\w+ ){0,6}to\b|alternatives? (?:to|for)|instead of|"
    r"replacement for|in favou?r of",
    "would like": r"(?:would|'d) (?:also |really |very much )?(?:like|love) to|(?:interested|interest) in|in "
        r"the market for|ready to|about to|want to (?:buy|get|order|book|sign|try)"
    r"|(?:need|looking for|after|looking to (?:buy|get|hire|rent)) (?:a|an|some|another|two|three|\d+|new)\b|"
    r"can(?:'t|not) wait to|take my money|count me in|where (?:can|do|could) (?:i|we) (?:buy|get|find|"
    r"order|sign)",
    "ask for price": r"how much (?:is|are|for|does|do|would|to)|what(?:'s| is| would| are| does| do)? (?:\w+ "
        r"){0,4}(?:price|cost|charge|rate|fee)s?\b|send (?:me|us) (?:a |your |the )?(?:\w+ )?(?:quote|offer|"
        r"price|brochure|tariff|catalogue|proposal)"
    r"|(?:get|have|request|need|give|share|please) (?:\w+ ){0,3}(?:quot\w+|offer|demo|proposal|pricing)|in "
    r"stock\b|still available|final price|best price",
    "should i buy": r"(?:which|what) (?:\w+ ){0,6}(?:should|would|do you|to) (?:\w+ ){0,2}(?:get|buy|"
        r"recommend|choose|pick|suggest|take|go)|worth (?:it|buying|getting|the (?:money|price|upgrade))|"
        r"recommend (?:a|an|any|some|me)\b|any (?:\w+ )?(?:recommendations?|suggestions|tips)",
    "compared": r"\b(?:better|worse|more|less|\w{3,}er) (?:\w+ ){0,3}than\b|\bvs\.?\b|\bversus\b|compared "
        r"(?:to|with)|in comparison|unlike\b|(?:prefer|choose|pick|take|recommend) (?:\w+ ){1,4}over\b|ahead "
        r"of|next to|side by side"
    r"|(?:half|twice|third|double|times) (?:of |as |the |what )|as (?:\w+) as\b|beats?\b|\bno match|"
    r"difference between|the same as|rather than|instead of|on par|hands down|comes? close|any day",
    "or": r"\b\w+ or (?:the |a |an |is |from )?\w+[^?.!]{0,60}\?",
    "does not work": r"(?:n't|not|never|nor) (?:even |really |properly )?(?:work|load|start|open|connect|"
        r"respond|answer|arrive|charge|turn|show|pick|deliver|fit|come|care|hold|help)\w*|stopped working|"
        r"keeps? (?:\w+ )?\w+ing\b|no (?:response|reply|answer|signal|refund|one|help|apology|support)"
    r"|still (?:no|not|waiting|have|has|here)|out of (?:order|stock|service)|on hold|nobody (?:\w+ "
    r")?(?:answers?|replie[sd]|picks?|called|bothered)|fell (?:off|apart)|came apart|gave up the ghost",
    "waited": r"(?:wait|waiting|waited|hold|late|delayed|since|been) (?:\w+ ){0,5}(?:hours?|days?|weeks?|"
        r"months?|years?|minutes)|(?:third|second|fourth|fifth|\d+(?:st|nd|rd|th)?) time|(?:every|each) "
        r"(?:single )?(?:time|day|morning|night|week|evening|month)|yet again|\bagain\b[.!?]*$",
    "sarcasm": r"thanks (?:a (?:lot|bunch)|for nothing)|of course[.!]|so much for|good luck|great, another|"
        r"fantastic, |brilliant, |how (?:hard|difficult) (?:is|can)|you would think|who (?:designed|thought|"
        r"would|could|needs)|\bjust love\b|well done\b.*\bnot|what a (?:joke|mess|shame|waste|surprise)|lol$|"
        r"had one job|so[- ]called",
    "not bad": r"(?:not|n't) (?:at all )?(?:bad|half bad)|no complaints|nothing to complain|can'?t "
        r"(?:complain|fault|go wrong|recommend|praise|say enough)|(?:never|hasn't|has not|not) (?:once "
        r")?(?:let|failed|lost|missed|regret)\w*|couldn'?t be (?:happier|more)|exceeded|better than "
        r"(?:expected|i)|wasn't sure|sceptical|surprised|zero (?:complaints|issues|problems)|not a (?:single|"
        r"hitch|hiccup|drop)",
    "call for help": r"can (?:some|any)(?:one|body)|could (?:some|any)(?:one|body)|does (?:any|some)(?:one|"
        r"body)|has (?:any|some)(?:one|body)|any(?:one|body) (?:know|else|have|got|used|tried|here|been|using|"
        r"moved|running)|is there (?:a|an|any)|is it (?:possible|ok|okay|worth|safe|normal|true)|how (?:do|"
        r"can|to|does|long|often|far|many|much|is|are)\b|what'?s the (?:best|difference|right|cleanest)|help "
        r"me|please (?:help|advise|explain|let (?:me|us) know|confirm|clarify)|let us know|i was wondering|"
        r"wondering (?:if|whether|how)",
    "offer": r"\d+ ?% off|use code|buy (?:one|two|\d)|subscribe to our|visit our|order (?:now|before|today)|apply "
    r"(?:now|within|today)|we(?:'re| are) hiring|join (?:our|the) team|for sale|\bwanted\b|click here|sign "
    r"up (?:now|today)|shop now|our (?:store|shop|newsletter|showroom|team) ",
    "for good": r"(?:i|we)(?:'ve|'m|'re|'ll| have| am| are| will)? (?:\w+ ){0,3}(?:cancel|terminat|leav|"
        r"switch|mov|migrat|port|uninstall|delet|clos|quit|return|drop|sold|sell|stop|unsubscrib|ditch|dump|"
        r"transfer|downgrad)\w*|(?:my|our) (?:last|next) \w+ (?:won't|will not|is going|will)|(?:how (?:do|"
        r"can|to)|what) (?:\w+ ){0,6}(?:cancel|terminate|leave|close|delete|get out|end|switch|stop)|notice|"
        r"\bpac code",
    "plan to buy": r"(?:will|'ll|going to|gonna|plan(?:ning)? to|intend to|decided (?:to|on)|hoping to|"
        r"thinking (?:of|about)|considering|tempted (?:to|by)|about to|want to|like to|need to|ready to|time "
        r"to|definitely) (?:\w+ ){0,3}(?:buy|buying|get|getting|order|ordering|book|booking|try|purchase|sign|"
        r"upgrade|hire|rent|go with|invest|replace|install|take)\w*|pre-?order\w*|our (?:old|current) (?:\w+ "
        r"){1,3}(?:is|has|gave|died)",
    "love": r"\b(?:love|loving|adore|obsessed|highly recommend|can'?t recommend|would recommend|must buy|go[- "
        r"]to|best (?:\w+ )?(?:ever|i've|of|in|this|money)|five stars|5 stars|10/10|\d ?stars|worth (?:every|"
        r"it|the)|well (?:done|made|engineered|written|worth)|above and beyond|hats off|top[- ]notch|on point|"
        r"lived up|never looked back|chef's kiss|saved (?:me|us|my|our)|made my day)",
}  # fmt: skip
# By `re`, which takes half of the time of `regex` for these.
_CUES: Final = [(f"≈{name}", re.compile(pattern)) for name, pattern in _PHRASES.items()]
_KINDS_OF: Final[dict[str, tuple[str, ...]]] = {
    word: tuple(f"={kind}" for kind, words in _KINDS.items() if word in words.split())
    for word in {word for words in _KINDS.values() for word in words.split()}
}
_EMOJI_KINDS: Final = {emoji: f"☺{kind}" for kind, some in EMOJI.items() for emoji in some}


class Features(NamedTuple):
    """Names of what a sentence shows, each once: its words; their kinds, alone and in order, and turns of phrase."""

    words: set[str]
    kinds: set[str]


def features(sentence: str) -> Features:
    """Return what the first 400 characters of a sentence show; all empty where it has neither word, mark nor emoji."""
    text = sentence[:MAX_CHARACTERS].lower().replace("’", "'").replace("‘", "'")
    tokens = _tokens(text)
    if not tokens:
        return Features(set(), set())
    kinds = {name for name, pattern in _CUES if pattern.search(text)}
    kinds.update(_shape(sentence, text, tokens))
    seen: list[tuple[int, str]] = []
    for at, token in enumerate(tokens):
        for kind in _KINDS_OF.get(token, ()):
            kinds.add(kind)
            if at == 0:
                kinds.add(f"^{kind}")
            for before, other in reversed(seen):
                if at - before > _REACH:
                    break
                if before != at:
                    kinds.add(f"{other}{kind}")
            seen.append((at, kind))
    return Features(set(tokens), kinds)


def _tokens(text: str) -> list[str]:
    """Return the first tokens of a text in lower case: words, and a name each for links, numbers, marks and emoji."""
    tokens: list[str] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "word":
            tokens.append(_STRETCHED.sub(r"\1\1", match[0])[:_LONGEST_WORD])
        elif kind == "mark":
            tokens.append("?" if "?" in match[0] else match[0][:2])
        elif kind == "emoji":
            tokens.append(_EMOJI_KINDS.get(match[0], "☺"))
        else:
            tokens.append(f"<{kind}>")
        if len(tokens) == _MAX_WORDS:
            break
    return tokens


def _shape(sentence: str, text: str, tokens: list[str]) -> set[str]:
    shape = {f"#{min(len(tokens).bit_length(), 6)}"}
    if "?" in tokens:
        shape.add("#?")
        if tokens[-1] == "?":
            shape.add("#?$")
    if "!" in text:
        shape.add("#!")
    shouted = sum(word.isupper() and len(word) > 2 for word in sentence[:MAX_CHARACTERS].split())
    if shouted:
        shape.add("#SHOUT" if shouted < len(tokens) - 1 else "#ALL SHOUT")
    return shape
