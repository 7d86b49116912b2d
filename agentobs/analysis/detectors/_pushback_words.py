"""How people reject and correct what an agent did, as data: English, and how a "no" begins in some other languages."""

import re

# Of the whole prompt: it rejects or corrects what was done.
REJECTS = (
    (
        r"\A\W*(?:no+|nope|nah|wrong|wait|undo|revert)\b(?!\s+(?:problem|worries|need|rush|longer|idea|changes?\b"
        r"|further|more\b|other|additional|objections?|complaints?|comments?|remarks?|questions?|doubts?))"
    ),
    r"\A\W*stop\b(?!\s+(?:the|a|all|any|my)\s+(?!\w+ing\b))",
    (
        r"\A\W*(?:nein|falsch|stopp|quatsch|non|faux|incorrecto|sbagliato|errado|não|нет|неправильно|неверно)\b"
        r"(?! danke| merci)"
    ),
    r"\A\W*(?:不对|不對|错了|錯了|不是这|不是這|違う|違います|いいえ|아니)",
    r"\byou (?:\w+ ){1,3}the wrong \w+",
    r"\b(?:in|into|at|to|on) the wrong (?:file|place|function|class|branch|folder|line|spot)\b",
    r"\b(?:(?:this|that|it|everything)(?:'s| is| got| looks| works)?(?: \w+)? worse|worse than (?:before|it was))\b",
    r"\b(?:that|this|it)(?:'s| is)(?: still| just)? the (?:old|previous|same old) \w+",
    r"\bdid you (?:even|actually|really|not|make (?:that|this|it) up)\b|\bwhy (?:can(?:no|')t|won't|didn't) you\b",
    (
        r"\b(?:that|this|it|which|you|you're|your \w+|the \w+(?: \w+)?)(?:'s| is| are| was| were)?(?: still| just"
        r"| completely| totally| all)? (?:wrong|incorrect|broken|nonsense)\b"
    ),
    r"\b(?:undo|revert|roll ?back)\b(?: \w+){0,2} (?:that|this|it|those|these|changes?|everything|edits?|commit)\b",
    r"\bput (?:it|that|them) back\b",
    r"\b(?:not|n't|never) (?:what|how|where|why) i (?:want|ask|mean|need|said|told|request)\w*",
    r"\bi (?:did ?n[o']t|didn't|never) (?:ask|want|tell|say|said|mean)\w*\b",
    r"\b(?:why (?:did|are|would|do|have) you|what (?:are|have|did) you (?:do|done|doing))\b",
    (
        r"\b(?:you (?:should not|shouldn't|should have|were not|weren't|were supposed|ignored|forgot|missed"
        r"|misunderstood|removed|deleted|broke|did ?n[o']t|didn't|have ?n[o']t|haven't|keep|failed)|you've (?:broken"
        r"|removed|deleted|forgotten|missed))\b"
    ),
    (
        r"(?<!not )(?<!n't )(?<!too )\b(?:bad|terrible|awful|horrible|hideous|useless|stupid|ridiculous)\b"
        r"(?=.{0,30}(?:\bidea|\bjob|\bcode|\bresult|\Z"
        r"|[.!]))"
    ),
    r"\b(?:wtf|ffs|damn it|god ?damn)\b",
    r"\bi (?:hate|dislike) (?:that|this|it|the)\b",
)
CORRECTS = (
    r"\b(?:still|again)\b.{0,30}\b(?:fail|broke|error|not work|doesn'?t|isn'?t|does not|is not|wrong|crash|same)\w*",
    (
        r"\b(?:does ?n[o']t|doesn't|do ?n[o']t|don't|did ?n[o']t|didn't|can(?:no|')t|won't|isn't|is not|aren't"
        r"|stopped|no longer) (?:\w+ )?(?:work|working|compile|compiling|build|run|start|fix|fixed|show|showing"
        r"|appear|solve|render|load)\b"
    ),
    (
        r"\b(?:same|another|new) (?:error|issue|problem|bug|exception|failure)\b"
        r"(?!.{0,30}\b(?:unrelated|independent|separate|not (?:from|because of|due to|caused by|related to))\b)"
    ),
    (
        r"\A(?!.*\b(?:errors?|bugs?|crash(?:es)?|problems?|issues?|warnings?|messages?) (?:is|are|has|have)\b)"
        r".*\b(?:is|are|has|have)(?: now| all)? (?:gone|disappeared|vanished)\b"
    ),
    (
        r"\b(?:it|this|that|which|they) used to (?:work|be|show|have|open|run)\b|\b(?:was|were) there before\b"
        r"|\bworked (?:\w+ )?before\b|\bbefore your (?:changes?|edits?|commits?|fix)\b"
    ),
    r"\b(?:bring|give (?:me|us)|i want) (?:\w+ ){0,4}back\b",
    r"\bas i (?:wrote|asked|told|requested|described|explained)\b",
    r"\bdoesn't (?:\w+ )?(?:open|look|sound|feel|behave|match|update|save|respond|do anything)\b",
    r"\buse [\w.-]+,? not \w",
    (
        r"\b(?:don't|do not|stop|never) (?:use|using|do|doing|add|adding|create|creating|change|changing|touch"
        r"|touching|remove|removing|edit|editing|write|writing|make|making|guess|guessing|mock|mocking)\b"
    ),
    r"\A\W*(?:actually|instead|rather|hmm+|hold on|but)\b",
    (
        r"\b(?:instead of|rather than)\b.{0,60}\b(?:you|that|this)\b|\bi meant\b|\bi mean\b|\bi said\b|\bi told you\b"
        r"|\bas i said\b"
    ),
    (
        r"\b(?:that|this|it|there)(?:'s| is| are) (?:not|n't) (?:right|correct|good|enough|true|it|what|quite|ideal"
        r"|necessary|needed)\b"
    ),
    r"\b(?:isn't|wasn't|aren't) (?:right|correct|good|true|quite|what)\b",
    r"\b(?:is|are|was|were) not (?:what|right|correct|true)\b",
    r"\bshould(?:n't| not) (?:be|have|do|use|need)\b|\bshould (?:have been|be \w+,? not)\b",
    (
        r"\btry again\b|\bredo\b|\bdo it again\b|\bnot (?:yet )?(?:done|finished|complete)\b|\btoo (?:much|many"
        r"|complex|complicated|long|big|verbose)\b"
    ),
    (
        r"\b(?:i|we)(?: get| got| see| am getting|'m getting|'m seeing|'re getting| keep getting"
        r"| still)\b.{0,40}\b(?:error|exception|crash|fail|nothing|undefined|warning|blank|404|500)\w*"
    ),
    r"\Ai think you (?:misunderst|are wrong|have it)\w*",
)
# Contractions as they are typed in haste: "doesnt" is "doesn't"
HASTY = r"\b(do|does|did|is|was|are|have|has|had|should|would|could|ca|wo)nt\b"
# A prompt's bare "no" that answers the agent's question.
ANSWERS = r"\A\W*(?:no+|nope|nah|nein|non|não|нет)\b[\s,.;:!-]*"
# Of the whole prompt: it accepts; a rejecting word beside is about something else ("no, that's fine").
ACCEPTS = (
    (
        r"\A\W*no\b[,.! ]+(?:thanks|thank you|that'?s (?:fine|good|all|ok|it|great)|it'?s (?:fine|good|ok)|all good"
        r"|go ahead|proceed|please (?:proceed|continue))"
    ),
    (
        r"\A\W*(?:thanks|thank you|perfect|great|looks good|lgtm|awesome|excellent|nice|good job"
        r"|well done)\b(?!.*\b(?:but|however|except|although|still|only)\b)"
    ),
    r"\A\W*not (?:bad|too (?:bad|shabby))\b(?!.*\b(?:but|however|except|although|still)\b)",
    r"\A\W*(?:wait|stop)\b (?:for|until|when|after|at|the server|and (?:write|summari))",
)


def compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Return one pattern that matches where any of these does."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE | re.DOTALL)
