"""Small words that tell languages apart: Hindi in Latin letters as it is typed, and languages near each other."""

import re
from collections.abc import Collection
from typing import Final

# Handles, links, e-mail addresses and tags are names, not language; nor is what is left of HTML.
_NOT_LANGUAGE = re.compile(
    r"https?://\S+|www\.\S+|(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.]+|(?<!\w)[@#]\w+|(?<!\w)/?[ru]/\w+|&\w{2,6};"
)
_STRONG = """
aaj aake aana aao aap aapka aapke aapki aapko aata aate aati aaya aaye aayega aayi abhi abhii accha acche acchi acha
achchha achha achhe achhi achi agar aisa aise aisi apka apki apko apna apne apni apun arey arre aur baad baap baat
baatein bahot bahut banane banao banaya bata batao batata behen bhagwan bhai bhaiya bhaiyo bhi bhot bilkul bohot
bohut bole bolna bolo bolte bura chahie chahiye chalo chalta chalti chhodo chodo dega degi dekar deke dekh dekha
dekhe dekhi dekhna dekhne dekho denge deta dete deti dijiye dikha dikhao diya diye dosto duniya firse galat gaya
gaye gayi ghar gya gye gyi haan haanji hai hain hamara hamare hamari hame hamein hamesha hein hoga hogi hokar hoke
hona honge hoon hota hote hoti hua hue humara humare humari humein humko huwa huyi idhar inhone inka inke inki inko
inme iska iske iski isko isliye isme isne itna itne itni jaake jaana jaata jahan jaisa jaise jaisi janta jao jata
jate jati jaye jayega jayegi jayenge jese jindagi jiska jiske jiski jisko jisme jitna jitne jyada kaam kabhi kahaan
kahan kaisa kaise kaisi karde kardo karega karegi karenge karke karle karlo karna karne karni karo karta karte karti
karun karunga karwa karwao kaun kch kese khaya khuda kisi kiska kiske kiski kisko kitna kitne kitni kiya kiye koi
krdo krke krna krne kro krta krte kuch kuchh kya kyo kyon kyonki kyu kyuke kyuki kyun kyunke kyunki ladka ladki lage
lagi lagta lagte lagti lekar leke lekin lena lenge leta lete leti lijiye liya liye logon magar maine matlab mei mene
mera meri mila milega milegi milna milta milti muje mujhe mujhko mujhse nahee nahi nahiin nahin neeche nehi nhi
paani pahle paisa paise parso pata peene pehle pehli phir phirse pyaar pyar raat raha rahe rahega rahi rakha rakhna
rakho rha rhe rhi saala saath sabhi sabka sabko sabse sahi saka sakta sakte sakti samajh samjha samjhe samjho sarkar
shaam sirf soch sochna socho subah sunna suno taki teek tere teri tha theek thhi thi thik thoda thode thodi tou
tujhe tujhko tumhara tumhare tumhari tumhe tumko tumne udhar unhone unka unke unki unko unme upar uska uske uski
usko usme usne utna vaise vala vale vali waala waale waha wahan waisa waise wala wale wali warna woh yaad yaar yaha
yahan yrr zindagi zyada
"""
_WEAK = """
ab abi aj allah andar aya bana bhen bola chal dena desh didi dil dost ek hn ho hu hui hun hy jake jana ji jo ka kal
kar ke khana ki kia ko kr laga maa mai mata mein mummy na naam nai ne pani pe sab sath se tak tera thay toh tu tum
wo ya yar ye yeh
"""
# Of two languages that are near each other, words that the other has not, or writes otherwise.
_NEAR = {
    "mk": """
        во го ја ги со ќе како или кои сите ова сум биде беше нема тоа таа овој каде бидејќи
    """,
    "sr": """
        у је су ће са као који али сам смо бити није би јер овај где
    """,
    "id": """
        administrasi agustus aktivitas akun antre antri apotek arsitektur asuransi bahwa bandara banget bareng
        baterai beda berbeda berkas bikin bioskop bisa bisnis bupati butuh capek cewek cicilan coba cowok deh
        delapan desember diposting diskon ditemukan doang dokter dong edukasi enggak faktur fakultas fasilitas
        formulir ga gak gampang ganteng gimana gini gitu gratis gubernur gue hadits identitas informasi inggris
        instansi italia jadwal jelek jepang juli jumat juni kabupaten kacamata kamis kanker kantor kapasitas karena
        karier karyawan kasus kayak kecamatan kecelakaan kelurahan kemarin keren ketemu klub kode komoditas kompor
        komunitas kondisi konsumen koran kreativitas kualitas kuitansi kulkas kurir lemot lisensi listrik makanya
        manajemen maret mayoritas merek merilis meski miliar minoritas mobil musik ngga nggak ngomong nomor nyaman
        obat obyek olahraga ongkir otoritas pajak paket parah partai pasien paspor pelatih pemilu pengaturan perawat
        perbedaan persen polisi ponsel prancis pria prioritas promo provinsi pulsa realitas rekening resmi ribet
        rilis rp rupiah rusak seluler senin sepeda setidaknya sih silahkan silakan sinyal siswa situs sore spanyol
        stabilitas standar surel tagihan tampilan tautan telepon televisi tiongkok toko transportasi truk tuh udah
        unduh unggah universitas usai walikota wisata wortel yaitu
    """,
    "ms": """
        akaun akhbar aktiviti antarabangsa awak baharu bahawa basikal bateri beg berbeza bercakap berjaya bilion
        borang camne cawangan cuba cubaan cukai dihantar dijumpai diorang disember diskaun disokong doktor ejen emel
        encik enjin esok fakulti filem hantar hospital iaitu ialah identiti inggeris invois isnin itali jadual
        jangkitan jenama jepun julai jumaat jurulatih jururawat jurutera juruterbang kad kakitangan kanser kapasiti
        kaunter kedai kelab kemalangan kemaskini kerana kesihatan kewangan khamis khidmat kod komuniti korang
        kreativiti kualiti laluan lapan lebuhraya lesen lori macamana mahu majoriti maklumat manakala mencuba
        menerusi mengandungi menghantar mengikut mengundi menyokong mesyuarat minoriti motosikal muzik nak nombor
        ogos pakej paparkan parlimen parti pautan peguam pelancong pelancongan pelbagai pencetak pengangkutan
        pengecas pengerusi penghantaran pengurusan peniaga pentadbiran peperiksaan peratus perbezaan perisian
        perkhidmatan perniagaan perubatan pesakit pingat poskod prioriti projek puan ralat rasmi realiti resit
        ringgit rompakan rosak sahaja sebarang sekiranya sekurang selepas semasa senarai sepanyol sesawang setakat
        setiausaha siasatan skrin sokongan stabiliti stesen suspek syaitan syarikat takda takde talian tarikh tayar
        teksi telefon televisyen temuduga tengok tentera teruk tetapan timbalan trafik treler ubat universiti wang
        yuran
    """,
    "hi": """
        अगर अपने इस उस एवं और कर करें का कि किया की के को कोई क्या गई गया जो था थी थे नहीं ने पर बहुत भी में यह ये
        रहा रही रहे लिए वह वे साथ से हूँ हूं है हैं हो
    """,
    "mr": """
        असून असे आणि आपण आम्ही आहे आहेत करा काही किंवा केला केली केले खूप च चा ची चे च्या झाला झाली झाले ती तुमचा
        तुम्ही ते त्या त्यांनी त्याचा नाही नाहीत पण मध्ये मला मी म्हणून ला शकत साठी हा हे
    """,
    "cs": """
        bych byl být děkuji jako její ještě jsem jsme jsou jste když která které který může můžete nebo není něco
        pouze před při své také tím ve více všechny ř
    """,
    "sk": """
        ako alebo bol byť ešte iba keď ktorá ktoré ktorý môže môžete nie niečo pri sme so som ste svoje sú tiež viac
        vo všetky ďakujem
    """,
    "da": """
        af blev bliver dig efter gør havde have hvad igen lige meget mellem mere mig noget nogle nu sig uge været
    """,
    "no": """
        av ble blir deg dei eg ein etter frå gjør ha hadde hva igjen ikkje like meg mellom mer mye noe noen nå seg
        uke vært
    """,
    "hr": """
        bijeli cijelo cijena dijete dio dvije gdje glazba htjeti kolovoz kruh lijek lijepo lipnja mjesto molimo
        mrkva obavijest ondje ovdje prije riječ rujna srpnja svijet također tijekom tisuća tjedan tko točka tvrtka
        uopće uvijek uvjet vidjeti vrijeme zrak
    """,
    "sr-latin": """
        avgust celo cena deo dete dve firma gde hiljada hleb hteti jula juna ko lek lepo mesto molim muzika nedelja
        neko obaveštenje onde ovde posle pre reč septembra svet takođe tačka tokom uopšte uslov uvek vazduh videti
        vrednost vreme šta
    """,
}
# Where those are as many: words that both have, and one writes far more often.
_OFTEN = {
    "id": """
        agar aja apakah apalagi banyak bayar berhasil biaya cukup cuma dapat dari diatas dibawah dimana dulu harus
        hingga kalau ketika laki mau melakukan memiliki mengalami merupakan namun para punya saat sangat sebuah selama
        setelah sudah tapi terhadap yakni
    """,
    "ms": """
        adakah ahad amat apabila bayaran berkenaan boleh cuti dah daripada dibenarkan hendaklah jer keperluan
        kerajaan kereta lelaki macam mahkamah memandangkan mesti ni pegawai pejabat pekerja pelajar sepatutnya
        sesiapa sila tiada tu wujud
    """,
}
# Small words that hardly another language has, with the spellings that are typed.
STRONG: Final = frozenset(_STRONG.split())
# Small words that another language has too, or somebody's name; those of English would be in every text.
WEAK: Final = frozenset(_WEAK.split())

NEAR: Final = {code: frozenset(words.split()) for code, words in _NEAR.items()}
OFTEN: Final = {code: frozenset(words.split()) for code, words in _OFTEN.items()}

_NONE: Final = frozenset[str]()


def plain(text: str) -> str:
    """Return the text with spaces for handles, links, e-mail addresses and tags."""
    return _NOT_LANGUAGE.sub(" ", text) if any(mark in text for mark in "@#/.:&") else text


def in_latin(words: Collection[str]) -> tuple[int, int]:
    """Return how many different small words of Hindi are among these in lower case: strong ones and weak ones."""
    different = set(words)
    return len(different & STRONG), len(different & WEAK)


def nearer(words: Collection[str], one: str, other: str) -> int:
    """Return by how many of the two languages' own small words the first is ahead of the second among these.

    Where they are as many, by how many of those that it has far more often, if any are known.
    """
    different = set(words)
    ahead = len(different & NEAR[one]) - len(different & NEAR[other])
    return ahead or len(different & OFTEN.get(one, _NONE)) - len(different & OFTEN.get(other, _NONE))
