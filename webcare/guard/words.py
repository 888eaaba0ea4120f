"""Which words say something and which are only mortar, per language; written by hand, folded once.

Four classes decide how much a shared word proves. STOP words prove nothing. FACT words (days, months, hours,
opening times) belong to customers as much as to colleagues. DESK words are what every reply of a care team is
made of. All other words are content. POLITE holds whole phrases that everybody writes and nobody leaks.
"""

from __future__ import annotations

from webcare.guard.normalise import fold, tokens

_STOP = {
    "nl": """
        de het een en of maar want dus als dan dat die dit deze er hier daar ik je jij jou jouw u uw we wij ons onze
        hij zij ze hem haar hun zich mij me mijn is ben bent was waren zijn geweest wordt worden werd geworden heb
        hebt heeft hebben had hadden gehad kan kun kunt kunnen kon konden zal zul zult zullen zou zouden mag mogen
        mocht moet moeten moest wil wilt willen wou wilde gaat gaan ging doen doet deed te om aan af bij door in met
        na naar op over uit van voor vanaf tot tegen tussen onder zonder binnen via per niet geen wel ook al nog nu
        even toch meer veel heel erg zo zeer graag snel weer eens echt alleen altijd nooit wie wat waar wanneer waarom
        hoe welke omdat zodat terwijl toen totdat ja nee hoi hallo beste hey dag groet groeten groetjes dank bedankt
        dankjewel dankuwel alvast fijn sorry excuus excuses jammer vervelend helaas natuurlijk zeker goed prima alles
        iets niets iemand niemand elkaar zelf alle elke ieder iedere andere ander vast erbij erover eraan ervan
        hierover daarom daarvoor daarna hiermee daarmee mee zoals heen misschien eventueel namelijk inderdaad juist
    """,
    "en": """
        one ones a an the and or but so if then than that this these those there here i you your yours we us our ours
        he she it its they them their him his her me my mine is are am was were be been being has have had having do
        does did done doing can could will would shall should may might must to of in on at by for from with without
        within into onto over under about after before between through during against until up down out off as per via
        not no nor too very just also already still yet again once ever never always only really quite more most much
        many some any all each every both few other another same own such who whom whose which what when where why how
        because while though although hi hello hey dear thanks thank please sorry apologies regards best kind welcome
        yes okay ok good great well sure it's we're you're don't didn't isn't won't can't couldn't i'm i've we've
        you've that's there's let get got gets getting go goes going went make makes made let's now soon sadly
        unfortunately anything something everything nothing someone anyone re ve ll don didn isn won couldn wasn doesn
    """,
    "sv": """
        en ett den det de dem dessa denna detta och eller men så om då att som för jag du ni vi oss vår vårt våra din
        ditt dina er ert era han hon hans hennes hen sig sin sitt sina min mitt mina mig dig är var varit vara blir
        blev bli blivit har hade haft ha kan kunde kunna ska skall skulle vill ville få får fick fått måste bör borde
        gör göra gjorde gjort går gå gick till från av på i in ut med utan mellan under över efter före innan inom vid
        hos mot genom ur åt upp ner inte ej icke aldrig alltid bara också även redan ännu nu igen sen sedan snart
        mycket mer mest många några någon något inget ingen alla allt varje båda annan annat andra samma själv vem vad
        när varför hur vilken vilket vilka eftersom medan därför dock ju väl nog lite gärna hej hejsan tack tackar
        snälla förlåt ursäkta tyvärr tråkigt hälsningar vänliga bästa kära ja nej jo okej bra fint jättebra verkligen
        helt här där hit dit sådan sådant fort såklart självklart kanske
    """,
    "nb": """
        en ei et den det de dem disse denne dette og eller men så om da at som for jeg du dere vi oss vår vårt våre
        din ditt dine deres han hun hans hennes seg sin sitt sine min mitt mine meg deg er var vært være blir ble
        blitt bli har hadde hatt ha kan kunne skal skulle vil ville får fikk fått få må måtte bør burde gjør gjøre
        gjorde gjort går gå gikk til fra av på i inn ut med uten mellom under over etter før innen ved hos mot gjennom
        opp ned ikke aldri alltid bare også allerede ennå enda nå igjen siden snart mye mer mest mange noen noe ingen
        ingenting alle alt hver begge annen annet andre samme selv hvem hva hvor når hvorfor hvordan hvilken hvilket
        hvilke fordi mens derfor dessverre jo vel nok litt gjerne hei heisann takk tusen vennligst beklager unnskyld
        hilsen vennlig kjære ja nei ok greit bra fint flott veldig helt her der hit dit slik sånn kanskje selvfølgelig
        beste
    """,
    "da": """
        en et den det de dem disse denne dette og eller men så om da at som for jeg du i vi os vores din dit dine jer
        jeres han hun hans hendes sig sin sit sine min mit mine mig dig er var været være bliver blev blevet blive har
        havde haft have kan kunne skal skulle vil ville får fik fået få må måtte bør burde gør gøre gjorde gjort går
        gå gik til fra af på ind ud med uden mellem under over efter før inden ved hos mod gennem op ned ikke aldrig
        altid kun bare også allerede endnu nu igen siden snart meget mere mest mange nogle nogen noget ingen intet
        alle alt hver begge anden andet andre samme selv hvem hvad hvor hvornår hvorfor hvordan hvilken hvilket hvilke
        fordi mens derfor desværre jo vel nok lidt gerne hej hejsa tak venligst beklager undskyld hilsen venlig kære
        ja nej ok fint godt rigtig helt her der hertil dertil sådan måske selvfølgelig bedste
    """,
    "de": """
        der die das den dem des ein eine einen einem einer eines und oder aber so wenn dann dass als wie für ich du
        ihr sie wir uns unser unsere unserem unseren dein deine deinen deiner deinem euch euer eure er es ihm ihn
        ihnen ihre ihren ihrem ihrer sich mir mich mein meine meinen dir dich ist bin bist sind war waren sei gewesen
        wird werden wurde wurden worden hat habe hast haben hatte hatten gehabt kann kannst können könnt konnte könnte
        soll sollen sollte will willst wollen wollte möchte möchtest darf dürfen muss müssen musste mag zu zum zur von
        vom im in ins an am auf aus bei beim mit nach ohne über unter vor zwischen durch gegen um bis ab seit nicht
        kein keine keinen nie immer nur auch schon noch jetzt wieder mal sehr mehr viel viele einige etwas nichts alle
        alles jeder jede jedes beide andere anderen gleich selbst wer was wo wann warum welche welcher welches weil
        während deshalb denn doch ja nein ok hallo hi liebe lieber guten tag danke dank bitte leider schade gerne gern
        grüße gruß freundliche entschuldigung hier da dort dazu damit dafür darüber gut schön bestimmt natürlich bald
    """,
}

