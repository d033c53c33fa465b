"""What has to be known of a vendor before its adapter may be trusted, and who says so.

A new adapter starts with these questions open, each of them a red test of its own; see
docs/adding/a-liquidity-provider.md.
"""

from typing import Final

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """`source` is a page of the vendor's documents, or who of the vendor wrote it and when."""

    says: str
    source: str


QUESTIONS: Final = {
    "found_without_reply": "By what is an execution found whose reply was lost?",
    "refuses_expired": "Does the vendor itself refuse a quote that has expired, and in what words?",
    "second_record": "Which other record of the vendor holds every execution, and how is it paged?",
    "repeated": "What does a second request to execute the same quote or reference do?",
    "refusals": "Which codes say, as documented, that nothing was executed?",
    "statuses": "Which statuses are there, and which of them are final?",
    "fixes": "Which amount may be fixed: what we give, what we get, or that of the base?",
    "decimals": "How many decimals has each asset, in amounts and in rates?",
    "signature": "What exactly is signed? A vector of the vendor's stands in a test.",
    "clock": "How far may the clocks differ, and which of them is quoted in expiries?",
    "limits": "How many requests are allowed, by what are they counted, what follows a refusal?",
    "settlement": "Is it prefunded or on credit, and where are the balances to be read?",
}


def open_questions(answers: dict[str, Answer]) -> list[str]:
    return [
        question
        for name, question in QUESTIONS.items()
        if name not in answers or not (answers[name].says and answers[name].source)
    ]
