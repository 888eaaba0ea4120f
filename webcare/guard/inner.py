"""Words that tell of the inside of a company: cause, blame, decisions, secrecy, money made, people, trouble, the past,
what "we" do, and what holds "only" for some.

A date, hour, price or rule may be told to a customer; why it is so, who decided it and what went wrong may not. One of
these words among the copied ones, or beside them in the note, and the copy is no mere fact. Written by hand in six
languages and read as one list: a word that another language uses for something harmless is left out or only costs a
hold too many. A star stands for any end of a word.
"""

from __future__ import annotations

from functools import lru_cache

from webcare.guard.normalise import fold, tokens

_INNER = {
    "nl": """
        want omdat doordat wegens vanwege daarom dankzij waardoor reden oorzaak wijten gevolg fout fouten fouti*
        vergis* verkeerd* misgegaan ongeluk* slordig* vergeten vergat kwijt* verloor verloren zoek zoekgeraakt
        beschadig* kapot* defect* schimmel* bug* storing* scanfout typfout tikfout lek onterecht illegaal onwettig nep
        leugen* lieg* loog gelogen bedrieg* bedrog fraud* onzin smoes* rommel slecht* brak waardeloos* kortsluiting
        roest* loslaat loslaten bedorven beschimmeld* muizen ratten asbest vervuil* goedgekeurd* goedkeur* akkoord*
        besloten besluit* beslis* afgewez* afwijs* wijzen afkeur* keuren weiger* coulance* compens* schadevergoeding*
        schikking* gunst uitzonder* toezeg* belofte beloofd toegeven erken* geheim* vertrouwelijk* stil stilletjes
        stiekem* expres opzettelijk bewust* achterhoud* achtergehouden verzwijg* zwijg* verberg* verstop* niemand
        zeggen zeg zegt vertel* inlicht* inlichten communiceren communicatie extern uitlekken alsof zogenaamd
        officieel eigenlijk marge* winst* verlies* inkoop* inkoopprijs kostprijs budget* omzet* target* doelstelling*
        bezuinig* bespar* faillie* failliet schuld* schulden verdienen verdient opbrengst betalingsachterstand
        aanmaning* incasso personeel* collega* teamleider* manager* leiding* directie directeur baas chef stagiair*
        uitzendkracht* monteurs magazijn* leverancier* aannemer* juridisch* jurist* advocaat boekhoud* financien
        compliance fraudeteam toezicht* inspectie consumentenbond pers krant journalist* rechtszaak* rechter aanklacht
        ziek* ontslag* ontslagen ontslaan opgezegd ruzie* staking* staken gestaakt dronken drinkt drugs cursus
        onderbezet* bezetting rooster* ingeroosterd overwerk* chaos achterstand* klant klanten klaag* klaagt klagen
        klacht* zeur* zeik* boos boze dreig* scheld* schreeuw* eist eisen lastig* verdacht* verdenk* vermoed* twijfel*
        denk denken vertrouwt wantrouw* geloof geloven raar* gek idioot dom lui geblokkeerd* blokkeer* blokker*
        geflagd zwarte score systeem* crm dossier* batch partij* database hij zij haar hun meneer mevrouw was waren
        werd werden had hadden ging gingen geweest gehad gebleken gebleven gedaan gegaan kwam kwamen bleek liet lieten
        gaf stond stonden wist wisten zei zeiden sinds geleden gisteren vorig* allang alweer overboekt* oververkocht
        overgeboekt achterloop* teruggekomen teruggehaald geretourneerd* uitgelekt schuift verschuif* uitgesteld
        uitstel* opgeheven opheff* stopt stoppen definitief verdwijn* uitfas* negeer* negeren afpoeier* sussen rekken
        tevreden binnenhalen werven volgorde prioriteit voorrang vip influencer volgers experiment laatst interne
        intern internen verdrietig dief dieven gestolen noemen noem we wij ons alleen slechts enkel maar
    """,
    "en": """
        because cos coz cuz since owing reason reasons why cause caused hence blame blamed mistake* mistaken* error*
        wrong wrongly fault* forgot forgotten lost loses losing missed misplaced damaged broke broken botched messed
        mess bug* glitch* defect* faulty typo* leak* leaked fail fails failed failing failure* unlawful* illegal*
        fake* lie lied lies lying liar fraud* cheat* nonsense rubbish* bad badly poor poorly worse worst mould* mold*
        mouldy mice rats bedbug* asbestos burnt burning peel* rust* rotten expired contaminat* overtightened approve*
        approved approval decided decide decision* agreed rejected reject* declined deny denied denies goodwill
        compensat* settlement* exception* waive* allowance admit* admitted promise* promised secret* internal*
        confidential* quiet quietly hush* deliberate* deliberately purpose intentionally withheld held hide hides
        hiding hidden nobody tell tells telling told say says said mention* announce* announc* quoting reveal*
        disclose* embargo* comms publicly official officially pretend* supposedly actually unofficial* margin* profit*
        loss losses wholesale* markup budget* revenue target* saving bleed* bankrupt* insolven* debt* owes arrears
        underpaid overcharg* unpaid staff* colleague* teammate* manager* boss management director* ceo intern interns
        temp temps employee* agent agents warehouse* supplier* contractor* lawyer* finance accounting compliance
        auditor* regulator* inspector* press newspaper* journalist* lawsuit* litigation sue sues sued council union
        sick ill fired sacked resign* quit quits suspended strike* striking drunk drinks drinking drugs thief* stole
        understaffed overworked backlog* chaos customer cust cx complain* complaint* moan* whin* angry furious
        threaten* threat* shout* swear* demand* pushy suspicious* suspect* doubt* think thinks thought reckon* trust
        trusts believe* weird* crazy idiot* stupid lazy gambles blocked blacklist* flag flagged score system* crm
        batch database logs ledger he she him his was were had did been went got came gave knew took found reported
        graded started stopped happened turned ago yesterday already anymore oversold overbook* bumped recalled pulled
        pulling discontinu* scrap* axed dropped dropping permanently ignore* fob placate priority vip influencer*
        follower* experiment internal internally refuse refuses refused refusing nag nags nagging we us only just but
        except unless stall stalls stalling stalled
    """,
    "sv": """
        eftersom pga grund orsak* anledning* därför beror bero skälet fel felet felen misstag* glömt glömde tappat
        tappade förlorat förlorade borta skadat skadad trasig* sönder bugg* skanningsfel tryckfel fejk* påhittad*
        påhittat olaglig* olagligt lögn* ljög ljuger bedrägeri* fusk* dålig* dåligt skräp mögel* mögligt möglig* möss
        råttor vägglöss asbest rost* släpper läckage läck* utgånget godkänd* godkände godkänt godkänna beslut* beslöt
        bestämt nekad* neka nekar avslag avslå* avslår avslog vägra* vägrar kulans goodwill kompens* skadestånd*
        förlikning* undantag* lova* lovat lovade medger medge erkänner hemlig* internt konfidentiell* sekretess* tyst*
        tysthet smyg* avsiktligt flit medvetet undanhåll* hålls gömmer gömt dölj* dölja ingen säga säger sagt nämn*
        nämna nämner berätta* meddelas kommunicera* kommunicerar utåt officiellt egentligen låtsas marginal* vinst*
        förlust* inköp* inköpspris budget* omsättning* besparing* spara konkurs* skulder obetald* tjänar förlorar
        personal* personalen kollega* kollegor teamledar* chef* ledning* direktör* praktikant* timanställd*
        leverantör* entreprenör* jurist* advokat* ekonomi ekonomin compliance tillsyn* facket pressen tidning*
        journalist* stämning* rättegång* åtal* konkurrent* kommunen sjuk* sjukanmäl* sjukskr* uppsagd* sparkad*
        sparken slutar bråk* strejk* berusad dricker stulit stal underbemann* kaos eftersläp* personalbrist kund
        kunden kunder klaga* klagar klagomål* gnäll* tjat* tjata arg* hota* hotar skäll* skrek kräver jobbig*
        misstänk* misstänkt tvivel* tvivlar tror tycker litar konstig* galen idiot* spärra* spärras spärrad blockera*
        flagg* flaggad systemet system crm parti partiet batch databas* register* han hon honom henne hans hennes vore
        blev hade fick gick gjorde gav stod visste sedan siden igår förra redan överbok* översåld* undanlagd*
        undanlagda tillbakadrag* återkall* utgår utgå flyttas skjuts skjuter uppskjut* läggs nedlägg* stängs ställs
        avveckl* ignorera* strunta lugna värva prioritet vip influenser följare följar* experiment intern interna dum
        dumma tjuv tjuven tjuvar meddela skuld skulden vi oss bara enbart endast men
    """,
    "nb": """
        fordi pga grunn grunnen årsak* skyldes derfor feil feilen feilpakket misforstå* glemt glemte mistet mistede
        borte skadet ødela ødelagt* ødelegg* knust bug* skannefeil trykkfeil oppdiktet juks* ulovlig* løgn* løy lyver
        svindel* svindl* dårlig* søppel mugg* muggent mus rotter veggdyr asbest svidd rust* slipper lekkasje utgått
        godkjent* godkjenn* godkjente beslut* besluttet bestemt avslag avslå* avslår avslo nekt* nekter kulanse
        goodwill kompens* erstatning* forlik unntak* innrømm* innrømmer erkjenn* hemmelig* internt konfidensiel*
        fortrolig* stillhet vilje bevisst* tilbakehold* holdes skjul* skjuler gjemm* gjemmer ingen sier sagt nevn*
        nevner nevne fortell* opplys* kommuniser* utad offisielt egentlig margin* fortjeneste* gevinst* taper innkjøp*
        innkjøpspris budsjett* omsetning* konkurs* ubetalt* tjener ansatt* ansatte personale* kollega* kolleger
        teamleder* sjef* ledelse* direktør* lærling* vikar* leverandør* entreprenør* jurist* advokat* regnskap*
        økonomi compliance tilsyn* fagforening pressen avis* avisa journalist* søksmål* rettssak* konkurrent* kommunen
        sykmeld* oppsagt* sparken slutter krangel* krangler streik* beruset drikker stjal stjålet underbemann* kaos
        etterslep* kunde kunden kunder klage klager klaget klage* sutr* masete maser mas sint* truer skjelte skrek
        krever vanskelig* mistenk* mistenkelig* tvil* tror synes stoler rar* gal idiot* treig* sperr* sperres sperret
        blokker* flagg* flagget skår* systemet system crm parti partiet batch database* register* han hun henne hans
        hennes ble hadde fikk gikk gjorde sto visste siden igår forrige sist allerede atter ventet overbook* oversolgt
        tilbakekall* tilbakekalt trekkes utgår flyttes skyves utsett* utsatt legges nedlegg* stenges innstilles
        ignorer* verve prioritet vip influenser følgere eksperiment truet mugne syk syke sykemeld* sykdom interne
        intern gjeld gjelden gjeldsordning tyv tyven tyver vi oss bare kun men
    """,
    "da": """
        fordi pga grund årsag* skyldes derfor fejl* fejlen glemt glemte mistet væk skadet ødelagt* ulovlig* løgn* løj
        snyd* svindel* dårlig* skrammel skimmel* mus rotter asbest godkendt* godkend* beslut* besluttet afslag afvis*
        nægt* kulance goodwill kompens* erstatning* forlig undtagelse* lovede indrømm* erkend* hemmelig* internt
        fortrolig* stilhed bevidst* tilbagehold* skjul* gemmer ingen sige siger sagde sagt nævn* fortæl* oplys*
        udadtil officielt egentlig margin* avance* fortjeneste* tab taber indkøb* indkøbspris budget* omsætning*
        konkurs* gæld* ubetalt* ansat* ansatte personale* kollega* kolleger teamleder* chef* ledelse* direktør*
        leverandør* entreprenør* jurist* advokat* regnskab* økonomi compliance tilsyn* pressen avis* retssag* opsagt*
        fyret skænd* strejk* fuld beruset drikker stjal underbemand* kaos kunde kunden kunder klag* brok* vred* truer
        kræver besværlig* mistænk* tvivl* tror synes stoler mærkelig* skør idiot* spærr* blokér* blokeret systemet
        system parti partiet batch database* han hun hende hans hendes blev havde fik gik gjorde gav stod vidste siden
        igår forrige allerede overbook* oversolgt tilbagekald* trækkes udgår flyttes udskyd* udsat lukkes nedlæg*
        ignorer* prioritet vip sidst truet syg syge sygemeld* interne muggen* tyv tyven vi os kun men
    """,
    "de": """
        weil wegen deshalb grund aufgrund ursache* schuld* fehler* versehen* versehentlich falsch* vergessen verloren
        beschädigt kaputt* defekt* unrechtmäßig illegal* gelogen lüg* betrug* mist schlecht* schimmel* mäuse ratten
        asbest genehmigt* genehmig* beschlossen entschied* abgelehnt ablehn* lehnen verweiger* kulanz* entschädig*
        vergleich ausnahme* versproch* zugeben zugegeben geheim* vertraulich* heimlich* absichtlich bewusst
        zurückgehalten zurückhalt* versteck* verschweig* niemand sagen sagt sagte gesagt erwähn* mitteilen
        kommunizier* offiziell eigentlich angeblich marge* gewinn* verlust* einkauf* einkaufspreis budget* umsatz*
        sparen pleite insolven* personal* kolleg* teamleit* chef* leitung* geschäftsführ* lieferant* auftragnehmer*
        jurist* anwalt* buchhaltung compliance behörde* presse zeitung* gericht* klage* klagen krank* gekündigt*
        kündigung* streit* streik* betrunken trinkt dieb* gestohlen unterbesetz* chaos kunde kunden kundin beschwer*
        nörgel* wütend droht drohen schreit fordert verdächt* vermut* zweifel* glaub* denk* traut seltsam* verrückt
        idiot* gesperrt* sperr* blockier* markiert system* batch datenbank* ihn ihm war waren wurde wurden hatte
        hatten gab ging kam wusste seit gestern bereits überbucht* überverkauft zurückgerufen rückruf* eingestellt
        verschieb* verschoben endgültig ignorier* priorität vip zuletzt intern interne internen dieb diebe schulden
        schuld wir uns nur aber
    """,
}