#: Days, months, parts of the day, units of time and opening hours.
_FACT = {
    "nl": """
        jan feb mrt apr jun jul aug sep sept okt nov dec dinsd donderd half halfuur uurtje tevoren sluit sluiten opent
        eerder later kilo kg gram cm mm meter liter graden watt termijn termijnen bankdagen kwartier werkuren
        feestdagen maandag dinsdag woensdag donderdag vrijdag zaterdag zondag maandags dinsdags zondags januari
        februari maart april mei juni juli augustus september oktober november december vandaag morgen overmorgen
        gisteren vanmiddag vanavond vanochtend ochtend middag avond nacht dag dagen week weken weekend weekeinde maand
        maanden jaar jaren uur uren minuten minuut werkdag werkdagen koopzondag feestdag kerst pasen pinksteren
        hemelvaart koningsdag open geopend dicht gesloten openingstijden volgende komende afgelopen eerstvolgende
        uiterlijk rond tussen vanaf eind begin medio kosten kost prijs gratis
    """,
    "en": """
        jan feb mar apr jun jul aug sep sept oct nov dec tues weds thur thurs half earlier later beforehand advance
        kilo kilos kg grams cm mm metre metres meter litre litres degrees watt watts monday tuesday wednesday thursday
        friday saturday sunday mon tue wed thu fri sat sun january february march april june july august september
        october november december today tomorrow yesterday tonight morning afternoon evening night noon midnight day
        days week weeks weekend weekends month months year years hour hours minutes minute working business weekday
        weekdays bank holiday holidays christmas easter open opens opening closed closes close next coming latest
        around between until end beginning mid am pm o'clock cost costs price free
    """,
    "sv": """
        mån tis ons tors fre lör sön okt halv halvtimme innan tidigare senare kilo kg gram cm mm meter liter grader
        watt bankdag bankdagar dygn kvart onsdagar torsdagar måndag tisdag onsdag torsdag fredag lördag söndag
        måndagar tisdagar lördagar söndagar januari februari mars april maj juni juli augusti september oktober
        november december idag imorgon igår ikväll morgon förmiddag eftermiddag kväll natt dag dagar dagen vecka
        veckor veckan helg helgen helger månad månader år timme timmar minuter minut vardag vardagar arbetsdag
        arbetsdagar helgdag helgdagar röda jul påsk midsommar öppet öppnar öppen öppettider stängt stänger stängd
        nästa kommande senast runt kring mellan slutet början mitten kl klockan kostar pris gratis
    """,
    "nb": """
        man tirs ons tors fre lør søn okt des halv halvtime halvannen tidligere senere kilo kg gram cm mm meter liter
        grader watt bankdag bankdager virkedagene kvarter mandag tirsdag onsdag torsdag fredag lørdag søndag mandager
        lørdager søndager januar februar mars april mai juni juli august september oktober november desember idag i
        dag imorgen morgen igår går kveld ikveld formiddag ettermiddag natt dager dagen uke uker uken uka helg helgen
        måned måneder år time timer minutter minutt hverdag hverdager virkedag virkedager helligdag helligdager jul
        påske pinse åpent åpner åpen åpningstider stengt stenger neste kommende senest rundt mellom slutten starten
        midten kl klokken klokka koster pris gratis
    """,
    "da": """
        halv time tidligere senere kilo kg gram cm mm meter liter grader watt bankdag bankdage dages kvarter mandage
        lørdage søndage ugers mandag tirsdag onsdag torsdag fredag lørdag søndag januar februar marts april maj juni
        juli august september oktober november december dag morgen aften formiddag eftermiddag nat dage dagen uge uger
        ugen weekend weekenden måned måneder år timer minutter minut hverdag hverdage arbejdsdag arbejdsdage helligdag
        helligdage jul påske pinse åbent åbner åben åbningstider lukket lukker næste kommende senest omkring mellem
        slutningen starten midten kl klokken koster pris gratis
    """,
    "de": """
        mär mai okt dez halbe stunde früher später vorher kilo kg gramm cm mm meter liter grad watt bankarbeitstage
        bankarbeitstagen tagesgenau wochentags sonntags dienstags mittwochs freitags montag dienstag mittwoch
        donnerstag freitag samstag sonnabend sonntag montags samstags januar februar märz april juni juli august
        september oktober november dezember heute morgen übermorgen gestern vormittag nachmittag abend nacht mittag
        tag tage tagen woche wochen wochenende monat monate monaten jahr jahre jahren stunden uhr minuten minute
        werktag werktage werktagen feiertag feiertage feiertagen weihnachten ostern pfingsten geöffnet offen öffnet
        öffnungszeiten geschlossen schließt nächste nächsten kommende kommenden spätestens zwischen ende anfang mitte
        kostet kosten preis gratis kostenlos
    """,
}

