"""Compounds that people write apart: "kund tjänst", "leverings kosten", "terug betaald".

`joined` says which one word two neighbours should be, and only where they can hardly be two words: a pair on the list,
a first and a second part of our trade, a first part with the linking s, or a Dutch particle before its verb.
"""

from __future__ import annotations

import re
from functools import lru_cache

from webcare.guard.dictionaries import Words
from webcare.guard.slips import SPLIT
from webcare.guard.slips import words_set as _set
from webcare.guard.words import SMALL

#: First parts that seldom stand before one of the second parts as a word of their own.
_FIRST = {
    "nl": _set(
        """
        klanten klant bezorg lever leverings bestel order retour retourneer verzend verzendings betaal betalings pakket
        postpakket afhaal ophaal openings sluitings garantie aankoop koop kassa factuur facturerings artikel product
        telefoon mail wacht ruil annulerings bevestigings montage monteer installatie onderdelen reserve vervangings
        cadeau spaar kortings actie winkel magazijn voorraad meubel keuken badkamer slaapkamer woonkamer eetkamer
        boeken kleding kleren schoenen nacht salon eet bijzet bank bureau matras lade lades kast spaanplaat
        nieuws inlog account wachtwoord persoons adres bank klachten service contact privacy gebruiks gebruikers
        handleidings verzoek aanvraag verhuis kampeer fiets auto         gordijn lamp led hoek kinder tuin spam
        """
    ),
    "sv": _set(
        """
        kund kunds leverans leverantörs order orders beställnings frakt retur returfrakts betalnings återbetalnings
        faktura kvitto garanti reklamations spårnings artikel produkt telefon mobil mejl mail lager butiks
        varu varuhus hemleverans utlämnings upphämtnings hämt paket post medlems bonus rabatt present presentkorts
        erbjudande kampanj monterings bruks instruktions skötsel reserv köks badrums sovrums vardagsrums bok
        kläd klädes sko byrå garderobs säng soff mat bords stols lamp golv tak vägg lådfronts dörr lucks hyll
        nyhets inloggnings konto lösenords kvalitets service öppet stängnings arbets vardags helg kvälls transport
        skade felanmälnings sommar vinter jul påsk tids kontakt webb nät data skräp bekräftelse prenumerations
        affärs kredit bank kassa ånger bytes ångerrätts
        """
    ),
    "nb": _set(
        """
        kunde leverings leverandør ordre bestillings frakt retur betalings tilbakebetalings faktura kvitterings
        garanti reklamasjons sporings artikkel vare vareprøve produkt telefon mobil epost lager butikk varehus
        utleverings post medlems bonus rabatt gave tilbuds kampanje monterings bruks reserve kjøkken baderoms soveroms
        stue bok kles klær sko kommode garderobe senge sofa bord stol lampe gulv
        tak vegg skuff dør hylle nyhets innloggings konto passord kvalitets service åpnings stengings virke arbeids
        helge kvelds transport sommer vinter jule påske nett data søppel bekreftelses abonnements
        kreditt bank kasse kjøps angre kjøle oppvask skjerm kaffe tids
        """
    ),
    "da": _set(
        """
        kunde leverings leverandør ordre bestillings fragt retur betalings tilbagebetalings faktura kvitterings
        garanti reklamations sporings artikel vare produkt telefon mobil mail lager butiks varehus afhentnings
        udleverings post medlems bonus rabat gave tilbuds kampagne monterings brugs bruger reserve køkken badeværelses
        soveværelses stue bog sko kommode garderobe senge sofa bord stole lampe
        gulv loft væg skuffe dør nyheds login konto kodeords kvalitets service åbnings arbejds
        weekend aften transport sommer vinter jule påske net data spam bekræftelses abonnements
        kredit bank kasse købs fortrydelses skærm kaffe sæde tids         """
    ),
    "de": _set(
        """
        liefer lieferungs bestell versand rücksende rückgabe rechnungs sendungs paket artikel produkt telefon mail
        kunden ersatz zubehör montage aufbau gebrauchs bedienungs garantie gewährleistungs reklamations umtausch
        widerrufs rabatt gutschein geschenk öffnungs werk wochen arbeits küchen bade wohn schlaf ess couch schreib
        bücher kleider schuh nacht matratzen sitz kauf kassen konto zahlungs überweisungs bank kredit anmelde
        einrichtungs möbel abhol zustell spül wasch kühl lager verfügbarkeits nachricht
        """
    ),
}

