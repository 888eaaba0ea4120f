"""How colleagues write to each other in six languages, as patterns; the rules that use them are in `markers`.

Written with accents as people type them; matching ignores case. Every repetition is bounded, so no draft can
make a pattern slow.
"""

from __future__ import annotations


def _lines(text: str) -> tuple[str, ...]:
    """One pattern a line."""
    return tuple(line.strip() for line in text.strip().splitlines())


def _listed(text: str) -> tuple[str, ...]:
    """Words separated by commas."""
    return tuple(" ".join(word.split()) for word in text.split(","))


#: Headings of a note or a hand-over; only at the start of a line and only with a colon, dash or bracket behind.
HEADINGS = _lines(r"""
    intern
    interne (?:notitie|opmerking|memo|info|toelichting)
    notitie
    memo
    overdracht
    escalatie
    terugkoppeling (?:winkel|magazijn|team|tweede lijn)
    (?:voorstel|concept)[ -]?(?:antwoord|reactie|reply)
    vraag (?:voor|aan) (?:collega|de |het |team|tweede)[^:\n]{0,30}
    ter info(?:rmatie)? (?:team|collega'?s)
    nog doen
    actie(?:punt(?:en)?| voor [^:\n]{1,20})
    achtergrond voor (?:collega'?s|team)
    internal
    internal (?:note|memo|comment|use|info|remark)s?
    (?:private|agent|staff|case|team) notes?
    note to (?:self|team|colleagues?|agents?|whoever)[^:\n]{0,20}
    draft
    (?:draft|suggested|proposed) (?:reply|response|answer)
    hand-?over
    handoff
    escalation
    escalated to [^:\n]{1,20}
    back ?office
    question for (?:the )?(?:team|colleagues?|second line|finance|logistics|warehouse|legal|store)[^:\n]{0,20}
    action (?:point|item|for)[^:\n]{0,20}
    to ?do
    for the next agent
    background for [^:\n]{1,20}
    internt
    intern (?:anteckning|notering|kommentar|info)
    anteckning
    notering
    utkast
    utkast till svar
    svarsförslag
    förslag (?:på|till) svar
    överlämning
    eskalering
    fråga till (?:kollega|kollegor|teamet|andra linjen|lagret|butiken)[^:\n]{0,20}
    att göra
    internt (?:notat|merknad)
    intern (?:merknad|kommentar|beskjed|besked|note|info)
    notat
    sagsnotat
    utkast til svar
    udkast
    udkast til svar
    svarforslag
    forslag til svar
    overlevering
    overdragelse
    (?:spørsmål|spørgsmål) til (?:kollega|kolleger|teamet|andrelinje|lageret)[^:\n]{0,20}
    å gjøre
    at gøre
    interne (?:notiz|anmerkung|info|bemerkung)
    interner (?:hinweis|vermerk|kommentar)
    notiz
    (?:akten|gesprächs)notiz
    vermerk
    entwurf
    antwort(?:vorschlag|entwurf)
    übergabe
    eskalation
    frage an (?:kolleg|das team|die zweite|lager|die filiale)[^:\n]{0,20}
    zu erledigen
""")

#: Openings that need nothing behind them: nobody begins a public reply this way.
OPENINGS = _lines(r"""
    alleen intern
    (?:alleen )?voor intern gebruik
    t\.?k\.?n\.? (?:team|collega)
    (?:hoi|hey|hi|dag) team
    aan (?:alle collega'?s|het team)
    ter info (?:voor )?(?:team|collega)
    (?:beste |lieve )?collega'?s
    (?:for )?internal use only
    internal only
    staff only
    team only
    fyi,? (?:team|all|guys|colleagues?)
    (?:hi|hey|hello|dear) (?:team|colleagues?)
    heads[- ]up (?:team|all)
    team,
    endast internt
    bara internt
    (?:endast )?för internt bruk
    hej team(?:et)?
    till teamet
    hej kollegor
    kun internt
    bare internt
    kun (?:for|til) intern[te]? (?:bruk|brug)
    hei team(?:et)?
    til teamet
    hei kollega(?:er|ene)?
    kære kolleger
    nur intern
    nur für den internen gebrauch
    hallo team
    an das team
    (?:liebe|hallo) kolleg(?:en|innen|:innen)
""")