#: What every reply of a care team is made of; one of these proves half as much as a content word.
_DESK = {
    "nl": """
        bel belt bellen belde gebeld restaurant parkeren balie zakelijk levertermijn korting leden lid actie
        retourrecht bedenktijd kassabon pas betaalpas rekening bestelling bestellingen besteld bestellen bestelnummer
        order ordernummer levering bezorging bezorgd bezorgen geleverd leveren bezorger pakket pakketje zending track
        trace winkel winkels filiaal klantenservice medewerker team product producten artikel artikelen artikelnummer
        retour retourneren ruilen garantie bon aankoop aankoopbewijs factuur betaling betalen betaald bedrag terug
        website app account mail e-mail mailadres bericht berichtje privebericht dm telefoon telefoonnummer naam adres
        postcode foto foto's vraag vragen antwoord contact reactie oplossing oplossen opgelost helpen geholpen hulp
        uitzoeken nakijken kijken bekijken checken nagaan sturen stuur stuurt gestuurd laten laat weten vinden vind
        horen hoor komen komt kom maken maakt gemaakt nemen neem krijgen krijg krijgt ontvangen voorraad beschikbaar
        leverbaar online nieuw nieuwe kast bank tafel stoel bed klant klanten onderdeel onderdelen plannen gepland
        afspraak datum moment levertijd verzonden onderweg
    """,
    "en": """
        call calls calling called ring rings phone restaurant parking desk business discount member members deal card
        account policy receipt's lead order orders ordered ordering number delivery deliver delivered deliveries
        parcel package shipping shipped tracking track store stores shop branch customer customers service support
        team product products item items article return returns returned exchange refund guarantee warranty receipt
        purchase invoice payment pay paid amount website site app email mail message dm name address postcode photo
        photos picture question questions answer reply contact response solution solve solved help helped look looking
        check checking find send sent know see hear come comes take takes give receive received stock available online
        new wardrobe sofa table chair bed part parts plan planned appointment date slot sort arrange way
    """,
    "sv": """
        ring ringer ringa ringde restaurang restaurangen parkering disken företag rabatt medlem medlemmar
        återbetalning återbetalad öppet ångerrätt kvittot lagersaldo ombud ombudet order ordern beställning
        beställningen beställt beställa ordernummer leverans leveransen levererad levererat leverera paket paketet
        försändelse spåra spårning butik butiken varuhus varuhuset kundservice kundtjänst medarbetare team produkt
        produkten produkter artikel vara varan varor retur returnera byta byte garanti kvitto köp köpet faktura
        betalning betala betalt belopp hemsida webbplats app appen konto mejl mail e-post meddelande dm telefon namn
        adress postnummer bild bilder foto fråga frågor svar kontakt kontakta lösning lösa löst hjälp hjälpa titta
        kolla kika undersöka skicka skickar skickat veta återkomma återkommer hör höra komma kommer ta tar ge lager
        finns tillgänglig online ny nytt nya garderob soffa bord stol säng kund kunden kunder del delar reservdel boka
        bokad datum tid leveranstid pengarna
    """,
    "nb": """
        ring ringer ringe ringte restaurant restauranten parkering skranken bedrift rabatt medlem medlemmer åpent
        refusjon refundert angrerett bytterett kvitteringen post posten ordre ordren bestilling bestillingen bestilt
        bestille ordrenummer levering leveringen levert levere pakke pakken sending spore sporing butikk butikken
        varehus varehuset kundeservice kundesenter medarbeider team produkt produktet produkter artikkel vare varen
        varer retur returnere bytte garanti kvittering kjøp kjøpet faktura betaling betale betalt beløp nettside app
        appen konto e-post mail epost melding dm telefon navn adresse postnummer bilde bilder spørsmål svar svare
        kontakt kontakte løsning løse løst hjelp hjelpe hjulpet se sjekke undersøke sende sender sendt vite tilbake
        høre hører komme kommer ta tar gi lager finnes tilgjengelig nett ny nytt nye skap sofa bord stol seng kunde
        kunden kunder del deler reservedel avtale dato tid leveringstid pengene
    """,
    "da": """
        ring ringer ringe ringede restaurant restauranten parkering skranken erhverv rabat medlem medlemmer returret
        returretten fortrydelsesret refusion refunderet kvitteringen post posten ordre ordren bestilling bestillingen
        bestilt bestille ordrenummer levering leveringen leveret levere pakke pakken forsendelse spore butik butikken
        varehus varehuset kundeservice medarbejder team produkt produktet produkter vare varen varer retur returnere
        bytte garanti kvittering køb købet faktura betaling betale betalt beløb hjemmeside app appen konto e-mail mail
        besked dm telefon navn adresse postnummer billede billeder spørgsmål svar svare kontakt kontakte løsning løse
        løst hjælp hjælpe hjulpet se kigge tjekke undersøge sende sender sendt vide tilbage høre hører komme kommer
        tage tager give lager findes online ny nyt nye skab sofa bord stol seng kunde kunden kunder del dele
        reservedel aftale dato tid leveringstid pengene
    """,
    "de": """
        ruf ruft anrufen rufen anruf restaurant parken theke geschäftlich rabatt mitglied mitglieder aktion
        rückgaberecht widerrufsrecht erstattung erstattet karte beleg bestellung bestellungen bestellt bestellen
        bestellnummer lieferung geliefert liefern paket sendung sendungsnummer verfolgen filiale markt laden
        einrichtungshaus kundenservice mitarbeiter team produkt produkte artikel artikelnummer rückgabe retoure
        zurückgeben umtausch umtauschen garantie kassenbon kauf rechnung zahlung bezahlen bezahlt betrag webseite
        website app konto mail e-mail nachricht dm telefon name namen adresse postleitzahl foto fotos bild frage
        fragen antwort kontakt lösung lösen gelöst hilfe helfen geholfen schauen prüfen nachsehen schicken schick
        schickst senden gesendet wissen zurück hören kommen kommt nehmen geben erhalten lager verfügbar online neu
        neue neuen schrank sofa tisch stuhl bett kunde kunden kundin teil teile ersatzteil termin datum zeit
        lieferzeit geld melden meldest meld
    """,
}