#: Second parts, without their endings.
_SECOND = {
    "nl": _set(
        """
        service dienst kosten tijd tijden tijdstip datum moment momenten nummer nummers bevestiging status bewijs bon
        code codes termijn adres gegevens afspraak afspraken venster punt punten label formulier pagina verzending
        zending zendingen betaling bedrag kaart kaarten bonnen korting voorwaarden recht beleid proces systeem
        gesprek gesprekken lijn lijst lijsten mail mailtje bericht berichten brief brieven map box doos dozen overzicht
        historie medewerker medewerkers team teams afdeling afdelingen filiaal leider melding meldingen beheer
        kast kasten kastje tafel tafels tafeltje bank banken stoel stoelen lamp lampen kamer blad plank planken poot
        poten knop knoppen plaat front fronten deur deuren handleiding instructie instructies aanwijzing set onderdeel
        onderdelen materiaal behandeling hulp vraag vragen wagen bus busje route ronde
        """
    ),
    "sv": _set(
        """
        tjänst service tid tider tid dag nummer numr sida sido bekräftelse adress kostnad avgift datum besked fönster
        etikett sedel sedl formulär villkor rätt policy status info information uppgift garanti kod kort poäng klubb
        disk anvisning instruktion råd del delar delarn lucka luck avdelning personal chef tekniker saldo hylla hyll
        skåp bord ben rum lampa lamp soffa soff stol kläder byrå brev korg låda lådan meddelande mejl mail linje center
        team pris pengar summa belopp process ärende fråga frågor kontroll problem fel chatt konto kvitto lapp
        butik hus huset sändning transport bud bil panel plats yta underlag paket post post
        """
    ),
    "nb": _set(
        """
        service tjeneste tid dag nummer numr side bekreftelse adresse kostnad gebyr dato beskjed vindu etikett seddel
        skjema vilkår rett policy status info informasjon opplysning garanti kode kort poeng klubb skranke anvisning
        instruksjon råd del front dør avdeling personal sjef tekniker saldo hylle skap bord bein ben rom lampe sofa stol
        klær kommode brev boks eske melding mail linje senter team pris penger sum beløp prosess sak spørsmål kontroll
        problem feil chat konto kvittering lapp butikk hus sending transport bud bil plate plass pakke post tekst avtale
        maskin nett
        """
    ),
    "da": _set(
        """
        service tjeneste tid dag dage nummer numr side bekræftelse adresse omkostning gebyr dato besked vindue label
        seddel sedl formular vilkår ret politik status info information oplysning garanti kode kort point klub skranke
        anvisning vejledning instruktion råd del front dør låge afdeling personale chef tekniker saldo hylde skab bord
        ben rum lampe sofa stol tøj kommode brev boks kasse mappe meddelelse mail linje center team pris penge sum
        beløb proces sag spørgsmål kontrol problem fejl chat konto kvittering lap butik hus sending forsendelse
        transport bud bil plade plads pakke post tekst aftale maskine
        """
    ),
    "de": _set(
        """
        service dienst zeit zeiten termin termine nummer nummern bestätigung adresse kosten datum status etikett schein
        formular frist recht garantie karte karten code punkte teil teile anleitung anweisung abteilung zimmer schrank
        regal tisch stuhl kissen platte beleg bon konto daten mail tag tage stelle station bote fenster fach hilfe
        service team zentrum center haus ordner maschine seite eingang ausgang vorgang auftrag
        """
    ),
}
#: "i lager siden mai": since, far more often than the page.
_SINCE = _set("siden rett ret enheter")
_MAY_BE_TWO = _set("öppet|hus öppet|konto")
#: First parts that are orders or adverbs too ("Bestel onderdelen", "retour vragen we"): only with these.
_CAREFUL = _set("bestel koop mail ruil lever betaal verzend retour retourneer monteer wacht product artikel")
_ABSTRACT = _set(
    """
    kosten tijd tijden datum moment momenten nummer nummers bevestiging status bewijs bon code codes termijn adres
    venster label formulier pagina beleid recht voorwaarden proces zending zendingen tijdstip mail lijst betaling
    """
)
_ENDINGS = {
    "sv": ("", "n", "en", "et", "t", "r", "er", "ar", "or", "rna", "erna", "arna", "orna", "na", "et", "s", "ens"),
    "nb": ("", "n", "en", "et", "a", "r", "er", "rne", "ne", "ene", "s", "ens"),
    "da": ("", "n", "en", "et", "r", "er", "rne", "ne", "ene", "erne", "s", "ens"),
}

