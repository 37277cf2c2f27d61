"""Questions that are asked together are answered as each alone, and at one pin."""

QUESTIONS = [
    {"layer": "calls", **question}
    for question in (
        {"count": True}, {"by": ["day"]}, {"by": ["nope"]}, {"by": ["weekday", "hour-of-day"]}, {"what": ["n > 2"]},
        {"by": ["category"], "order": ["-count"], "limit": 2}, {"by": ["in:plots"], "group": ["weekday=5"]},
        {"known_at": "2000-01-01", "count": True}, {"layer": "plots", "as_of": "2023-01-01", "count": True},
    )
]  # fmt: skip


def test_each_answer_is_that_of_the_question_alone(place):
    batch = place.client.post("/questions/batch", json={"questions": QUESTIONS})
    assert batch.status_code == 200, batch.text
    document = batch.json()
    assert len(document["answers"]) == len(QUESTIONS)
    for question, answer in zip(QUESTIONS, document["answers"], strict=True):
        alone = place.client.post("/questions", json=question)
        if alone.status_code != 200:
            assert answer == {"problem": alone.json()}
            continue
        assert answer["rows"] == alone.json()["rows"]
        assert answer["pin"] == alone.json()["pin"]
    again = [{**question, "known_at": document["pin"]} for question in QUESTIONS[:2]]
    pinned = place.client.post("/questions/batch", json={"questions": again}).json()
    assert [answer["rows"] for answer in pinned["answers"]] == [
        answer["rows"] for answer in document["answers"][:2]
    ]


def test_what_is_no_batch_is_refused(place):
    for document in (
        {},
        {"questions": [{}]},
        {"questions": [{"layer": "calls"}] * 51},
        {"questions": [], "x": 1},
    ):
        refused = place.client.post("/questions/batch", json=document)
        assert (refused.status_code, refused.json()["title"]) == (400, "invalid-definition")
    assert place.client.post("/questions/batch", json={"questions": []}).json()["answers"] == []
