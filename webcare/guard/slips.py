"""Words that the spelling check knows beside its dictionaries, by language: data, nothing else.

`WORDS` are right though dictionaries lack them. `SLIPS` are common mistakes that no dictionary or single edit settles.
`SPLIT` are compounds that people write apart. `NAMES` are networks, payments and carriers, right everywhere.
"""

from __future__ import annotations

import re


def words_set(text: str) -> frozenset[str]:
    """The words of a text, as these lists are written."""
    return frozenset(text.split())


_set = words_set


def _pairs(text: str) -> dict[str, str]:
    """ "wrong: right" a line or comma."""
    rows = (row.split(":") for row in re.split(r"[,\n]", text) if row.strip())
    return {wrong.strip(): right.strip() for wrong, right in rows}


NAMES = _set(
    """
    klarna swish vipps mobilepay tikkie ideal paypal payconiq bancontact trustly riverty afterpay
    postnl postnord dhl dpd ups gls fedex budbee instabox helthjem posten hermes evri homerr
    facebook instagram whatsapp messenger tiktok twitter bluesky mastodon snapchat youtube linkedin pinterest
    trustpilot google android iphone ipad safari chrome firefox spotify netflix airbnb uber
    """
)

WORDS = {
    "nl": _set(
        """
        hi hoi hey yes nee joh jeetje oei ai ah aha oh oké okay ok super top thanks thx sorry please wow yay haha hihi
        dm dms dm'en dm'en dm'etje pb privébericht app appje appjes mailtje sms'je zsm ivm mbt evt bijv incl excl
        svp aub mvg tnx nvt ledlamp ledlampen inbussleutel webcare webshop chatten chatbot track trace bedje zo'n
        uitliggen retourlabel sowieso dankjewel dankjulliewel heerlijk gefineerd devs leerlingenapp dimbaar dimbare
        click collect livechat
        """
    ),
    "en": _set(
        """
        hi hiya hey yep yup nope aw aww ah oh ooh uh oof yay wow haha hehe dm dms dm'd dm'ing pls thx ok okay
        webcare webshop livechat wishlist unboxing postcode wifi rawlplug daft cosy dimmable dimmer
        teether we'll we'd we're we've you'll you'd you're you've i'll i'd i'm i've it'll it'd they'll they'd they've
        there'll that'll that'd what's who's who'd how's where's here's let's y'all o'clock should've could've would've
        """
    ),
    "sv": _set(
        """
        hej hejsan hallå tjena tja japp jepp nope aj oj åh ah usch hoppsan haha hihi tack dm dms sms mejl mejla osv
        dvs tex t.ex mvh kram ok okej pm webshop chatt chatten e-post e-posta appen mailet mailen mejlet mejlen
        öppettider skräppost skräpposten spårningsnummer insexnyckel insexnyckeln dimbar dimbara snälla nån nåt cafét
        fejan segt segast
        """
    ),
    "nb": _set(
        """
        hi hei heltre hallo jepp japp nope oi åh å æsj uff huff haha hihi takk dm dms sms osv dvs pga mvh ok okei
        heisann noe noen noens noensinne poeng poenget sofaen naboen e-post e-posten nettbutikk nettbutikken
        appen chatten unbrakonøkkel unbrakonøkkelen dimbar dimbare kjipt kjip veldig ift mtp bl.a f.eks feks hvertfall
        innbæring innbæringen gruppechat gruppechatten innboks
        """
    ),
    "da": _set(
        """
        hej hejsa hey jep jeps nope av øv åh ah årh uha puha haha hihi tak dm dms sms osv dvs pga mvh mh ok okay
        mail mailen mailadresse webshop webshoppen appen chatten unbrakonøgle unbrakonøglen dæmpbar dæmpbare træls
        lige bl.a f.eks fx feks ift tjek tjekke tjekker hjemmeside
        """
    ),
    "de": _set(
        """
        hi hey jep jo nö ne oh oje ach uff puh tja haha hihi danke dm dms sms usw bzw zb evtl inkl zzgl mfg lg vg ok
        okay app mail mails onlineshop webshop chat chatten dimmbar dimmbare dimmbaren mal nochmal drauf dran rein raus
        gerne guck hinterlass fleckenlöser topper boxspring kriegst fürs ums hinterm vorm sendungsnummer
        """
    ),
}

