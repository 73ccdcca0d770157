"""O28, edge case 66: the original's formula, what is no rating, and what is remembered."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.dialects.base import encode
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.errors import GatewayError
from gophergate.routing.classifier import Classifier, Unrated, bucket, rated_text, read_rating
from gophergate.routing.groups import Group, Rating, Rule, Target
from gophergate.routing.traits import Traits
from kit.routing import Floor, HandClock

DOOR = OpenAIChat()


def traits(said: str = "hello", call_id: str = "c1") -> Traits:
    body = encode({"model": "g", "messages": [{"role": "user", "content": said}]})
    return Traits(DOOR, body, DOOR.peek(body), call_id=call_id)


def group(*targets: str, rules: tuple[Rule, ...] = (), **rating: object) -> Group:
    return Group(
        name="g",
        strategy="classifier",
        targets=tuple(Target(model=name) for name in targets or ("a/m", "b/m", "c/m")),
        rules=rules,
        classifier=Rating(model="judge", **rating),  # type: ignore[arg-type]
    )


class Judge:
    """Answers what it was told to, and counts."""

    def __init__(self, *answers: str | GatewayError) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, str]] = []

    async def __call__(self, rating: Rating, instruction: str, text: str, call_id: str) -> str:
        self.asked.append((instruction, text, call_id))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, GatewayError):
            raise answer
        return answer


@given(rating=st.floats(0, 1000, allow_nan=False), targets=st.integers(1, 50), threshold=st.integers(1, 1000))
def test_the_bucket_is_the_originals_formula_clamped(rating: float, targets: int, threshold: int) -> None:
    expected = min(max(math.floor(rating * targets / (threshold + 1)), 0), targets - 1)
    assert bucket(rating, targets, threshold) == expected


def test_three_targets_share_ratings_of_nought_to_nine() -> None:
    assert [bucket(rating, 3, 9) for rating in range(10)] == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert bucket(-5, 3, 9) == 0
    assert bucket(99, 3, 9) == 2


@pytest.mark.parametrize(("said", "number"), [("7", 7), (" 7.\n", 7), ("**3**", 3), ("Rating: 9", 9), ("4.5", 4.5)])
def test_a_number_is_read_however_it_is_dressed(said: str, number: float) -> None:
    assert read_rating(said, Rating(model="judge")) == number


@pytest.mark.parametrize("said", ["seven", "", "7 of 9", "10", "-1", "between 3 and 5", "v7x", "1e9", "NaN", "7" * 50])
def test_words_several_numbers_and_what_is_out_of_range_are_no_rating(said: str) -> None:
    """Edge case 66."""
    with pytest.raises(Unrated, match="judge answered"):
        read_rating(said, Rating(model="judge"))


async def test_the_target_of_the_rating_is_first_then_the_harder_then_the_easier() -> None:
    classifier = Classifier(Judge("5"), HandClock())
    names, because = await classifier.rate(group(), traits())
    assert names == ("b/m", "c/m", "a/m")
    assert because == "classifier: rated 5 of 9 (by judge), so b/m"


async def test_a_rating_is_remembered_for_the_same_prompt_and_no_longer_than_wished() -> None:
    judge, clock = Judge("1", "8"), HandClock()
    classifier = Classifier(judge, clock)
    one = group(remember=60.0)
    await classifier.rate(one, traits())
    _, because = await classifier.rate(one, traits(call_id="c2"))
    assert because == "classifier: rated 1 of 9 (remembered for this prompt), so a/m"
    assert classifier.known(one, traits()) == 1
    assert classifier.known(one, traits("something else")) is None
    clock.now = 61
    assert classifier.known(one, traits()) is None
    names, _ = await classifier.rate(one, traits())
    assert names[0] == "c/m"
    assert len(judge.asked) == 2
    never = group(remember=0.0)
    await classifier.rate(never, traits("x"))
    await classifier.rate(never, traits("x"))
    assert len(judge.asked) == 4


async def test_what_is_asked_is_the_prompt_bounded_and_the_instruction_with_its_threshold() -> None:
    judge = Judge("1")
    await Classifier(judge, HandClock()).rate(group(threshold=20), traits("x" * 9000))
    instruction, text, call_id = judge.asked[0]
    assert "from 0 to 20" in instruction
    assert len(text) < 4100
    assert call_id == "c1"
    assert rated_text("short") == "short"
    own = Judge("1")
    await Classifier(own, HandClock()).rate(group(instruction="0 to {threshold}, please", threshold=3), traits())
    assert own.asked[0][0] == "0 to 3, please"


async def test_the_memory_is_bounded() -> None:
    classifier = Classifier(Judge("1"), HandClock())
    one = group()
    for number in range(10_050):
        classifier._remember(b"%d" % number, 1.0, 60.0)
    await classifier.rate(one, traits())
    assert len(classifier._known) == 10_000


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("no idea", "judge answered 'no idea', which is no number."),
        ("11", "judge answered '11', which is not from 0 to 9."),
        (GatewayError("judge is down."), "judge is down."),
    ],
)
async def test_without_a_rating_the_rules_choose_and_else_the_order_and_the_reason_is_told(
    answer: str | GatewayError, reason: str
) -> None:
    """O28, edge case 66."""
    floor = Floor()
    floor.chooser.rater = Classifier(Judge(answer), floor.clock)
    rules = (Rule(model="c/m", pattern="hard"),)
    catalog = floor.catalog(group(rules=rules))
    hard = await floor.chooser.choose(catalog, "g", traits("a hard one"))
    assert hard.deployments[0].label == "c/m"
    assert any(reason in step and "rule 1 fits" in step for step in hard.decision)
    easy = await floor.chooser.choose(catalog, "g", traits("an easy one"))
    assert [one.label for one in easy.deployments] == ["a/m", "b/m", "c/m"]


async def test_a_failure_is_not_remembered() -> None:
    judge = Judge("no idea", "8")
    classifier = Classifier(judge, HandClock())
    with pytest.raises(Unrated):
        await classifier.rate(group(), traits())
    assert (await classifier.rate(group(), traits()))[0][0] == "c/m"
