"""Internal language is held without any note; the words it resembles pass."""

from __future__ import annotations

import pytest

from webcare.domain import Decision, Level
from webcare.guard import ReviewContext, review

STAFF = ("Sanne de Vries", "jdoe", "Åsa Öberg", "@mhansen")
CONTEXT = ReviewContext(
    channel="x",
    colleagues=STAFF,
    queue_names=("first_line", "second_line", "unsorted", "finance-nl", "Klachten"),
    internal_hosts=("desk.hemlund.example",),
)

#: Each draft and the part that must be pointed at.
HELD = [
    # headings
    ("INTERN: even wachten met antwoorden", "INTERN:"),
    ("Hoi Anna!\n\nIntern - dit is de derde keer", "Intern -"),
    ("[notitie] mevrouw is boos", "[notitie]"),
    ("[note] she already got a voucher", "[note]"),
    ("Sorry for the wait! [internal note: 2nd voucher]", "[internal note: 2nd voucher]"),
    ("🔒 Interne notitie: bon ontbreekt", "🔒 Interne notitie:"),
    ("**Internal:** waiting for the depot", "**Internal:"),
    ("FYI team she is a repeat caller", "FYI team"),
    ("Hi team, can somebody pick this up?", "Hi team"),
    ("Draft reply: Hi Tom, sorry", "Draft reply:"),
    ("Question for the warehouse: is it in stock?", "Question for the warehouse:"),
    ("Hand-over: waiting for photos", "Hand-over:"),
    ("Voorstel antwoord: Hoi Els", "Voorstel antwoord:"),
    ("Vraag aan team logistiek: klopt dit?", "Vraag aan team logistiek:"),
    ("Overdracht: foto's staan klaar", "Overdracht:"),
    ("Anteckning: har ringt förut", "Anteckning:"),
    ("Internt: vänta med svar", "Internt:"),
    ("Förslag på svar: Hej Lisa", "Förslag på svar:"),
    ("Hej teamet, kan någon ta denna?", "Hej teamet"),
    ("Kun internt, se bilder", "Kun internt"),
    ("Notat: har ringt to ganger", "Notat:"),
    ("Svarforslag: Hei Ola", "Svarforslag:"),
    ("Udkast til svar: Hej Mette", "Udkast til svar:"),
    ("Sagsnotat: ringet to gange", "Sagsnotat:"),
    ("Interne Notiz: hat schon Gutschein", "Interne Notiz:"),
    ("Antwortvorschlag: Hallo Jana", "Antwortvorschlag:"),
    ("Nur für den internen Gebrauch", "Nur für den internen Gebrauch"),
    ("Hallo Team, wer übernimmt?", "Hallo Team"),
    # do not post
    ("We lossen het op. NIET PLAATSEN!", "NIET PLAATSEN"),
    ("(nog niet plaatsen) Hoi Els, alles komt goed.", "nog niet plaatsen"),
    ("Niet delen met de klant: marge is 40%", "Niet delen met de klant"),
    ("do not post", "do not post"),
    ("Do not publish until legal agrees. Hi Tom", "Do not publish"),
    ("Don't tell the customer the shelf is recalled", "Don't tell the customer"),
    ("keep this internal please", "keep this internal"),
    ("Internal use only", "Internal use only"),
    ("Detta får inte publiceras. Hej Lisa!", "får inte publiceras"),
    ("Publicera ej", "Publicera ej"),
    ("Säg inte till kunden att lagret är tomt", "Säg inte till kunden"),
    ("Ikke publiser før Tone har sett på det", "Ikke publiser"),
    ("skal ikke deles med kunden", "skal ikke deles med kunden"),
    ("Må ikke offentliggøres", "Må ikke offentliggøres"),
    ("del ikke med kunden, tak", "del ikke med kunden"),
    ("Bitte nicht veröffentlichen!", "nicht veröffentlichen"),
    ("Dem Kunden nicht sagen, dass es Ausschuss ist", "Dem Kunden nicht sagen"),
    # about the customer
    ("Klant wil zijn geld terug.", "Klant wil"),
    ("Sorry! Customer claims it arrived broken.", "Customer claims"),
    ("Cust called twice", "Cust called"),
    ("Kunden har ringt tre gånger", "Kunden har"),
    ("Kunde sier at pakken mangler", "Kunde sier"),
    ("Kundin droht mit Anwalt", "Kundin droht"),
    # colleagues
    ("Hoi Els, @jdoe kijkt ernaar", "@jdoe"),
    ("we zoeken het uit @Sanne de Vries", "@Sanne"),
    ("kun jij dit checken @sannedevries?", "@sannedevries"),
    ("wij kijken even, @Sanne kun jij?", "@Sanne"),
    ("Tack! @åsa.öberg kollar", "@åsa.öberg"),
    ("@mhansen tager den", "@mhansen"),
    ("dit is voor @logistiek denk ik", "@logistiek"),
    ("[@Jane](mention://user/12/Jane) can you look?", "[@Jane](mention://user/12/Jane)"),
    # queues and lines
    ("Ik zet je in second_line", "second_line"),
    ("Doorgezet naar finance-nl, even geduld", "finance-nl"),
    ("Je staat nu in de wachtrij Klachten", "wachtrij Klachten"),
    ("We hebben het bij de tweede lijn neergelegd", "de tweede lijn"),
    ("I've passed it to our second line", "to our second line"),
    ("Vi skickar det till andra linjen", "till andra linjen"),
    ("Är det här något för andra linjen?", "för andra linjen"),
    ("Er dette noe for andrelinja?", "andrelinja"),
    ("Andrelinjen ser på det", "Andrelinjen"),
    # systems and tickets
    ("In Zendesk staat dat je al geld terug hebt", "Zendesk"),
    ("Volgens SAP is je order geleverd", "SAP"),
    ("We logged it in Jira", "Jira"),
    ("zie ticket WEB-1234 voor details", "ticket WEB-1234"),
    ("Loopt onder INC0012345", "INC0012345"),
    # hosts
    ("Meer op intranet.hemlund.example/retour", "intranet.hemlund.example/retour"),
    ("See http://wiki.hemlund.local/page", "http://wiki.hemlund.local/page"),
    ("Foto's: https://hemlund.sharepoint.com/sites/care", "https://hemlund.sharepoint.com/sites/care"),
    ("Kijk op https://desk.hemlund.example/case/4", "desk.hemlund.example/case/4"),
    ("http://10.0.4.17/orders", "10.0.4.17"),
    (r"Staat op \\fileserver\care\foto.jpg", r"\\fileserver\care\foto.jpg"),
    ("localhost:8501", "localhost:8501"),
    # templates
    ("Hoi [naam], wat vervelend!", "[naam]"),
    ("Hi {{first_name}}, thanks", "{{first_name}}"),
    ("Hi {name}, thanks", "{name}"),
    ("Wij bellen je {dag} terug", "{dag}"),
    ("Butikken i {by sentrum} har den", "{by sentrum}"),
    ("Your order <insert number> is on its way", "<insert number>"),
    ("Levering op [datum invullen]", "[datum invullen]"),
    ("Hej [kundnamn]!", "[kundnamn]"),
    ("Hei [fyll inn navn]", "[fyll inn navn]"),
    ("Hallo [Vorname]", "[Vorname]"),
    ("Je krijgt XXX euro terug", "XXX"),
    ("Dat duurt XX dagen", "XX"),
    ("TODO: link naar retourpagina", "TODO:"),
    ("Bezorgdatum: NTB", "NTB"),
    ("Lorem ipsum dolor", "Lorem ipsum"),
    ("Je bestelnummer is ____", "____"),
    # machines
    ("As an AI language model, I cannot", "As an AI language model"),
    ("Sure! Here's a friendly reply: Hi Tom", "Sure! Here's a friendly reply:"),
    ("Here is a possible response to the customer", "Here is a possible response"),
    ("Hier is een vriendelijk conceptantwoord", "Hier is een vriendelijk conceptantwoord"),
    ("Här är ett förslag på svar till Lisa", "Här är ett förslag på svar"),
    ("Her er et utkast", "Her er et utkast"),
    ("Als KI-Sprachmodell kann ich", "Als KI-Sprachmodell"),
]