SLIPS = {
    "nl": _pairs(
        """
        zowiezo: sowieso, zoiezo: sowieso, sowiso: sowieso, zowieso: sowieso, opzich: op zich, eigelijk: eigenlijk
        direkt: direct, produkt: product, produkten: producten, kontakt: contact, kontakten: contacten, aktie: actie
        akties: acties, korrekt: correct, kwaliteid: kwaliteit, onmiddelijk: onmiddellijk, ookal: ook al
        uberhaupt: überhaupt, geupdate: geüpdatet, geupdatet: geüpdatet, geinteresseerd: geïnteresseerd
        geinstalleerd: geïnstalleerd, geinformeerd: geïnformeerd, gecoordineerd: gecoördineerd, ideeen: ideeën
        industrieen: industrieën, categorieen: categorieën, patienten: patiënten, clienten: cliënten, client: cliënt
        financiele: financiële, officiele: officiële, carriere: carrière, premiere: première
        ontzettent: ontzettend, vervellend: vervelend, verassing: verrassing, verassend: verrassend, verast: verrast
        verassingen: verrassingen, excusses: excuses, exuses: excuses, excuzes: excuses, abbonement: abonnement
        abbonnement: abonnement, accomodatie: accommodatie, dichtsbijzijnde: dichtstbijzijnde
        interresant: interessant, intresant: interessant, interesant: interessant, irritand: irritant
        irriterend: irritant, meschien: misschien, mischien: misschien, nogsteeds: nog steeds, tegemoed: tegemoet
        tegemoedkoming: tegemoetkoming, gebeurdt: gebeurt, enigzins: enigszins, teminste: tenminste
        naaruit: naar uit, vantevoren: van tevoren, ergenis: ergernis, apparraat: apparaat, aparaat: apparaat
        makkenlijk: makkelijk, beinvloeden: beïnvloeden, beeindigen: beëindigen, beeindigd: beëindigd
        inprincipe: in principe, perongeluk: per ongeluk, tezijnertijd: te zijner tijd, asjeblieft: alsjeblieft
        electriciteit: elektriciteit, electrische: elektrische, electrisch: elektrisch, rechtzaak: rechtszaak
        pakkettje: pakketje, rekenning: rekening, proffesioneel: professioneel
        onmidelijk: onmiddellijk, onmiddelik: onmiddellijk, jammergenoeg: jammer genoeg, kado: cadeau, kado's: cadeaus
        kadobon: cadeaubon, kadokaart: cadeaukaart, konkreet: concreet, telefonies: telefonisch, trug: terug
        trugbellen: terugbellen, trugsturen: terugsturen, vertaging: vertraging, vertrachting: vertraging
        verekening: verrekening, volgensmij: volgens mij, zegmaar: zeg maar, zoizo: sowieso, enthousiastme: enthousiasme
        opdemoment: op het moment, perongelijk: per ongeluk, iniedergeval: in ieder geval, doosen: dozen, buuren: buren
        vergoedden: vergoeden, gefactureert: gefactureerd, gedupeert: gedupeerd, onbrekende: ontbrekende
        fakturatie: facturatie, faktuur: factuur, controlere: controleren, probere: proberen, retoeren: retourneren
        retouneren: retourneren, geretouneerd: geretourneerd, tevreeden: tevreden, aangezienn: aangezien, ofdat: of
        jammmer: jammer, dichstbijzijnde: dichtstbijzijnde, dichtbijzijnste: dichtstbijzijnde, eenigste: enige
        """
    ),
    "en": _pairs(
        """
        alot: a lot, infact: in fact, aswell: as well, atleast: at least, incase: in case, abit: a bit
        eachother: each other, infront: in front, ofcourse: of course, noone: no one, thankyou: thank you, upto: up to
        definately: definitely, definatly: definitely, definetly: definitely, recieve: receive, recieved: received
        seperate: separate, seperately: separately, untill: until, tommorow: tomorrow, tommorrow: tomorrow
        tomorow: tomorrow, wich: which, wether: whether, occured: occurred, accomodate: accommodate
        occurence: occurrence, neccessary: necessary, necesary: necessary, unfortunatly: unfortunately
        unfortunatley: unfortunately, sincerly: sincerely, apreciate: appreciate, appologise: apologise
        guarentee: guarantee, garantee: guarantee, garauntee: guarantee, truely: truly, basicly: basically
        publically: publicly, suprise: surprise, suprised: surprised, recomend: recommend, reccomend: recommend
        reccommend: recommend, embarassing: embarrassing, greatful: grateful, inconvience: inconvenience
        dont: don't, doesnt: doesn't, didnt: didn't, isnt: isn't, wasnt: wasn't, arent: aren't, havent: haven't
        hasnt: hasn't, wouldnt: wouldn't, couldnt: couldn't, shouldnt: shouldn't, wont: won't, cant: can't
        youre: you're, theyre: they're, weve: we've, youve: you've, youll: you'll, thats: that's, whats: what's
        theres: there's, heres: here's, im: I'm, ive: I've, hes: he's, shes: she's, werent: weren't, todays: today's
        monday: Monday, tuesday: Tuesday, wednesday: Wednesday, thursday: Thursday, friday: Friday, saturday: Saturday
        sunday: Sunday, january: January, february: February, november: November, december: December
        september: September, october: October, wendesday: Wednesday, wensday: Wednesday, tuseday: Tuesday
        """
    ),
    "sv": _pairs(
        """
        tillsvidare: tills vidare, intresant: intressant, intressan: intressant, tyvär: tyvärr, medelande: meddelande
        meddellande: meddelande, addres: adress, addressen: adressen, address: adress, kvalite: kvalitet
        uptill: upp till, upptill: upp till, därimot: däremot, definitift: definitivt, definetivt: definitivt
        överrens: överens, rekomendera: rekommendera, rekomenderar: rekommenderar, beklageligtvis: beklagligtvis
        noggran: noggrann, erbudande: erbjudande, kontackt: kontakt, kontackta: kontakta, sånna: sådana, maste: måste
        lungt: lugnt, brevid: bredvid, mycke: mycket, faktist: faktiskt, ocksa: också, nagon: någon, nagot: något
        nagra: några, föresten: förresten, igentligen: egentligen, endel: en del, hitills: hittills, gammla: gamla
        resturang: restaurang, hyffsat: hyfsat, välkommna: välkomna, tvugna: tvungna, orginal: original
        orginalet: originalet, medlemsskap: medlemskap, kännt: känt, rätvis: rättvis
        besvera: besvära, besveret: besväret, ellerhur: eller hur, ibörjan: i början, igentlien: egentligen
        isåfall: i så fall, ivägen: i vägen, kvitot: kvittot, leverns: leverans, medlande: meddelande, freda: fredag
        möjliget: möjlighet, oksså: också, packet: paket, påväg: på väg, reklamasjon: reklamation, serviss: service
        retunera: returnera, retunerar: returnerar, retuneras: returneras, retunerat: returnerat, retunerad: returnerad
        telefonumer: telefonnummer, utsållt: utsålt, vidarebefodra: vidarebefordra, vidarbefordra: vidarebefordra
        vidarebefodrar: vidarebefordrar, vidarebefodrat: vidarebefordrat, tillexempel: till exempel
        kvaliten: kvaliteten
        skruvvarna: skruvarna, lagersaldoo: lagersaldo, undersökar: undersöker, imån: i mån, iförväg: i förväg
        varsegod: varsågod, värsegod: varsågod, endrats: ändrats, endra: ändra
        """
    ),
    "nb": _pairs(
        """
        ike: ikke, desverre: dessverre, deverre: dessverre, dessvere: dessverre, intresant: interessant
        interesant: interessant, intressant: interessant, tilogmed: til og med, addresse: adresse, addressen: adressen
        spesiellt: spesielt, offisiellt: offisielt, komentar: kommentar, annbefaler: anbefaler, anbefalle: anbefale
        beklaglig: beklagelig, mullig: mulig, mulligheter: muligheter, skikelig: skikkelig, veldi: veldig
        bynner: begynner, bynne: begynne, begynder: begynner, tillbud: tilbud, tillbake: tilbake, tilbakke: tilbake
        alikevel: allikevel, allikevell: allikevel, likavel: likevel, ferig: ferdig, selfølgelig: selvfølgelig
        selvfølglig: selvfølgelig, istede: i stedet, istedetfor: i stedet for, takknemmelig: takknemlig
        nettop: nettopp, grattis: gratis, tilegg: tillegg, akkuratt: akkurat, altid: alltid, kansje: kanskje
        absolut: absolutt, medlemsskap: medlemskap, blandt: blant, lengere: lenger, værre: verre, tydligvis: tydeligvis
        beklaar: beklager, disverre: dessverre, forsatt: fortsatt, kjedelli: kjedelig, kvitring: kvittering
        laggersatus: lagerstatus, levringen: leveringen, levring: levering, noenganger: noen ganger
        noengang: noen gang, ossså: også, sjekkt: sjekket, venlig: vennlig, venligst: vennligst, madrasen: madrassen
        madras: madrass, madraser: madrasser, åpningtider: åpningstider, åpningtidene: åpningstidene
        telefonumer: telefonnummer, ihvertfal: i hvert fall, ivertfall: i hvert fall, tilslut: til slutt
        retunere: returnere, retunerer: returnerer, retunert: returnert, snarrest: snarest, rakere: raskere
        leveringn: leveringen, ialefall: i alle fall, adresen: adressen, adrese: adresse
        tolmodighet: tålmodighet, hjemsiden: hjemmesiden
        """
    ),
    "da": _pairs(
        """
        ike: ikke, desværrre: desværre, desverre: desværre, desvære: desværre, addresse: adresse, addressen: adressen
        intresant: interessant, interesant: interessant, ærgeligt: ærgerligt, ærgelig: ærgerlig, komentar: kommentar
        anbefalle: anbefale, ligmed: lige med, skærmbilede: skærmbillede, hjertlig: hjertelig
        selføgelig: selvfølgelig, selvføgelig: selvfølgelig, selfølgelig: selvfølgelig, allerred: allerede
        alerede: allerede, kvalitett: kvalitet, overaskelse: overraskelse, overasket: overrasket, forstyre: forstyrre
        sindsygt: sindssygt, billed: billede, vaere: være, staar: står, baade: både, tilbudet: tilbuddet
        egenligt: egentlig, hyggeli: hyggelig, leverring: levering, mullivis: muligvis, nogengange: nogle gange
        personli: personlig, reklamasion: reklamation, reklamasjon: reklamation, retunere: returnere
        retunerer: returnerer, retuneret: returneret, samarbejd: samarbejde, selvfølig: selvfølgelig
        selvføgeligt: selvfølgelig, selfølgeligt: selvfølgelig, spennende: spændende, standart: standard
        tilfedls: tilfreds, tilfælled: tilfælde, virkeli: virkelig, ødelægt: ødelagt, vennlig: venlig
        vennligst: venligst
        behageli: behagelig, ærgeligtt: ærgerligt, ærgelit: ærgerligt, levring: levering, levringen: leveringen
        fantastik: fantastisk, spænntt: spændt, spent: spændt, forhåbenligt: forhåbentlig, tilbuden: tilbuddet
        """
    ),
    "de": _pairs(
        """
        garnicht: gar nicht, garnichts: gar nichts, garkein: gar kein, garkeine: gar keine, nochnicht: noch nicht
        vorallem: vor allem, desweiteren: des Weiteren, ausversehen: aus Versehen, wiederrum: wiederum
        wiedersprechen: widersprechen, standart: Standard, vorrausichtlich: voraussichtlich
        vorraussichtlich: voraussichtlich, vorraus: voraus, vorraussetzung: Voraussetzung
        vorrübergehend: vorübergehend, entgültig: endgültig, packet: Paket, packete: Pakete, nähmlich: nämlich
        warscheinlich: wahrscheinlich, wahrscheinlig: wahrscheinlich, interresant: interessant
        intressant: interessant, interesant: interessant, addresse: Adresse, reperatur: Reparatur
        reperaturen: Reparaturen, reklamazion: Reklamation, terasse: Terrasse, orginal: Original
        daß: dass, muß: muss, müßte: müsste, müßen: müssen, mußte: musste, wußte: wusste, läßt: lässt, paßt: passt
        gruss: Gruß, grüsse: Grüße, grüssen: grüßen, strasse: Straße, strassen: Straßen, weiss: weiß, heisst: heißt
        ausserdem: außerdem, grösse: Größe, grösser: größer, schliesslich: schließlich, spass: Spaß
        fuer: für, ueber: über, koennen: können, moechten: möchten, wuerden: würden, wuerde: würde, zurueck: zurück
        waere: wäre, koennte: könnte, moechte: möchte, schoen: schön, haette: hätte, muessen: müssen, gruesse: Grüße
        nciht: nicht, bischen: bisschen, vieleicht: vielleicht, konnen: können, mussen: müssen, währe: wäre
        jedenfall: jedenfalls, letzen: letzten, letze: letzte, soviele: so viele
        """
    ),
}