#: Always internal, wherever it stands.
SECRECY = _lines(r"""
    niet (?:delen|bespreken|communiceren) (?:met|aan|naar) (?:de )?klant(?:en)?
    niet (?:tegen|aan) (?:de )?klant (?:zeggen|vertellen|melden|doorgeven)
    niet (?:naar|aan) (?:de )?klant(?:en)? (?:sturen|communiceren|toe)
    klant (?:hoeft|mag) dit niet (?:te )?weten
    niet voor publicatie
    niet extern (?:delen|communiceren)
    alleen voor intern(?:e)? gebruik
    (?:dit )?blijft (?:intern|onder ons|binnen het team)
    hou(?:d|den)? (?:dit |we dit )?intern\b
    (?:do not|don['’]?t) (?:tell|inform|mention (?:this|it) to) (?:the )?(?:customer|client|guest|buyer)s?
    (?:do not|don['’]?t) share (?:this |it )?with (?:the )?(?:customer|client|guest|buyer)s?
    not for (?:publication|the customer|external use|posting)
    internal use only
    for internal use
    internal eyes only
    (?:keep|stays?) (?:this |it |that )?(?:internal\b|between us|in[- ]house)
    off the record
    (?:the )?customer (?:must|should|may|need)(?: not|n['’]?t) (?:know|see|hear)
    (?:ej|inte) för publicering
    (?:säg|berätta|nämn) (?:det |detta )?(?:inte|ej) (?:till|för) kund(?:en)?
    (?:inte|ej) (?:dela|delas|kommunicera|kommuniceras) (?:med|till) kund(?:en)?
    dela (?:inte|ej) (?:det |detta )?med kund
    (?:endast )?för internt bruk
    (?:stannar|hålls?|behåll) (?:det |detta )?internt
    mellan oss sagt
    kunden (?:ska|får|behöver) inte veta
    ikke til publisering
    ikke (?:si|nevn|fortell)(?: det| dette)? til kunden?
    ikke del(?: det| dette)? med kunden?
    skal ikke deles med kunden?
    (?:kun )?(?:for|til) internt? bruk
    hold(?:es)? (?:det |dette )?internt
    (?:blir|bli) mellom oss
    kunden (?:skal|må|trenger) ikke (?:å )?vite
    ikke til offentliggørelse
    (?:sig|nævn) (?:det |dette )?ikke til kunden
    del ikke (?:det |dette )?med kunden
    må ikke deles med kunden
    (?:kun )?til internt? brug
    (?:forbliver|bliver) internt
    kunden (?:skal|må) ikke vide
    nicht zur veröffentlichung
    (?:dem|der|den) kund(?:en|in) (?:bitte )?nicht (?:sagen|mitteilen|verraten|erzählen)
    nicht (?:mit|an) (?:dem |den |die )?kunden? (?:teilen|besprechen|weitergeben)
    bleibt (?:bitte )?intern\b
    nur für (?:den )?intern(?:en gebrauch|e zwecke)
    nur zum? internen? gebrauch
    bleibt unter uns
""")

#: "Do not post": internal, unless the clause speaks of the customer's own data or of what we do not do.
#: Each row: the words, and what in the same clause makes them public talk.
DO_NOT_POST = (
    (
        "(?:nog )?niet (?:meer )?(?:plaatsen|posten|publiceren|online zetten)",
        "je|jij|jouw|jullie|uw|u|we|wij|ik|bestelling|order|gegevens|persoonsgegevens|adres|nummer|wachtwoord|review",
    ),
    (
        "(?:do not|don['’]?t|not to be|must not be|never) (?:be )?(?:post|publish|posted|published)(?! off)",
        "you|your|yours|we|i|they|it is|personal|private|details|number|numbers|data|address|information|passwords?",
    ),
    (
        "(?:får|ska|skall|bör) (?:inte|ej|aldrig) (?:publiceras|postas|läggas ut|delas)|"
        "(?:publicera|posta|lägg) (?:inte|ej)(?: ut)?|(?:ej|inte) (?:publicera|posta|publik)(?:s|t)?",
        "du|din|ditt|dina|er|era|ni|vi|personuppgifter|uppgifter|personnummer|adress|nummer|lösenord",
    ),
    (
        "(?:skal |må |bør )?(?:ikke|aldri) (?:publiser|publiseres|post|postes|legg(?:es)? ut)|"
        "(?:publiser|post|legg) (?:ikke|aldri)(?: ut)?",
        "du|deg|din|ditt|dine|dere|vi|jeg|personopplysninger|opplysninger|adresse|nummer|passord",
    ),
    (
        "(?:må|skal|bør) (?:ikke|aldrig) (?:offentliggøres|publiceres|postes|slås op|lægges ud|deles)|"
        "ikke (?:offentliggør|publicer|publicér|slå op|læg ud)|(?:offentliggør|publicer|læg|slå) ikke(?: ud| op)?",
        "du|dig|din|dit|dine|jer|jeres|vi|jeg|personoplysninger|oplysninger|adresse|nummer|adgangskode",
    ),
    (
        "(?:noch )?nicht (?:posten|veröffentlichen|publizieren|online stellen|veröffentlicht werden)",
        "du|dein|deine|deinen|dir|sie|ihre|ihren|ihr|wir|ich|daten|nummer|adresse|passwort|angaben",
    ),
)  # fmt: skip

