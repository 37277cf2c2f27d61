"""Documents of indicators: closed, sound, and with weights that are one together, however deep the tree."""

from math import fsum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidDefinition, InvalidInput, NotFound
from stcloud.iaas.bundle import indicator_frames
from stcloud.paas.indicator.indicatortree import IndicatorTree, read_frame
from stcloud.testing.examples import examples

COUNT = {"numerator": {"layer": "requests"}}
FLAWED = [
    ({"titel": "x", "title": "X"}, "did you mean 'title'"),
    ({"title": "X", "direction": "up"}, "direction"),
    ({"title": "X", "denominator": 5}, "a denominator needs a numerator"),
    ({"title": "X", "entered": "values", **COUNT}, "a value that is entered is not computed"),
    ({"title": "X", "factor": 0, **COUNT}, "neither a factor nor a denominator is 0"),
    ({"title": "X", "denominator": 0, **COUNT}, "neither a factor nor a denominator is 0"),
    ({"title": "X", "denominator": True, **COUNT}, "denominator"),
    ({"title": "X", "weight": -1, **COUNT}, "weight"),
    ({"title": "X", "weight": float("nan"), **COUNT}, "weight"),
    ({"title": "X", "floor": 1, **COUNT}, "state target"),
    ({"title": "X", "target": 1, **COUNT}, "a target needs a direction"),
    ({"title": "X", "target": 1, "direction": "lower", **COUNT}, "state floor"),
    ({"title": "X", "target": 5, "floor": 1, "direction": "lower", **COUNT}, "is not better than"),
    ({"title": "X", "numerator": {"layer": "requests", "when": "2024"}}, "when is stated when values are asked for"),
    ({"title": "X", "numerator": {"layer": "requests", "measure": ["count", "sum(x)"]}}, "one measure"),
    ({"title": "X", "numerator": {"layers": "requests"}}, "layers"),
]  # fmt: skip


def tree(indicators, nodes=None, **document):
    return IndicatorTree.from_document(
        {"id": "x", "nodes": nodes or {}, "indicators": indicators} | document, name="x"
    )


@pytest.mark.parametrize(("clause", "message"), FLAWED)
def test_a_flawed_indicator_is_refused_with_what_is_wrong(clause, message):
    with pytest.raises(InvalidDefinition) as refused:
        tree({"one": clause})
    assert refused.value.kind == "invalid-definition"
    assert message in str(refused.value)


def test_what_is_no_toml_is_refused_with_its_line():
    with pytest.raises(InvalidDefinition) as refused:
        IndicatorTree.from_toml("id = \n", name="x.toml")
    assert refused.value.kind == "not-toml"
    assert "line 1" in str(refused.value)


def test_a_tree_that_does_not_hold_together_is_refused_with_all_faults():
    nodes = {
        "a": {"title": "A", "parent": "b"},
        "b": {"title": "B", "parent": "a"},
        "c": {"title": "C", "parent": "z"},
    }
    with pytest.raises(InvalidDefinition) as refused:
        tree({"one": {"title": "One", "node": "aa"}, "c": {"title": "C"}}, nodes)
    assert refused.value.kind == "unsound-indicators"
    assert len(refused.value.faults) == 5


def test_the_frames_are_there_and_empty():
    frames = [read_frame(name) for name in indicator_frames()]
    assert [len(frame.nodes) for frame in frames] == [8, 5]
    assert not any(frame.indicators for frame in frames)
    assert fsum(node.weight for node in frames[0].nodes.values()) == 100
    with pytest.raises(NotFound) as refused:
        tree({}, extends="smart-city-2061")
    assert refused.value.kind == "unknown-frame"
    with pytest.raises(InvalidInput) as refused:
        frames[0].chosen(())
    assert refused.value.kind == "no-indicators"


def test_indicators_hang_in_the_frame_that_is_extended():
    hung = tree(
        {
            "bins": {"title": "Bins", "node": "liveable_environment", **COUNT},
            "trees": {"title": "Trees", "node": "liveable_environment", **COUNT},
            "fines": {"title": "Fines", "node": "precise_governance", **COUNT},
        },
        extends="smart-city-2016",
    )
    assert hung.weights(("bins", "trees", "fines")) == (8 / 17 / 2, 8 / 17 / 2, 9 / 17)
    assert hung.weights(("bins", "fines")) == (8 / 17, 9 / 17)
    assert hung.chosen("liveable_environment") == ("bins", "trees")
    assert hung.nodes_above("precise_governance") == ("precise_governance",)
    with pytest.raises(NotFound) as refused:
        hung.chosen("bin")
    assert refused.value.nearest == ("bins",)


@given(st.data())
@settings(max_examples=examples(60))
def test_weights_are_one_together(data):
    weight = st.sampled_from([0.5, 1.0, 2.0, 7.0])
    parents = [None]
    nodes = {}
    for number in range(data.draw(st.integers(0, 6))):
        parent = data.draw(st.sampled_from(parents))
        nodes[f"n{number}"] = {"title": "N", "weight": data.draw(weight)} | (
            {"parent": parent} if parent else {}
        )
        parents.append(f"n{number}")
    indicators = {
        f"i{number}": {"title": "I", "weight": data.draw(weight)} | ({"node": node} if node else {})
        for number, node in enumerate(data.draw(st.lists(st.sampled_from(parents), min_size=1, max_size=8)))
    }
    grown = tree(indicators, nodes)
    chosen = data.draw(st.lists(st.sampled_from(sorted(indicators)), min_size=1, unique=True))
    weights = grown.weights(chosen)
    assert fsum(weights) == pytest.approx(1, abs=1e-12)
    for name, given_weight in zip(chosen, weights, strict=True):
        assert given_weight == pytest.approx(oracle(indicators, nodes, chosen, name), rel=1e-12)


def oracle(indicators, nodes, chosen, name):
    """The weight of an indicator: at each step up, its part of what is beside it, counting only what leads to one."""

    def above(each):
        path = []
        node = indicators[each].get("node")
        while node:
            path.append(node)
            node = nodes[node].get("parent")
        return path

    used = {node for each in chosen for node in above(each)}
    weight, child, parent = 1.0, ("i", name), indicators[name].get("node")
    while True:
        siblings = {("n", n): nodes[n]["weight"] for n in used if nodes[n].get("parent") == parent}
        siblings |= {("i", i): indicators[i]["weight"] for i in chosen if indicators[i].get("node") == parent}
        weight *= siblings[child] / sum(siblings.values())
        if parent is None:
            return weight
        child, parent = ("n", parent), nodes[parent].get("parent")


def test_weights_of_which_some_are_not_stated_are_unclear():
    partly = tree({"one": {"title": "One", "weight": 1}, "two": {"title": "Two"}})
    assert partly.weights(("two",)) == (1.0,)
    with pytest.raises(InvalidInput) as refused:
        partly.weights(("one", "two"))
    assert refused.value.kind == "unclear-weights"
    none = tree({"one": {"title": "One", "weight": 0}})
    with pytest.raises(InvalidInput) as refused:
        none.weights(("one",))
    assert refused.value.kind == "no-weight"