#: `|` stands where people put the space. The first part may not be a word of its own; together they are one.
_APART = {
    "nl": "klanten|service bezorg|kosten lever|tijd bestel|nummer order|nummer retour|zending bank|rekening "
    "keuken|kast boeken|kast kleding|kast eet|tafel salon|tafel bad|kamer slaap|kamer woon|kamer lade|kast "
    "nacht|kastje "
    "bevestigings|mail fout|melding ver|zending pakket|punt afhaal|punt openings|tijden klant|nummer garantie|bewijs "
    "aankoop|bewijs kassa|bon privé|bericht telefoon|nummer post|code hand|leiding artikel|nummer service|balie "
    "bezorg|moment bezorg|dienst bezorg|datum werk|blad vervang|onderdeel cadeau|kaart spaar|punten korting|code",
    "en": "",
    "sv": "kund|tjänst kund|service leverans|tid leverans|tiden hem|sida hem|sidan order|nummer order|bekräftelse "
    "order|bekräftelsen öppet|tider öppet|tiderna bok|hylla bok|hyllan bok|hyllor sov|rum vardags|rum bad|rum "
    "mobil|nummer telefon|nummer post|nummer spårnings|nummer artikel|nummer felmed|delande kredit|kort present|kort "
    "retur|frakt frakt|kostnad hem|leverans varu|hus varu|huset kund|nummer bank|konto klädes|kammare köks|lucka "
    "köks|avdelning köks|avdelningen reserv|del reserv|delar bruks|anvisning monterings|anvisning skräp|post "
    "skräp|posten kvalitets|kontroll kund|klubb medlems|kort pris|garanti arbets|dagar arbets|dag vinter|däck "
    "data|inspektion personal|nummer säng|kläder mat|bord soff|bord sitt|dyna garanti|tid ångra|rätt köp|villkor "
    "webb|sida webb|butik nät|butik leverans|datum service|disk disk|maskin tvätt|maskin kyl|skåp",
    "nb": "kunde|service kunde|servicen nett|siden nett|side nett|butikk nett|butikken leverings|tid leverings|tiden "
    "ordre|nummer ordre|nummeret ordre|bekreftelse ordre|bekreftelsen åpnings|tider åpnings|tidene bok|hylle bok|hylla "
    "bok|hyllen sove|rom bade|rom telefon|nummer post|nummer sporings|nummer artikkel|nummer feil|melding "
    "feil|meldingen gave|kort kreditt|kort retur|frakt frakt|kostnad hjem|levering vare|hus vare|huset kunde|nummer "
    "bank|konto kjøkken|avdeling kjøkken|avdelingen reserve|del reserve|deler bruks|anvisning monterings|anvisning "
    "søppel|post søppel|posten kunde|klubb medlems|kort pris|garanti virke|dager virke|dag data|tilsynet sengetøy|sett "
    "kaffe|bord spise|bord sitte|pute garanti|tid angre|rett kjøps|vilkår leverings|dato skjerm|bilde skjerm|bildet "
    "opp|vaskmaskin vaske|maskin kjøle|skap kunde|senter kunde|senteret",
    "da": "kunde|service kunde|servicen hjemme|side hjemme|siden net|butik leverings|tid leverings|tiden ordre|nummer "
    "ordre|nummeret ordre|bekræftelse ordre|bekræftelsen åbnings|tider åbnings|tiderne bog|reol bog|reolen "
    "sove|værelse bade|værelse telefon|nummer post|nummer sporings|nummer vare|nummer vare|nummeret "
    "fejl|meddelelse gave|kort "
    "kredit|kort retur|fragt hjem|levering vare|hus vare|huset kunde|nummer bank|konto køkken|afdeling "
    "køkken|afdelingen reserve|del reserve|dele brugs|anvisning samle|vejledning spam|mappe spam|mappen kunde|klub "
    "medlems|kort pris|garanti hver|dage kaffe|bord spise|bord sæde|hynde fortrydelses|ret købs|betingelser "
    "leverings|dato skærm|billede skærm|billedet opvaske|maskine vaske|maskine køle|skab kunde|center bord|plade "
    "bord|pladen stik|kontakt",
    "de": "kunden|service kunden|dienst liefer|zeit liefer|termin bestell|nummer bestell|bestätigung telefon|nummer "
    "post|leitzahl sendungs|nummer artikel|nummer fehler|meldung geschenk|karte kredit|karte rück|sendung "
    "versand|kosten möbel|haus einrichtungs|haus kunden|nummer bank|konto küchen|abteilung ersatz|teil ersatz|teile "
    "gebrauchs|anweisung aufbau|anleitung spam|ordner kunden|karte preis|garantie werk|tage öffnungs|zeiten "
    "bücher|regal kleider|schrank wohn|zimmer schlaf|zimmer bade|zimmer ess|tisch couch|tisch sitz|kissen "
    "rückgabe|recht kauf|beleg kassen|bon wasch|maschine spül|maschine kühl|schrank arbeits|platte",
}