PASSED = [
    "NB: de schroeven zitten in het zakje.",
    "N.B. the offer ends on Sunday.",
    "Note that the shelf holds 15 kg.",
    "Note: our Delft store is closed today.",
    "De interne verdelers passen in elke lade.",
    "Internal dividers are sold separately.",
    "Interna hyllplan ingår.",
    "Het notitieblok zit in de doos.",
    "Notitieboekjes zijn weer op voorraad!",
    "Je ticket voor zaterdag is geldig.",
    "Your ticket number is 48213.",
    "Vår notis i appen var fel, förlåt!",
    "Intern kun je de planken verstellen, extern niet.",
    "Please don't post your address here.",
    "Please do not post personal details in public.",
    "We don't post to islands, sorry!",
    "Zet je gegevens hier liever niet neer; je nummer niet plaatsen dus.",
    "We kunnen de kast helaas niet plaatsen bij je thuis.",
    "Publicera inte ditt telefonnummer här.",
    "Ikke legg ut adressen din her.",
    "Læg ikke dine oplysninger op her.",
    "Bitte nicht deine Daten veröffentlichen.",
    "Bitte deine Nummer nicht posten!",
    "Klant is koning, ook op maandag.",
    "The customer is always right, so here you go!",
    "Als klant van Hemlund krijg je korting.",
    "Kunden är kung hos oss.",
    "On the second line you can add a flat number.",
    "Zoals in de eerste lijnen van de handleiding staat.",
    "Neem bus 12 naar de tweede halte.",
    "Lekker, een glas sap erbij!",
    "No slack in those screws, good job!",
    "The lamp is IP-44 and uses a CR-2032 battery.",
    "It meets EN-1728 and ISO-9001.",
    "Scherm je PS-5 af met dit kastje.",
    "Bekijk alles op https://www.hemlund.example/retour.",
    "Mail naar info@hemlund.example of kijk op hemlund.example.",
    "Open: ma-za 10.00-20.00.",
    "Locally sourced. Local pickup is free.",
    "Veel plezier ermee! xxx",
    "The XXL version fits two duvets.",
    "[UPDATE] The app works again.",
    "[1/2] More in the next post.",
    "He said “we will see” […] and that was it.",
    "Thanks @anna_k, great picture!",
    "Kijk eens wat @tuinvrouw ervan maakte!",
    "We <3 this so much",
    "Maat 140x200 of 90x200? Beide!",
    "Here's how you open the lid.",
    "Hier is een foto van het antwoordapparaat uit 1985.",
    "Her er et bilde av skapet.",
    "Team Hemlund wenst je fijne dagen!",
    "Groetjes, team Delft",
    "Memo-borden hangen we graag voor je op.",
    "Wait... what a room!",
    "Actie: deze week 20% korting.",
    "Vraag: welke kleur heb je? Dan zoeken we de juiste.",
    "Til deg som venter: varene kommer fredag.",
    "Unsorted laundry? This basket has three parts!",
    "Haben Sie die Teile gezählt? Die Kunden lieben diese Tüte.",
]


