"""What people say: they push back, repeat themselves, or ask for too little."""

from __future__ import annotations

from typing import Any

from _samples.labelled.pattern import Pattern, one_of

REJECTIONS = (
    "No, that's wrong. {main} must keep both entries; `{test}` shows it.",
    "That's not what I asked for. I wanted {main} fixed, not {spare}.",
    "This still doesn't work: opening an unknown id in {main} crashes as before.",
    "Please undo that. I never wanted the return value of {main} to change.",
    "You changed the wrong function in {main}, look at the one above it.",
    "Stop. Don't touch {spare}, I told you to leave it alone.",
    "Still broken. {main} drops the second entry.",
    "No!! You deleted the check in {main}. Put it back.",
    "That is incorrect, the limit in {main} is per customer.",
    "Hmm, not quite: the message in {main} should name the id.",
    "I said {main}, not {spare}. Try again.",
    "Why did you remove the check? Revert it, please.",
    "Actually no, that breaks {spare}. Do it without the second loop.",
    "Nope, same error as before when I run `{test}`.",
    "You misunderstood: both modules should keep the order, {main} doesn't.",
    "nein, das ist falsch: {main} muss beide Einträge behalten",
    "You forgot the second case in {spare}.",
    "This is worse than before, now nothing opens at all.",
    "But I asked you to leave the tests alone!",
    "Did you even run `{test}`? It fails.",
    "wrong file, I meant {main}",
    "That's the old behaviour. I need both entries, as I wrote.",
    "Again: {main} must name the id in its message. It still doesn't.",
    "The header is gone now, it was there before your change. Bring it back.",
)
AGREEMENTS = (
    "No problem, thanks! Next: explain in {spare} why the order matters, in one comment; `{test}` stays green.",
    "Great. Now please raise the limit in {spare} to 40; `{test}` must pass.",
    "Yes, go ahead and commit it with a clear message, after `{test}` passed.",
    "Perfect, exactly what I wanted. Now the same for the log line in {spare}; run `{test}`.",
    "Not bad at all! Please also name the id in the message of {spare}, tests stay green.",
    "Looks good to me. What does `Add` in {spare} return when the id is unknown?",
    "Nice. The export now has a wrong header, could you look at {spare} next? `{test}` must pass.",
    "Thanks, works now. Could you also check whether {spare} handles empty input, with `{test}`?",
    "No further remarks from me on {main}. Please update {spare} the same way; `{test}`.",
    "Good catch about the error handling. Add the same to {spare}, then run `{test}`.",
    "I don't need more detail, thanks. Now do {spare}; `{test}` is the check.",
    "Wonderful, that's right. On to {spare}: apply the limit once, `{test}` stays green.",
    "OK. Don't forget {spare}; `{test}` at the end, please.",
    "Never mind the style remarks, it is fine. Now {spare}, until `{test}` passes.",
    "That fixed it. For {spare}: stop after the first match, `{test}` has to pass.",
    "Agreed, undoing nothing here. Next please {spare}, checked by `{test}`.",
    "There is another bug, unrelated to this: {spare} drops empty lines. Fix it, `{test}` must pass.",
    "Why does the wrong-password page redirect? Explain the lines in {spare}, change nothing.",
    "No need to commit. Next, {spare}: name the limit, `{test}` stays green.",
    "Stop the dev server when you are finished. Then go on with {spare}, until `{test}` passes.",
    "I don't think this needs more, thank you! Last thing: a comment in {spare}; `{test}`.",
    "The name test_not_found is fine. Now {spare}, with `{test}` as the check.",
    "A revert is not needed. Continue with {spare}; `{test}` must pass.",
    "It doesn't crash any more, lovely. Same for {spare} please, then `{test}`.",
)


def _answer(s: Any) -> None:
    s.change(s.main)
    s.green()
    s.say(f"I changed {s.main}; `{s.world.test}` passes.")
    s.done()


def user_pushback(s: Any, i: int) -> None:
    _answer(s)
    with s.planted():
        text = REJECTIONS[i % len(REJECTIONS)]
        s.prompt(text.format(main=s.main, spare=s.spare, test=s.world.test), after=s.rng.randint(20, 200))
    s.say(s.pick("I see, I'll correct that.", "Understood."))
    s.look()


def no_user_pushback(s: Any, i: int) -> None:
    _answer(s)
    text = AGREEMENTS[i % len(AGREEMENTS)]
    s.prompt(text.format(main=s.main, spare=s.spare, test=s.world.test), after=s.rng.randint(20, 200))
    s.look()


ASKED = (
    "In {main} the second of two entries with the same id is dropped. Keep both, in their order; `{test}` must pass.",
    "Opening an unknown id in {main} crashes. Show a message that names the id instead, and cover it by a test.",
    "Rename the limit in {main} to page size everywhere, without changing what is returned; run `{test}` at the end.",
    "Explain in a comment why {main} reads everything before it filters; nothing else changes and `{test}` is green.",
)
OTHERS = (
    "Now {spare}: make its messages name the id, with `{test}` as the check.",
    "Please raise the limit of {spare} to 40 entries; the rest of the project keeps 20. `{test}` must pass.",
    "What would break in {spare} if ids became numbers? List the lines, change nothing.",
    "Add a test for empty input to {test_file}; it should fail before you touch {spare}.",
)


def _fill(s: Any, text: str) -> str:
    return text.format(main=s.main, spare=s.spare, test=s.world.test, test_file=s.world.test_file)


def _turn(s: Any, text: str) -> None:
    s.prompt(text, after=s.rng.randint(20, 200))
    s.look()
    s.say(s.pick("Here is what I found: the order is kept by the store.", "The lookup comes after the insert."))
    s.done()