#: Two words as written apart -> the one word they make.
SPLIT = {
    lang: {tuple(word.split("|")): word.replace("|", "") for word in text.split()} for lang, text in _APART.items()
}

#: Words with a capital of their own: a slip in them is sure even in the middle of a sentence.
TITLES = {
    "en": _set(
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April June July August "
        "September October November December Christmas Easter English Dutch Swedish Norwegian Danish German"
    ),
}

#: German words after which a capital means a noun, hardly a name.
BEFORE_NOUN = _set(
    """
    der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner mein meine meinen meinem
    meiner dein deine deinen deinem deiner deines sein seine seinen ihr ihre ihren ihrem ihrer ihres unser unsere
    unseren unserem unserer euer eure euren eurem am im zum zur vom beim ans ins aufs diese dieser dieses diesen
    diesem jede jeder jedes jeden viel viele vielen alle allen gute guten guter neue neuen neues neuer ganze ganzen
    zwei drei vier fünf ohne per als pro schöne schönen schönes liebe lieben kleine kleinen kleines große großen nächste
    nächsten letzte letzten erste ersten
    """
)
#: Endings that German nouns have and names have not.
GERMAN = re.compile(
    r"(?:ung|ungen|heit|keit|schaft|tion|tät|nis|mal|zeug|ment|chen|ling|teil|nummer|schein|platz)$|n[gd]$"
)


