"""What people say around a question: courtesies, who they are, what made them ask. It is taken out before the question is read.

Only set phrases are taken here; whole parts of a sentence that ask for nothing are `leftover.take_background`'s.
"""

from __future__ import annotations

import re

from gpttrace.spec import vocabulary
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import plain, stems

_COURTESY = re.compile(
    r"""
    \b( if[ ]((you[ ])?(please|can|could|may|like|want|wish|will|would|do[ ]not[ ]mind|don['’]t[ ]mind)
            |(it|that)[ ]is[ ](not[ ]too[ ]much[ ]trouble|all[ ]right|okay|ok|possible)|possible|i[ ]may|at[ ]all)
    | by[ ](means|way)[ ]of | i[ ]mean | that[ ]means | what[ ]i[ ]mean | it[ ]means | meaning[ ]that
    | be[ ]so[ ](kind|good)[ ](as[ ]to)? | it([ ]would|['’]d)[ ]be[ ](\w+[ ])?(kind|good|great|nice|helpful|lovely)
      ([ ]of[ ]you)?([ ]to[ ](see|know))?
    | (i|we)([ ]would|['’]d|[ ]should|[ ]wish)[ ](be[ ]|to[ ]be[ ])?(\w+[ ])?
      (glad|happy|obliged|thankful|grateful|delighted|pleased|interested|informed|told|love|like|appreciate|welcome|know)
    | (would|do)[ ]you[ ]mind | would[ ]it[ ]be[ ]possible | might[ ]i[ ]ask | could[ ]i[ ]have | may[ ]i[ ]have
    | por[ ]favor | s['’]il[ ]vous[ ]pla[iî]t | bitte | thanks[ ]in[ ]advance | many[ ]thanks | no[ ]idea[ ]why
    | for[ ]the[ ]life[ ]of[ ]me | once[ ]in[ ]a[ ]while | on[ ]earth | the[ ]hell | the[ ]heck | keep[ ]an[ ]eye[ ]on
    | all[ ]day([ ]long)? | all[ ]night([ ]long)? | all[ ]the[ ]time | all[ ]of[ ]a[ ]sudden | over[ ]and[ ]over([ ]again)?
    | again[ ]and[ ]again | at[ ]times
    | time[ ]and[ ]again | in[ ]vain | at[ ]run[ ]?time | at[ ]\d+[ ]?(%|percent) | \d+[ ]?%
    | do(es|ing)?[ ](its|their|his|her)[ ]job | (know|see|check|tell[ ]me|find[ ]out|wonder)[ ](if|whether)
    | (for[ ])?as[ ]long[ ]as[ ](i|we|you|it|they)([ ]\w+){1,3} | side[ ]by[ ]side | which[ ]ones?
    | one[ ]after[ ](another|the[ ]other)
    | (cpu[ ]|the[ ])?(load|utili[sz]ation|iowait|usage|si|sy|sys|hi)([ ]average)?
      [ ](is|at|of)[ ](at[ ])?\d+[ ]?(%|percent)?([ ]in[ ]top)?
    | (is|are|keeps?)[ ](killing|hurting|bothering|annoying)[ ](us|me) | (run|runs|ran|running)[ ]into(?=[ ][A-Z])
    | ^(\w+[ ]){0,2}(lab|exercise|homework|assignment|chapter|lesson)([ ]\d+)?(?=:)
    | ((service|user|system)[ ]account|user)(?=[ ](with|whose|having)[ ](the[ ])?(uid|user[ ]id|id))
    | (?<=uid[ ])of[ ]the[ ](user|caller|process)([ ](who|that|which)[ ]\w+[ ](it|them|this))?
    | (?<=user[ ]id[ ])of[ ]the[ ](user|caller|process)([ ](who|that|which)[ ]\w+[ ](it|them|this))?
    | ^(so[ ]|ok[ ]|help[ ])?((the|my|our|this|whole)[ ]){0,2}(box|machine|server|host|system|laptop|node|vm|computer|desktop)
      [ ](is|feels|seems|looks|gets|got|keeps|runs|goes|went)([ ](so|very|really|quite|terribly|super|extremely|being|getting))*
      [ ](slow|slowly|crawling|sluggish|laggy|lagging|hanging|unresponsive|stuttering|unusable|overloaded|dying)
      ([ ](today|again|now|lately|as[ ]hell|like[ ]hell|sometimes|at[ ]times|since[ ]\w+))*(?=[ ]?[,.:;!?])
    | \bbecause[ ](?!of\b|they\b|it\b)(?![^,.:;?]*\b(not|no|denied|refused|missing|exists?|permissions?|space|full|limit)\b)
      [^,.:;?]*(?=:)
    | audit[ ](trail|log)[ ]of(?=[ ]) | in[ ]an?[ ](\w+[ ])?loop | tail(?=[ ]latenc) | loops(?=[ ]of\b)
    | accounts?[ ]for(?=[ ](the[ ])?(most|more|largest|biggest))
    | behind[ ]my[ ]back | at[ ]\d+[ ]?(am|pm)\b | it['’]s[ ]\d+[ ]?(am|pm)\b | i[ ]need[ ]to[ ]know
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Where it is asked, how it is to be shown, and what a verb or a noun is said with that adds nothing.
_IN_PASSING = re.compile(
    r"""
    \b( ^emit(?=[ ]) | (is|are|gets?|being|be)[ ]held[ ](up|back) | held[ ](up|back)(?=[ ](in|by|because|due)\b)
    | (?<=in[ ])the[ ]context(?=[ ]of\b) | (?<=on[ ])behalf(?=[ ]of\b) | carr(y|ied|ies)[ ]out
    | accounts(?=[ ](other[ ]than|except|besides|apart|but)\b) | attributed(?=[ ]to\b) | left(?=[ ]waiting\b)
    | (over[ ]|of[ ]|for[ ]|across[ ])?all[ ](the[ ])?(processes|programs|cpus|cores|users)
      [ ](together|combined|taken[ ]together|in[ ]total|in[ ]one)
    | (?<=,[ ])(the[ ])?whole[ ](box|machine|system|host|server)\b
    | (on|in|at|from)[ ](this|the|our|my|that|one|a)[ ]
      (\w+ing[ ]|(db|database|web|mail|file|build|ci|prod|production|app|api|test|staging|master|bastion|jump|primary|replica
      |worker|edge|gateway|cache|k8s|kubernetes|proxy|backup|storage|log|whole)[ ])?
      (host|server|box|node|machine|vm|cluster|laptop|computer|workstation|bastion|rig)(?![ ](cpu|core|interface))\b
    | (on|in|at|from)[ ](web|db|app|node|host|srv|server|vm|k8s|mail|prod|stg|dev|build|ci|lb|fe|be|gw|edge|cache|worker)-?\d+\b
    | ^(the[ ]|our[ ]|my[ ])?\w+[ ](host|server|box|node|vm|laptop|machine)(?=:)
    | (on[ ]everything[ ])?(but[ ])?(but|except|without|excluding|leaving[ ]out|leave[ ]out|other[ ]than|not)[ ](for[ ])?(the[ ])?
      (idle|swapper)([ ](task|process|thread)e?s?)?([ ]\(pid[ ]0\))?(?=$|[ ,.;?])
    | as[ ]two[ ](distributions|histograms|numbers|tables|figures) | one[ ]number[ ]each
    | (?<=,[ ])(looking|hunting|searching)[ ]for[ ]\w+([ ]\w+){0,2}$ | (?<=take[ ])to[ ](finish|complete)(?=[ ,.?;]|$)
    | (would|will)[ ]be[ ](\w+[ ])?(nice|great|good|fine|perfect|lovely|helpful|useful|enough|ideal)\b
    | (?<=(our|the)[ ])c\+\+ | sorted[ ]by[ ](count|number|frequency|how[ ]often)\b
    | (every|each)[ ](night|morning|evening|afternoon)\b
    | bandwidth(?=[ ](throttl\w+|control|limit\w*)\b) | spread[ ](fairly|evenly|equally)(?![ ](over|across|among|between)\b)
    | (?<=,[ ])(and[ ])?(clear|reset)([ ](it|them|after[ ]each|each[ ]time))?$ | (reset|flush|clear)(?=[ ](each|every)[ ]\d)
    )
    | ,?[ ]and[ ](nothing|nobody|no[ ]one)[ ]else\b
    | ,?[ ]so[ ](that[ ])?(we|i|you|they)[ ](can[ ]|could[ ])?(see|know|find|tell|check)\b[^.?:;]*$
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Tools of others that show the same, and the library that is traced.
_TOOLS = re.compile(
    r"""\((?:like\ )?(?:the\ )?(?:lib\w+|\w+(?:\.(?:py|bt)|-bpfcc)|\w+(?:snoop|slower|lat|dist|life|top|stat|count|size))\)
    |(?<=\d\ )\([a-z]+\)(?=[\ ,.;?!]|$)|\((?:that|this|it)(?:['’]s|\ is)\ [^()]*\)
    |,?\ (?:like|as|à[ -]la)\ \w+(?:\ (?:from|of|in)\ (?:the\ )?(?:bcc|bpftrace)(?:\ tools?)?|\ does(?:\ it)?\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_ROLES = stems(
    "web server servers service services backend backends database daemon app application program process worker workers runtime"
)
_OWNERS = ("my", "our", "your", "their", "his", "her", "somebody's", "someone's")
_PEOPLE = plain(
    """teacher student boss manager colleague colleagues customer customers dba admin admins administrator developer developers
    intern engineer team blog docs documentation manual auditor lecturer professor friend vendor support people folks guys
    somebody someone anybody anyone everybody everyone ops devops sre oncall"""
)


def courtesies(sentence: Sentence) -> list[tuple[int, int]]:
    """Return the places of the text where courtesies and the like stand."""
    found = (match for each in (_COURTESY, _IN_PASSING, _TOOLS) for match in each.finditer(sentence.text))
    return [match.span() for match in found]


def take_around(sentence: Sentence) -> None:
    """Give courtesies and the like an empty meaning."""
    for start, end in courtesies(sentence):
        sentence.take_inside(start, end, "")


def take_owned(sentence: Sentence) -> None:
    """`my laptop`, `our web service`, `the teacher`: what belongs to the asker, when nothing else has understood it."""
    for index, token in enumerate(sentence.tokens):
        beside = [t.meaning or "" for t in sentence.tokens[max(index - 1, 0) : index + 2]]
        role = token.stem in _ROLES and any(meaning.startswith("only processes named") for meaning in beside)
        if token.meaning is None and (token.text.lower() in _PEOPLE or role):
            sentence.take(index, index, "")  # `the web server httpd`
        if token.text.lower() not in _OWNERS:
            continue
        at = index + 1
        while at < index + 4 and _is_before_owned(sentence, at):
            at += 1
        while at > index + 1 and not (sentence.is_free(at) and sentence.stem(at) in _OWNED):
            at -= 1  # `our database fights`: of the two the last that is owned
        if sentence.is_free(at) and sentence.stem(at) in _OWNED:
            sentence.take(index + 1, at, "")


def _is_before_owned(sentence: Sentence, at: int) -> bool:
    named = at < len(sentence.tokens) and (sentence.tokens[at].meaning or "").startswith(
        "only processes named"
    )
    return named or (sentence.is_free(at) and sentence.stem(at) in _KINDS_OF_OWNED)


_KINDS_OF_OWNED = stems(
    "mail trading payment search message file "
    "little old new web database application app main big small good poor own production test staging"
)
_OWNED = (
    stems(
        """laptop desktop server servers service services app apps application applications database databases db
        box boxes machine machines host hosts node nodes vm vms cluster fleet board device devices phone router
        appliance workstation notebook computer storage team platform product project code program programs
        script job jobs worker workers task daemon backend frontend website site shop api build builds pipeline
        deployment release container containers pod pods customer customers users user cpu cpus core cores disk
        disks drive ram memory network nic config setup environment system systems life day night shift work log
        logs"""
    )
    | vocabulary.EMPTY
)
