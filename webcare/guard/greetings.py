"""How people greet, thank and take leave, by language: data, nothing else.

A word is at home in the languages it stands under and foreign in the desk's other ones. `OWN_MEANING` are foreign
greetings that are everyday words of another kind in a language; there they count only where a greeting stands.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Languages -> words and phrases that greet, thank or say goodbye in them.
AT_HOME: Mapping[str, str] = {
    "sv da": "hej, hej hej",
    "sv": "hejsan, hejdå, hej då, tjena, tjenare, hallå, tack, tack så mycket, tusen tack, tack snälla, stort tack, "
    "varsågod, varsågoda, välkommen, välkomna, hälsningar, vänliga hälsningar, med vänliga hälsningar, vänligen, kära, "
    "kram, kramar, god morgon, god kväll, ha det så bra, trevlig helg, glad påsk",
    "nb": "hei, hei hei, heisann, takk, tusen takk, mange takk, takk skal du ha, vennlig hilsen, med vennlig hilsen, "
    "vær så god, værsågod, kjære, ha det bra, god morgen, god kveld, fortsatt fin dag",
    "da": "hejsa, tak, tusind tak, mange tak, tak skal du have, venlig hilsen, med venlig hilsen, de bedste hilsner, "
    "kære, hav en god dag, hav det godt, velbekomme, god aften, god weekend",
    "nb da": "hilsen, velkommen, god helg, god dag",
    "sv nb da": "mvh",
    "nl": "hoi, hoi hoi, groetjes, groeten, groet, met vriendelijke groet, met vriendelijke groeten, "
    "vriendelijke groet, hartelijke groet, dankjewel, dank je wel, dank je, dank u wel, bedankt, alsjeblieft, "
    "tot ziens, "
    "doei, doeg, fijne dag, fijne avond, fijn weekend, goedemorgen, goedemiddag, goedenavond, goedendag, "
    "geachte, veel plezier, graag gedaan",
    "de": "guten tag, guten morgen, guten abend, viele grüße, liebe grüße, beste grüße, schöne grüße, grüße, "
    "mit freundlichen grüßen, freundliche grüße, danke, danke schön, dankeschön, vielen dank, bitte schön, tschüss, "
    "grüß gott, grüß dich, grüezi, servus, moin, gern geschehen, schönen tag, schönes wochenende, sehr geehrte, "
    "sehr geehrter, herzliche grüße, viel spaß",
    "en": "kind regards, best regards, warm regards, kindest regards, many thanks, yours sincerely, yours faithfully, "
    "dear, best wishes, you're welcome, good morning, good afternoon, good evening",
}

#: (language, foreign greeting) -> the word means something else there.
OWN_MEANING = frozenset(
    {
        ("en", "tack"), ("en", "groet"), ("en", "god dag"), ("en", "moin"), ("nl", "tak"), ("nl", "hei"),
        ("nl", "kram"), ("nl", "kramen"), ("sv", "tak"), ("nb", "tak"), ("de", "hei"), ("de", "kram"), ("sv", "groet"),
        ("da", "hei"),
        ("da", "takk"), ("sv", "takk"), ("nb", "kram"), ("da", "kram"), ("nb", "kjære"), ("da", "danke"),
        ("sv", "dear"), ("nb", "god weekend"), ("nl", "hilsen"), ("da", "god dag"), ("nl", "grüße"),
    }
)  # fmt: skip

#: Near neighbours share these without anybody noticing.
SHARED = frozenset({("sv", "god dag"), ("sv", "god helg"), ("da", "god helg"), ("nb", "god weekend")})

#: What to say in their place: kind of greeting -> language -> word. The keys' order is that of `KINDS`.
INSTEAD: Mapping[str, Mapping[str, str]] = {
    "hello": {"nl": "hoi", "en": "hi", "sv": "hej", "nb": "hei", "da": "hej", "de": "hallo"},
    "thanks": {"nl": "bedankt", "en": "thanks", "sv": "tack", "nb": "takk", "da": "tak", "de": "danke"},
    "bye": {"nl": "tot ziens", "en": "bye", "sv": "hej då", "nb": "ha det", "da": "farvel", "de": "tschüss"},
    "regards": {"nl": "groeten", "en": "kind regards", "sv": "hälsningar", "nb": "hilsen", "da": "hilsen",
                "de": "viele Grüße"},
    "welcome": {"nl": "welkom", "en": "welcome", "sv": "välkommen", "nb": "velkommen", "da": "velkommen",
                "de": "willkommen"},
}  # fmt: skip

KINDS: Mapping[str, str] = {
    "hello": "hej, hej hej, hejsan, hallå, tjena, tjenare, hei, hei hei, heisann, hejsa, hoi, hoi hoi, moin, servus, "
    "grüezi",
    "thanks": "tack, tack så mycket, tusen tack, stort tack, tack snälla, takk, tusen takk, mange takk, tak, "
    "tusind tak, mange tak, bedankt, dankjewel, dank je wel, dank je, danke, danke schön, dankeschön, vielen "
    "dank, many thanks",
    "bye": "hejdå, hej då, tot ziens, doei, doeg, tschüss, ha det bra",
    "regards": "hälsningar, vänliga hälsningar, med vänliga hälsningar, vänligen, vennlig hilsen, med vennlig hilsen, "
    "hilsen, venlig hilsen, med venlig hilsen, mvh, groetjes, groeten, groet, met vriendelijke groet, "
    "vriendelijke groet, "
    "viele grüße, liebe grüße, beste grüße, grüße, mit freundlichen grüßen, kind regards, best regards, warm regards",
    "welcome": "välkommen, välkomna, velkommen",
}

#: Every single word that greets or thanks somewhere: the language check speaks of them, the spelling check does not.
ALL = frozenset(word for words in AT_HOME.values() for phrase in words.split(",") for word in phrase.split())