def _phrases(*rows: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), right) for pattern, right in rows)


#: Slips in words that are right elsewhere: the stretch called `wrong`, and what should stand there.
PHRASES = {
    "nl": _phrases(
        (r"\b[Ii]k (?P<wrong>(?P<stem>wor|vin|hou|bie|mel|rij|lij|verzen|beantwoor|zen|hoor|la)dt)\b", r"\g<stem>d"),
        (r"\b(?P<wrong>(?P<stem>[Ww]or|[Vv]in|[Hh]ou)dt) ik\b", r"\g<stem>d"),
        (
            r"\b(?:[Hh]et|[Dd]it|[Dd]at|[Hh]ij|[Uu]|[Dd]ie|[Mm]en|[Dd]eze|[Jj]ij|[Jj]e|[Zz]e)"
            r" (?P<wrong>(?P<stem>wor|vin|hou)d)\b(?! (?:ik|je|jij)\b)",
            r"\g<stem>dt",
        ),
        (
            r"\b(?:bestelling|pakket|pakketje|bedrag|levering|kast|bank|product|artikel|retour|onderdeel|monteur|collega|"
            r"klacht|melding|afspraak|betaling|lade|winkel|site) (?P<wrong>(?P<stem>wor|vin)d)\b(?! (?:ik|je|jij)\b)",
            r"\g<stem>dt",
        ),
        (r"\b(?:[Hh]eb(?:t|ben)?|[Hh]eeft|[Hh]ad(?:den)?|[Ii]s|[Zz]ijn|[Ww]as|[Ww]aren|[Ww]ord(?:t|en)|[Ww]erd(?:en)?)"
         r" (?:(?!(?:dat|die|als|of|en|maar|wat|hoe|wanneer|waar|omdat|wie|zodra|tot|want|dus|door|[Pp]ost\w*)\b)"
         r"[a-z'-]+ ){0,4}?(?P<wrong>(?P<stem>beschadig|bevestig|vertraag|verleng|verander|verhoog|verlaag|bezorg|"
         r"betaal|bestel|verwijder|verhuis|beantwoor|teleurgestel)t)"
         r"(?=[.,!?]| (?:en|maar|op|in|met|bij|aan|naar|via|worden|is|zijn|door)\b|$)", r"\g<stem>d"),
        (r"\b(?:[Hh]ebben|[Hh]eb|[Hh]eeft|[Hh]ebt|is|zijn) (?:je |jij |we |ons |het |dit |dat |al |niet |dan |u )?"
         r"(?P<wrong>(?P<stem>gebeur|bestel|betaal|bezorg|gemel|gebel|verstuur)t)\b(?=[.,!?]|$)", r"\g<stem>d"),
    ),
    "en": _phrases(
        (r"\b(?:[Cc]ould|[Ww]ould|[Ss]hould|[Mm]ust|[Mm]ight) (?P<wrong>of)\b(?! course)", "have"),
        (r"\b(?P<wrong>(?P<y>[Yy])our) welcome\b(?=[.,!?]|$| to\b)", r"\g<y>ou're"),
        (r"(?<![\w'’])(?P<wrong>i)(?=['’](?:m|ll|ve|d)\b| (?:am|have|will|can|would|think|hope|see)\b)", "I"),
    ),
}  # fmt: skip
