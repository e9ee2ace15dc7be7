"""Invented people and firms of many countries: names in their own script, with Latin letters for addresses."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass

from sandbox.seed.reference import post_codes

_LATIN = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Ł": "L", "ł": "l", "ı": "i", "đ": "d"})


@dataclass(frozen=True, slots=True)
class Culture:
    """Names as "own script/latin" where the script is not Latin. `towns`: "post code|city|state", for
    countries without a post code table. `street`: with {n} for the number.
    """

    country: str
    dial: str
    given: str
    surnames: str
    streets: str
    firms: str
    jobs: str
    towns: str = ""
    surname_first: bool = False


CULTURES = (
    Culture(
        "DE",
        "+49 89",
        "Jürgen,Käthe,Björn,Sören,Anneliese,Götz,Heike,Matthias",
        "Müller,Weiß,Schröder,Groß,Köhler,Böttcher,Straßburger,von der Heide",
        "Lindenstraße {n},Am Alten Markt {n},Königsallee {n},Bahnhofstraße {n}",
        "Werkzeugbau GmbH,Logistik KG,Möbelhaus OHG",
        "Einkaufsleiter,Geschäftsführerin,Lagerleiter",
    ),
    Culture(
        "FR",
        "+33 1",
        "François,Zoé,Hélène,Benoît,Maëlle,Jérôme,Anaïs,Loïc",
        "Lefèvre,Château,Bélanger,Dupré,d'Aubigné,Garçon,Le Goff,Noël",
        "12 bis rue de la Paix,{n} avenue Émile-Zola,{n} quai des Grands-Augustins",
        "Mobilier SARL,et Fils SA,Négoce SAS",
        "Directrice des achats,Acheteur,Chef de projet",
    ),
    Culture(
        "ES",
        "+34 91",
        "José María,Íñigo,Begoña,Nuño,Ángeles,Raúl,Núria,Joaquín",
        "Muñoz Ibáñez,García Peña,Álvarez,de la Cruz y Fernández,Núñez,Güell",
        "Calle Mayor {n},Avenida de América {n},Plaza de España {n}",
        "e Hijos S.L.,Muebles S.A.,Distribución S.L.",
        "Jefe de compras,Directora comercial",
    ),
    Culture(
        "IT",
        "+39 02",
        "Niccolò,Giosuè,Beatrice,Letizia,Matteo,Cosimo",
        "D'Angelo,Esposito,Lo Presti,Dell'Acqua,Forlì,Bianchi",
        "Via Garibaldi {n},Corso Vittorio Emanuele {n}",
        "Arredamenti S.r.l.,e Figli S.p.A.",
        "Responsabile acquisti,Direttrice",
    ),
    Culture(
        "DK",
        "+45 33",
        "Søren,Åse,Bjørn,Mette,Jørgen,Æble",
        "Sørensen,Ågård,Højgaard,Kjær,Rasmussen",
        "Nørregade {n},Østerbrogade {n}",
        "Møbler A/S,Handel ApS",
        "Indkøbschef,Direktør",
    ),
    Culture(
        "SE",
        "+46 8",
        "Åsa,Göran,Märta,Örjan,Linnéa,Håkan",
        "Sjöström,Åkesson,Björklund,Östlund,Nyström",
        "Storgatan {n},Östra Ågatan {n}",
        "Trävaror AB,Konsult AB",
        "Inköpschef,Säljare",
    ),
    Culture(
        "NL",
        "+31 20",
        "Joris,Anouk,Daniël,Zoë,Wim,Fleur",
        "van den Berg,de Vries,'t Hooft,IJsbrandy,van 't Hoff",
        "Keizersgracht {n},Dorpsstraat {n}",
        "Handelsmaatschappij B.V.,Transport N.V.",
        "Inkoper,Directeur",
    ),
    Culture(
        "FI",
        "+358 9",
        "Päivi,Jyrki,Väinö,Äänis,Helmi",
        "Mäkinen,Hämäläinen,Järvi,Öhman",
        "Mannerheimintie {n},Hämeenkatu {n}",
        "Puutuote Oy,Huonekalut Oy",
        "Ostopäällikkö,Toimitusjohtaja",
    ),
    Culture(
        "GB",
        "+44 20",
        "Siobhán,Rhys,Nneka,Alistair,Priya,Zachary,Imogen",
        "O'Brien-Smythe,Okafor,MacLeod,Featherstonehaugh,ap Gwilym,Patel",
        "{n} St James's Square,{n} Quay Road,Unit {n} Mill Lane",
        "Tools Ltd,& Sons plc,Furniture Limited",
        "Head of Purchasing,Buyer,Managing Director",
        "SW1Y 4JH|London|,HU1 1AA|Hull|East Yorkshire,CF10 1DD|Cardiff|,EH1 1YZ|Edinburgh|Midlothian",
    ),
    Culture(
        "PL",
        "+48 22",
        "Łukasz,Żaneta,Świętosława,Grażyna,Bożydar,Małgorzata",
        "Łukasiewicz,Błaszczyk,Wójcik,Żółć,Gałązka",
        "ul. Świętokrzyska {n},al. Jerozolimskie {n}",
        "Spółka z o.o.,Meble S.A.",
        "Kierownik zakupów,Księgowa",
        "00-001|Warszawa|mazowieckie,90-001|Łódź|łódzkie,31-001|Kraków|małopolskie",
    ),
    Culture(
        "EL",
        "+30 21",
        "Ελένη/Eleni,Γιώργος/Giorgos,Κωνσταντίνος/Konstantinos,Άννα/Anna",
        "Παπαδόπουλος/Papadopoulos,Νικολαΐδης/Nikolaidis,Οικονόμου/Oikonomou",
        "Ερμού {n},Λεωφόρος Συγγρού {n}",
        "Έπιπλα Α.Ε./Epipla,Εμπορική Ο.Ε./Emporiki",
        "Υπεύθυνος αγορών,Διευθύντρια",
        "105 63|Αθήνα|Αττική,546 24|Θεσσαλονίκη|",
    ),
    Culture(
        "RU",
        "+7 495",
        "Алёна/Alyona,Дмитрий/Dmitri,Екатерина/Ekaterina,Пётр/Pyotr",
        "Соловьёв/Solovyov,Кузнецова/Kuznetsova,Щербаков/Shcherbakov",
        "ул. Тверская д. {n},Невский проспект {n}",
        "Мебель ООО/Mebel,и партнёры АО/Partnyory",
        "Менеджер по закупкам,Директор",
        "125009|Москва|,191186|Санкт-Петербург|",
    ),
    Culture(
        "JP",
        "+81 3",
        "花子/Hanako,太郎/Taro,健一/Kenichi,さくら/Sakura",
        "山田/Yamada,佐藤/Sato,髙橋/Takahashi",
        "丸の内{n}-1-1,銀座4丁目{n}",
        "商事株式会社/Shoji,家具株式会社/Kagu",
        "購買部長,営業担当",
        "100-0005|千代田区|東京都,530-0001|大阪市|大阪府",
        True,
    ),
    Culture(
        "SA",
        "+966 11",
        "محمد/Mohammed,فاطمة/Fatima,عبد الله/Abdullah,نورة/Noura",
        "الحربي/Alharbi,القحطاني/Alqahtani,العتيبي/Alotaibi",
        "شارع العليا {n},طريق الملك فهد {n}",
        "للتجارة/Tijara,للأثاث/Athath",
        "مدير المشتريات,مهندسة",
        "12211|الرياض|,21577|جدة|",
    ),
    Culture(
        "TR",
        "+90 212",
        "İbrahim,Işıl,Gülşen,Çağrı,Şebnem",
        "Yılmaz,Öztürk,Şahin,Çelik,Kılıç",
        "İstiklal Caddesi No: {n},Atatürk Bulvarı {n}",
        "Mobilya A.Ş.,Ticaret Ltd. Şti.",
        "Satın Alma Müdürü,Genel Müdür",
        "34435|İstanbul|,06420|Ankara|",
    ),
)


@dataclass(frozen=True, slots=True)
class Address:
    street: str
    city: str
    state: str
    post_code: str
    country: str


@dataclass(frozen=True, slots=True)
class Name:
    given: str
    surname: str
    whole: str
    latin: str


def any_name(culture: Culture, rng: random.Random) -> Name:
    given, latin_given = _pair(rng.choice(culture.given.split(",")))
    surname, latin_surname = _pair(rng.choice(culture.surnames.split(",")))
    whole = f"{surname} {given}" if culture.surname_first else f"{given} {surname}"
    return Name(given, surname, whole, f"{latin(latin_given)}.{latin(latin_surname)}")


def any_firm(culture: Culture, rng: random.Random) -> tuple[str, str]:
    """A firm's name, and its domain."""
    surname, latin_surname = _pair(rng.choice(culture.surnames.split(",")))
    word, latin_word = _pair(rng.choice(culture.firms.split(",")))
    return f"{surname} {word}", f"{latin(latin_surname)}-{latin(latin_word)}.example"


def any_address(culture: Culture, rng: random.Random) -> Address:
    street = rng.choice(culture.streets.split(",")).format(n=rng.randint(1, 180))
    if culture.towns:
        code, city, state = rng.choice(culture.towns.split(",")).split("|")
        return Address(street, city, state, code, culture.country)
    towns = [row for row in post_codes() if row.localization == row.country_code == culture.country]
    town = rng.choice(towns)
    return Address(street, town.city, "", town.post_code, culture.country)


def any_phone(culture: Culture, rng: random.Random) -> str:
    return f"{culture.dial} {rng.randint(1000, 9999)} {rng.randint(100, 999)}"


def any_job(culture: Culture, rng: random.Random) -> str:
    return rng.choice(culture.jobs.split(","))


def latin(text: str) -> str:
    """Small Latin letters and digits only, as an e-mail address can carry them."""
    plain = unicodedata.normalize("NFKD", text.translate(_LATIN)).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.lower() if letter.isalnum())


def _pair(text: str) -> tuple[str, str]:
    own, _, latin_form = text.partition("/")
    return own, latin_form or own