#: Said of what stands before it: this may not go out. Read as the list above.
_KEPT_IN = """
    geheim* vertrouwelijk* stil stilletjes zwijg* verzwijg* zeggen zeg vertel* noemen noem melden meld extern intern
    secret* confidential* quiet quietly hush mum tell telling mention* announce* embargo* public publicly internal
    hemlig* tyst sekretess* säg säga nämn nämna berätta* utåt internt hemmelig* fortrolig* konfidensiel* stille si nevn
    nevne fortell* utad hemmeligt sige nævn* fortæl* udadtil vertraulich* sagen erwähn* weitersagen
"""

#: Letters before a star.
_SHORTEST_BEGINNING = 3


def _cut(listed: str) -> tuple[frozenset[str], frozenset[str]]:
    whole: set[str] = set()
    begins: set[str] = set()
    for word in listed.split():
        if word.endswith("*"):
            begins.add(fold(word))
        else:
            whole.update(token.word for token in tokens(word))
    return frozenset(whole), frozenset(begins)


_INNER_WORDS = _cut(" ".join(_INNER.values()))
_KEPT_IN_WORDS = _cut(_KEPT_IN)


@lru_cache(maxsize=8192)
def is_inner(word: str) -> bool:
    """Whether a folded word tells of the inside. Slips of the pen are the caller's to undo."""
    return _stands(word, *_INNER_WORDS)


@lru_cache(maxsize=8192)
def is_secret(word: str) -> bool:
    """Whether a folded word asks to keep something in."""
    return _stands(word, *_KEPT_IN_WORDS)


def _stands(word: str, whole: frozenset[str], begins: frozenset[str]) -> bool:
    return word in whole or any(word[:length] in begins for length in range(_SHORTEST_BEGINNING, len(word) + 1))