#: A first part that ends so never stands alone: its s only links.
_LINKED = {
    "nl": re.compile(r"(?:ings|heids|teits)$"),
    "sv": re.compile(r"(?:nings|hets|tions|skaps|itets)$"),
    "nb": re.compile(r"(?:ings|hets|sjons|skaps|itets)$"),
    "da": re.compile(r"(?:ings|heds|tions|skabs|itets)$"),
    "de": re.compile(r"(?:ungs|heits|keits|ions|schafts|itäts)$"),
}
#: Before these a form in -s may be a genitive: "vår avdelnings chef".
_OWNERS = _set(
    "en et ett vår vårt vores vårs din ditt dit deres er ert min mitt mit denna denne dette detta varje hver"
)

_PARTICLE = _set("aan af bij door in mee na om op over terug toe uit voor weg tegen vast klaar samen binnen langs")
#: Not those that often follow a preposition of a "waar" or "er": "waar je op gewacht hebt", "er is niets aan gedaan".
_PARTICIPLE = _set(
    """
    gestuurd gestort gebeld gebracht gehaald gemeld genomen gelost gepakt gepast gedraaid gegeven geschreven gevuld
    geboekt geleverd gesloten gekondigd geroepen gereikt gewezen gesneden gerekend gepland geschroefd gekeurd bezorgd
    """
)
_AFTER_BACK = _set(
    """
    betalen betaling betalingen sturen storten storting bellen brengen krijgen komen nemen halen geven zenden zetten
    vinden draaien leggen koppelen koppeling boeken boeking ontvangen roepen roepactie gave betaald gezet gekregen
    gekomen
    gevonden verwezen gestapt
    """
)
#: Participles that stand after these prepositions in their own right.
_NOT_JOINED = _set("door|gegeven over|gegeven over|geschreven voor|geschreven")
_VERB_PAIRS = _set(
    """
    uit|verkocht tegen|valt tegen|viel tegen|vallen mee|viel uit|pakt af|loopt op|sturen op|gestuurd uit|zoeken
    uit|leggen
    na|vragen na|kijken af|halen af|leveren op|halen op|lossen aan|passen aan|vragen door|geven door|sturen door|gaven
    mee|nemen mee|denken mee|kijken om|ruilen in|leveren in|loggen in|boeken in|plannen af|spreken af|handelen
    """
)
_INTENSIFIERS = {"sv": _set("jätte"), "nb": _set("kjempe"), "da": _set("kæmpe mega")}


def joined(one: str, two: str, before: str, words: Words) -> str:
    """The word that `one` and `two` make, in small letters; empty where they may be two. All in small letters."""
    lang = words.lang
    listed = SPLIT[lang].get((one, two))
    if listed:
        return listed
    whole = one + two
    if (lang == "nl" and _is_split_verb(one, two, words)) or _is_trade(lang, one, two):
        return whole
    if one in _INTENSIFIERS.get(lang, ()) and words.zipf(two) and two not in SMALL[lang]:
        return whole
    return whole if before not in _OWNERS and _is_linked(one, two, words) else ""


@lru_cache(4096)
def _is_trade(lang: str, one: str, two: str) -> bool:
    if one not in _FIRST.get(lang, ()) or f"{one}|{two}" in _MAY_BE_TWO or two in _SINCE:
        return False
    seconds = _ABSTRACT if lang == "nl" and one in _CAREFUL else _SECOND[lang]
    return any(two.endswith(end) and two.removesuffix(end) in seconds for end in _ENDINGS.get(lang, ("",)))


def _is_linked(one: str, two: str, words: Words) -> bool:
    pattern = _LINKED.get(words.lang)
    if pattern is None or len(one) < 7 or len(two) < 3 or not pattern.search(one) or words.is_english(one):
        return False
    if two in SMALL[words.lang] or not words.is_general(one[:-1]):
        return False
    return words.spells(one + two) or (words.zipf(two) > 0 and words.lang != "de" and words.is_compound(one + two))


def _is_split_verb(one: str, two: str, words: Words) -> bool:
    if one not in _PARTICLE or f"{one}|{two}" in _NOT_JOINED:
        return False
    if f"{one}|{two}" in _VERB_PAIRS or (one == "terug" and two in _AFTER_BACK):
        return True
    return two in _PARTICIPLE and words.spells(one + two)