#: Days of the week and months, in full and as people shorten them.
_DAYS = """
    maandag dinsdag woensdag donderdag vrijdag zaterdag zondag monday tuesday wednesday thursday friday saturday
    sunday tues weds thurs måndag tisdag onsdag torsdag fredag lördag söndag mandag tirsdag lørdag søndag montag
    dienstag mittwoch donnerstag freitag samstag sonnabend sonntag januari februari maart april mei juni juli
    augustus september oktober november december january february march june july august october mars maj augusti
    januar februar mai desember märz dezember vandaag today tonight tomorrow idag imorgon imorgen heute gratis free
    kostenlos midnight midnatt middernacht noon
"""

#: Units, and words beside which a number counts what a customer can have.
_MEASURES = """
    mg ml dl cl gb mb mbit kwh km mil ft inch inches stuks nog over left kvar igjen tilbage pieces plekken plaatsen
    plek places seats spots platser plasser pladser plätze personen people personer keer times gånger ganger gange
    mal nights nachten nätter netter jaar år pence
"""

#: Money and shares; the number beside one of these is an amount.
_MONEY = """
    euro euros eur cent cents kroon kronen kronor krona kroner kr sek nok dkk pond pound pounds gbp dollar dollars usd
    procent percent prosent prozent chf franken
"""
#: With one of these beside it an amount is a price, and prices are for customers.
_PRICE = """
    kost kosten prijs prijzen gratis cost costs price priced prices kostar pris priset priser koster prisen kostet
    preis preise vanafprijs aanbieding offer erbjudande tilbud angebot
"""