#: Handles that mean a group of colleagues.
GROUP_HANDLES = _listed(r"""
    here, channel, everyone, all, team, allen, iedereen, alla, alle, finance, financien, logistiek, logistics,
    logistik, logistikk, magazijn, warehouse, lager, lageret, backoffice, back-office, first_line, second_line,
    firstline, secondline, tweedelijn, eerstelijn, andrelinje, andralinjen, juridisch, juridik, legal, transport,
    planning, supervisor, teamlead, teamleider, floormanager, duty-manager
""")

#: Lines of support, as no customer would put it.
SUPPORT_LINES = _lines(r"""
    (?:de |onze )?(?:1e|2e|1ste|2de|eerste|tweede)[- ]?lijns?(?![ -]?(?:zorg|hulp|arts|ziek|station|bus|tram|metro))
    (?:eerste|tweede)lijns?(?!zorg|hulp|arts)
    (?:to|by|with|from|for) (?:the |our )?(?:first|second|1st|2nd)[- ]line(?! of\b)
    (?:first|second|1st|2nd)[- ]line (?:team|agents?|support|queue|colleagues?)
    tier[- ]?[123] (?:team|support|queue|agents?)
    (?:till|av|från|hos|för|åt) (?:första|andra|1:a|2:a) linjen
    (?:første|andre|anden)linj(?:en?|a|eteamet)
    (?:til|av|fra|af|hos) (?:1|2)\.? ?linje
    (?:zweite|erste|first|second)[rn]? ?level[- ]?(?:support|team)?
""")

#: Tools of a desk, written as their makers write them.
SYSTEMS = _lines(r"""
    Zendesk
    Salesforce
    Freshdesk
    Coosto
    O[Bb][Ii]4wan
    Sprinklr
    Hootsuite
    ServiceNow
    Genesys
    Trengo
    Khoros
    Emplifi
    Brandwatch
    Sprout Social
    HubSpot
    Jira
    JIRA
    Confluence
    Share[Pp]oint
    Navision
    Business Central
    AS/?400
    SAP
    CRM
    WMS
    ERP
    OMS
    Power ?BI
    T(?:OP|op)desk
    MS Teams
    Microsoft Teams
    (?:in|via|op|on|på|i|auf|über) Slack
    Slack[- ](?:channel|kanaal|kanal)
""")

#: Codes in front of a dash and a number that are no ticket: standards, parts, models.
NOT_A_TICKET = frozenset(
    _listed("""
    A, AA, AAA, AC, AI, AM, B, BS, C, CE, CMYK, COVID, CR, DC, DIN, DVD, E, EAN, EN, EU, FM, FSC, G, GB, GTIN, GU,
    HD, HDMI, HTTP, IEC, IP, ISBN, ISO, KL, LED, LR, MDF, MP, MR, NEN, NS, PEFC, PM, PO, PS, RAL, RGB, RTX, SAR, SR,
    SS, TÜV, UHD, UK, UN, US, USB, UTC, UV, V, W, WIFI, X, XL, XXL
""")
)
#: Words that make the key beside them a ticket of ours.
TICKET_WORDS = "ticket|jira|issue|incident|zaak|case|ärende|sak|sag|vorgang|melding|bug"

INTERNAL_LABELS = _listed(r"""
    intranet, intra, internal, intern, wiki, confluence, jira, sharepoint, backoffice, crm, erp, wms, staging, acc,
    acceptance, test, dev, localhost, admin, vpn, gitlab, grafana, kibana
""")
INTERNAL_SUFFIXES = ("local", "internal", "intranet", "intra", "corp", "lan", "localdomain", "home\\.arpa", "test")
INTERNAL_SITES = _lines(r"""
    sharepoint\.com
    atlassian\.net
    lightning\.force\.com
    my\.salesforce\.com
    zendesk\.com/agent
    teams\.microsoft\.com
    slack\.com
    service-now\.com
    monday\.com
    trello\.com
    notion\.so
    dynamics\.com
    onedrive\.live\.com
    teams\.live\.com
""")