@pytest.mark.parametrize(("draft", "part"), HELD, ids=[draft for draft, _ in HELD])
def test_internal_language_is_held_and_pointed_at(draft: str, part: str) -> None:
    verdict = review(draft, CONTEXT)
    errors = [finding for finding in verdict.findings if finding.check == "markers" and finding.level is Level.ERROR]
    assert verdict.decision is Decision.BLOCK
    assert part in [draft[finding.start : finding.end] for finding in errors]


@pytest.mark.parametrize("draft", PASSED)
def test_ordinary_replies_pass(draft: str) -> None:
    verdict = review(draft, CONTEXT)
    assert [(finding.reason, draft[finding.start : finding.end]) for finding in verdict.findings] == []


@pytest.mark.parametrize("noise", ["INT\u200bERN: wacht", "ＩＮＴＥＲＮ: wacht", "ІNTЕRN: wacht", "  intern : wacht"])
def test_disguise_does_not_hide_a_marker(noise: str) -> None:
    assert review(noise, CONTEXT).decision is Decision.BLOCK


def test_offsets_point_into_the_draft_as_written_after_emoji_and_invisible_characters() -> None:
    draft = "👋🏽\u200b Hoi […] [na\u200bam]!"
    (finding,) = [one for one in review(draft, CONTEXT).findings if one.check == "markers"]
    assert draft[finding.start : finding.end] == "[na\u200bam]"


def test_words_of_the_customer_are_their_own() -> None:
    asked = ReviewContext(channel="x", mention="Werkt dit met Zendesk? En zie je ticket WEB-1234?", colleagues=STAFF)
    assert review("Ja, dat werkt met Zendesk!", asked).decision is Decision.PASS
    assert review("We zien WEB-1234 staan.", asked).decision is Decision.PASS
    assert review("Ja, dat werkt met Zendesk!", CONTEXT).decision is Decision.BLOCK


def test_a_customer_who_shares_a_first_name_with_a_colleague_may_be_greeted_by_handle() -> None:
    assert review("@Sanne Wat vervelend!", CONTEXT).decision is Decision.WARN
    known = ReviewContext(channel="x", mention="Hallo? groet @sanne", colleagues=STAFF)
    assert review("@Sanne Wat vervelend!", known).decision is Decision.PASS


def test_a_key_that_may_be_a_ticket_is_a_warning_only() -> None:
    verdict = review("Je artikel HBX-20441 is er weer.", CONTEXT)
    assert verdict.decision is Decision.WARN
    assert verdict.findings[0].message.startswith("“HBX-20441” looks like an internal ticket.")


def test_no_colleagues_and_no_queues_is_fine() -> None:
    bare = ReviewContext(channel="x", queue_names=())
    assert review("@jdoe @anna second_line", bare).decision is Decision.PASS


def test_every_message_quotes_the_part() -> None:
    for draft, _ in HELD:
        for finding in review(draft, CONTEXT).findings:
            assert finding.message.startswith("“")
            assert finding.message.endswith(".")