_POLITE = {
    "nl": """
        Wat vervelend om te horen dat je
        Wat vervelend dat het niet goed is gegaan
        Bedankt voor je bericht en voor je geduld
        Stuur ons even een dm met je bestelnummer
        Stuur ons een privébericht met je ordernummer en postcode, dan kijken we het voor je na
        Kun je ons een privébericht sturen met je naam, adres en bestelnummer?
        We kijken graag met je mee en helpen je graag verder
        Laat het ons gerust weten als je nog vragen hebt
        Onze excuses voor het ongemak en bedankt voor je geduld
        We geven het door aan de collega's van de winkel
        Dan zoeken we het voor je uit en komen we er bij je op terug
        Neem contact op met onze klantenservice
    """,
    "en": """
        Sorry to hear that, this is not the experience we want you to have
        We're really sorry about this and the inconvenience caused
        Please send us a DM with your order number and postcode so we can look into this for you
        Could you send us a direct message with your name, address and order number
        Thanks for getting in touch and thank you for your patience
        Let us know if you have any other questions
        We'll look into it and get back to you as soon as possible
        Get in touch with our customer service team
        We have passed your feedback on to the team
    """,
    "sv": """
        Vad tråkigt att höra att det blivit så här
        Vi ber om ursäkt för besväret och tackar för ditt tålamod
        Skicka gärna ett dm till oss med ditt ordernummer så tittar vi på det
        Skicka ett privat meddelande med namn, adress och ordernummer så hjälper vi dig
        Tack för att du hör av dig och för ditt meddelande
        Hör gärna av dig igen om du har fler frågor
        Vi återkommer till dig så snart vi kan
        Kontakta vår kundservice så hjälper de dig vidare
    """,
    "nb": """
        Så leit å høre at det har blitt slik
        Vi beklager ulempen og takker for tålmodigheten din
        Send oss gjerne en dm med ordrenummeret ditt så ser vi på saken
        Send oss en privat melding med navn, adresse og ordrenummer så hjelper vi deg
        Takk for at du tar kontakt og for meldingen din
        Ta gjerne kontakt igjen hvis du har flere spørsmål
        Vi kommer tilbake til deg så snart vi kan
        Ta kontakt med kundeservice så hjelper de deg videre
    """,
    "da": """
        Det er vi kede af at høre
        Vi beklager ulejligheden og takker for din tålmodighed
        Send os gerne en besked med dit ordrenummer, så kigger vi på det
        Send os en privat besked med navn, adresse og ordrenummer, så hjælper vi dig
        Tak fordi du skriver til os og for din besked
        Skriv endelig igen, hvis du har flere spørgsmål
        Vi vender tilbage til dig hurtigst muligt
        Kontakt vores kundeservice, så hjælper de dig videre
    """,
    "de": """
        Das tut uns sehr leid zu hören
        Wir bitten um Entschuldigung für die Unannehmlichkeiten und danken dir für deine Geduld
        Schick uns gerne eine Direktnachricht mit deiner Bestellnummer, dann schauen wir uns das an
        Schick uns eine private Nachricht mit Namen, Adresse und Bestellnummer, dann helfen wir dir weiter
        Danke für deine Nachricht und dass du dich bei uns meldest
        Melde dich gerne wieder, wenn du noch Fragen hast
        Wir melden uns so schnell wie möglich bei dir
        Unser Kundenservice hilft dir gerne weiter
    """,
}


def _folded(*texts: str) -> frozenset[str]:
    return frozenset(piece for text in texts for word in text.split() for piece in _pieces(word))


def _pieces(word: str) -> list[str]:
    return [token.word for token in tokens(word)] or [fold(word)]


FACT = _folded(*_FACT.values())
STOP = _folded(*_STOP.values()) - FACT
DESK = _folded(*_DESK.values()) - FACT - STOP
MONEY = _folded(_MONEY)
PRICE = _folded(_PRICE)
DAYS = _folded(_DAYS)
MEASURES = _folded(_MEASURES)
#: Phrases of public courtesy, as if they already stood in the thread.
POLITE = tuple(line.strip() for text in _POLITE.values() for line in text.strip().splitlines())
#: The small words of each language as they are written, to tell languages apart.
SMALL = {lang: frozenset(text.split()) for lang, text in _STOP.items()}