def duplicate_prompt(s: Any, i: int) -> None:
    asked = _fill(s, ASKED[i % 4])
    _turn(s, asked)
    if i % 3 == 1:
        _turn(s, _fill(s, OTHERS[i % 4]))
    again = (asked, f"{asked} Please.", asked.upper() if i % 8 == 2 else asked.replace(".", "!"), asked.lower())[
        i // 4 % 4
    ]
    with s.planted():
        _turn(s, again)


def no_duplicate_prompt(s: Any, i: int) -> None:
    _turn(s, _fill(s, ASKED[i % 4]))
    _turn(s, _fill(s, OTHERS[i // 4 % 4]))
    if i % 2:
        _turn(s, _fill(s, ASKED[(i + 1 + i // 4) % 4 if (i + 1 + i // 4) % 4 != i % 4 else (i + 2) % 4]))


THIN = (
    "fix the bug", "make it better", "clean this up please", "it doesn't work, help", "improve performance",
    "refactor everything", "please finish the project", "can you make it nicer", "there is a problem, look into it",
    "do the rest", "optimize it", "add the feature we talked about", "make the app modern", "solve the issue",
    "update it to the newest stuff", "polish the whole thing a bit",
    "please have a look at the whole thing and bring it into a better shape than it is in at the moment",
    "something is off since yesterday, I don't know what exactly, can you find out and repair it for me",
    "I am not happy with how this looks and feels, do whatever you think is needed to improve the experience",
    "take everything that is left on our list for this week and work through it as far as you get today",
)  # fmt: skip
RICH = (
    "fix {main}", "make it faster: a page has to open in less than 200 ms", "clean this up, pytest must stay green",
    "it crashes with KeyError: 'cents', stop that", "improve `load` in {main}", "run npm test and repair what fails",
    "the total should be 10.00 instead of 9.99", "refactor {main} and {spare}",
    "done means: the export opens in Excel and has 5 columns", "look at {main}:12", "let `size()` be 0 for no input",
    "add a dark theme; acceptance: the toggle survives a reload", "speed up {spare}", "all links must answer with 200",
    "rename getTotal to total in {main}", "after the change `make lint` has to pass",
    "something is off since yesterday: opening a note twice shows it twice, it has to show up once",
    "I am not happy with how slow this is, take a look at {main} and see what can be done about it",
    "bring this into a better shape, whatever you do the command npm run build has to succeed afterwards",
    "take what is left on the list; it is finished when every item of NOTES.md is checked off",
)  # fmt: skip


def thin_prompt(s: Any, i: int) -> None:
    with s.planted():
        s.prompt(THIN[i % len(THIN)])
    s.say("I'll start with the code itself.")
    s.read(s.main)


def no_thin_prompt(s: Any, i: int) -> None:
    s.prompt(_fill(s, RICH[i % len(RICH)]))
    s.say("I'll start with the code itself.")
    s.read(s.main)


def subagent_inefficiency(s: Any, i: int) -> None:
    ask = f"List every function of {s.spare} with the line in which it begins. Report name and line. Do not edit."
    if i % 2:
        with s.planted():
            for turn in range(2 + i % 4 // 3):
                words = ask if turn == 0 else ask.replace("Report", "Please report") if i % 4 == 1 else ask
                with s.subagent("Map functions", words, s.model) as agent:
                    agent.read(s.spare)
                    agent.say(f"{s.spare}: load at line 6, count at line 11.")
                    agent.done()
        return
    topic, names = s.fresh(), ("shipping labels", "the newsletter", "print styles", "invoice numbering")
    with (
        s.planted(),
        s.subagent(f"Explore {names[i // 2 % 4]}", f"Find out how {names[i // 2 % 4]} works.", s.model) as agent,
    ):
        agent.read(topic)
        agent.say(
            f"{names[i // 2 % 4].capitalize()}: handled by Zebra{i}Formatter in {topic}, configured by ZEBRA_{i}_DPI."
        )
        agent.done()
    s.say("Now to something else.")
    s.look()


def no_subagent_inefficiency(s: Any, i: int) -> None:
    def used(s: Any, n: int) -> None:
        path = s.fresh()
        ask = f"Where is the limit of {path} set? Report file and line. Do not edit."
        with s.subagent("Find the limit", ask, s.model) as agent:
            agent.read(path)
            agent.say(f"The limit is set in {path}, in the last function, line {9 + n}.")
            agent.done()
        s.say(f"So {path} is the place, line {9 + n}.")
        s.read(path)
        s.change(path)

    def two_tasks(s: Any, n: int) -> None:
        first, second = s.fresh(), s.fresh()
        tasks = ((f"Which error does {first} raise for an unknown id?", first, "a plain error without the id"),
                 (f"Count the callers of the last function in {second}.", second, f"{n + 2} callers"))  # fmt: skip
        for ask, path, found in tasks:
            with s.subagent(ask.split()[0], ask, s.model) as agent:
                agent.read(path)
                agent.say(f"{path}: {found}.")
                agent.done()
        s.say(f"{first} raises {tasks[0][2]}; {second} has {tasks[1][2]}.")
        s.read(first)
        s.read(second)
        s.change(first)

    def none(s: Any, _: int) -> None:
        s.looks(2)

    one_of(s, i, used, two_tasks, used, none)


PATTERNS = {
    "user_pushback": Pattern(user_pushback, no_user_pushback, variants=24),
    "duplicate_prompt": Pattern(duplicate_prompt, no_duplicate_prompt),
    "thin_prompt": Pattern(thin_prompt, no_thin_prompt, opens=False, variants=20),
    "subagent_inefficiency": Pattern(subagent_inefficiency, no_subagent_inefficiency, codex=False),
}