#: What stands between brackets when a template was not filled in.
SLOT_WORDS = _listed(r"""
    naam, voornaam, achternaam, klantnaam, bestelnummer, ordernummer, datum, bedrag, adres, winkel, invullen, vul,
    hier, product, artikel, tijd, tijdvak, medewerker, telefoonnummer, name, first name, last name, customer, order,
    order number, date, amount, address, store, insert, fill in, your name, agent, link, url, item, time, time slot,
    phone, number, tracking, city, namn, förnamn, kundnamn, kund, belopp, butik, varuhus, fyll i, infoga, tid, navn,
    fornavn, kundenavn, kunde, dato, beløp, beløb, ordrenummer, butikk, varehus, fyll inn, sett inn, indsæt, udfyld,
    vorname, nachname, kundenname, bestellnummer, betrag, adresse, filiale, einfügen, ausfüllen, uhrzeit, klant,
    stad, ort, handle, signature, ondertekening, initials, initialen
""")

#: A machine talking about its own writing.
AI_PREAMBLES = _lines(r"""
    as an ai(?: language model| assistant)?\b
    as a (?:large )?language model
    i['’]?m (?:just )?an ai\b
    (?:sure|certainly|of course|absolutely)[,!.:]? here(?:['’]?s| is| are) (?:an?|the|your|some) [^.!?\n]{0,60}:
    here(?:['’]?s| is| are)(?: an?| the| some| two| three)?(?: [a-z-]{2,15}){0,3} (?:reply|replies|responses?|draft)\b
    i hope this (?:draft|reply|response|version)\b
    (?:let me know if|would you like me|want me) (?:you['’]?d like me )?to (?:adjust|revise|rewrite|change the tone)
    (?:let me know if|would you like me|want me) (?:you['’]?d like me )?to make (?:it|this) (?:shorter|more|less)
    als (?:een )?ai[- ]?(?:taalmodel|assistent|model)?\b
    als taalmodel
    hier(?: is|bij)(?: een| het| je)?(?: [a-z]{2,15}){0,2} (?:concept|conceptantwoord|antwoordvoorstel)\b
    hier(?: is|bij)(?: een| het| je)?(?: [a-z]{2,15}){0,2} (?:voorbeeldantwoord|voorbeeldreactie)\b
    hier(?: is|bij)(?: een| het)?(?: [a-z]{2,15}){0,2} (?:antwoord|reactie) d(?:ie|at) je\b
    som (?:en )?ai[- ](?:språkmodell|sprogmodel|assistent|modell?)
    som (?:en )?(?:stor )?(?:språkmodell|sprogmodel)
    (?:här är|här kommer) (?:ett |mitt )?(?:förslag|utkast) (?:på|till) (?:ett )?svar
    (?:här är|här kommer) (?:ett |mitt )?utkast
    her er (?:et |mitt |mit )?(?:utkast|udkast|forslag til (?:et )?svar|svarforslag)
    als (?:ein )?ki[- ]?(?:sprachmodell|assistent|modell)
    als sprachmodell
    hier ist (?:ein |mein |der )?(?:entwurf|antwortvorschlag|antwortentwurf|vorschlag für (?:eine |die )?antwort)
""")

#: A sentence that begins with the bare word for customer speaks about one: the word, and what may follow it.
ABOUT_CUSTOMER = (
    (
        "klant|mevrouw|meneer",
        """
        is heeft had wil wilt wou vraagt vroeg zegt zei belt belde beweert dreigt mailt mailde stuurt stuurde
        geeft gaf krijgt kreeg moet kan komt meldt meldde wacht staat reageert klaagt lijkt blijft liegt
        accepteert weigert eist gebruikt wordt was kocht bestelde retourneerde baalt snapt begrijpt
        """,
    ),
    (
        "customer|cust|client|cx",
        """
        is has had wants wanted asks asked says said called calls claims claimed threatens threatened emailed
        needs bought ordered returned refuses demands insists keeps seems complains complained got received
        was will did does doesn't didn't expects accepted mentioned reports reported
        """,
    ),
    (
        "kund|kunden",
        """
        är har hade vill säger sa ringde ringer påstår hotar mejlade kräver fick får köpte beställde undrar
        verkar väntar behöver vägrar klagar menar
        """,
    ),
    (
        "kunde|kunden",
        """
        er har hadde havde vil ville sier siger sa ringte ringer ringede påstår truer krever kræver fikk fik
        kjøpte købte bestilte lurer virker venter trenger nekter nægter klager mener
        """,
    ),
    (
        "kunde|kundin",
        """
        ist hat hatte will wollte sagt sagte rief ruft behauptet droht schrieb fordert bekam kaufte bestellte
        möchte wirkt wartet braucht weigert meint beschwert
        """,
    ),
)
#: What makes such a sentence a saying instead.
SAYINGS = "koning|king|kung|konge|könig|always right|alltid rätt|altijd gelijk"
