"""Policies are read whole, checked against a city, and decide by one law: the first rule that fits."""

import pandas as pd
import pytest

import stcloud
from stcloud.errors import InvalidDefinition
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.principal import ANONYMOUS, Principal


def read(text):
    return Policy.from_toml(text, name="policy.toml")


def rule(**keys):
    lines = {"who": '"zhao"', "do": '"read"', "layers": '"requests"'} | keys
    return "[[allow]]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items())


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with stcloud.create(
        tmp_path_factory.mktemp("city") / "city", crs="EPSG:2193", zone="Pacific/Auckland"
    ) as made:
        frame = pd.DataFrame(
            {"id": ["a"], "at": ["2024-03-01"], "lon": [174.7], "lat": [-36.9], "phone": ["1"]}
        )
        made.load("requests", frame, key="id", time="at", lon="lon", lat="lat")
        made.load("noted", frame.drop(columns="id"), time="at", lon="lon", lat="lat")
        yield made


def test_nothing_is_allowed_without_a_rule():
    grants = read("").grants(Principal("zhao"))
    assert grants.of("requests") is None
    assert not grants.may("count", "requests")


def test_the_first_rule_that_fits_decides_everything():
    grants = read(rule(do='"count"') + rule(do='"read"', who='"signed-in"')).grants(Principal("zhao"))
    assert grants.may("count", "requests")
    assert not grants.may("read", "requests")
    assert (
        read(rule(do='"read"') + rule(do='["count", "load"]'))
        .grants(Principal("zhao"))
        .may("load", "requests")
        is False
    )


@pytest.mark.parametrize(
    ("who", "principal", "fits"),
    [
        ("zhao", Principal("zhao"), True),
        ("zhao", Principal("li"), False),
        ("role:desk", Principal("li", frozenset({"desk"})), True),
        ("role:desk", Principal("desk"), False),
        ("signed-in", Principal("li", kind="oidc"), True),
        ("signed-in", ANONYMOUS, False),
        ("anonymous", ANONYMOUS, True),
        ("anonymous", Principal("anonymous"), False),
    ],
)
def test_whom_an_entry_means(who, principal, fits):
    assert (read(rule(who=f'"{who}"')).grants(principal).of("requests") is not None) is fits


def test_a_name_may_be_a_pattern_and_who_reads_may_count():
    grants = read(rule(layers='["req*"]')).grants(Principal("zhao"))
    assert grants.may("count", "requests")
    assert grants.of("areas") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (rule(do='"reed"'), "allow.0.do.0"),
        (rule(hidden='"x"'), "unknown key; did you mean 'hide'?"),
        (rule(when='"last 7 days"'), "state the time"),
        (rule(position='"cell:70m"'), "there are no cells of '70m'"),
        (rule(columns='["a"]', hide='"b"'), "not both"),
        (rule(layers="[]"), "name layers"),
        (rule(cases='"main"', hide='"b"'), "seen whole or not at all"),
        (rule() + '[allow.mask]\nphone = "hash"\n', "secret"),
        (rule(do='"load"', hide='"b"'), "nobody may read"),
    ],
)
def test_what_is_wrong_with_a_policy_is_refused_when_it_is_read(text, words):
    with pytest.raises(InvalidDefinition, match=r"policy\.toml") as caught:
        read(text)
    assert caught.value.kind == "invalid-definition"
    assert words in str(caught.value)


def test_a_policy_of_a_newer_version_is_refused():
    with pytest.raises(InvalidDefinition, match="version 2") as caught:
        read("version = 2")
    assert caught.value.kind == "unknown-version"


def test_all_that_does_not_fit_a_city_is_listed(city):
    text = rule(layers='["requests", "reqests"]', hide='["phon"]', what='["fone = 1"]', where='["areas:A"]')
    text += rule(hide='["id"]') + rule(layers='"noted"', hide='["phone"]') + rule(cases='"main"', layers="[]")
    with pytest.raises(InvalidDefinition) as caught:
        read(text).check(city)
    assert caught.value.kind == "invalid-policy"
    faults = caught.value.faults
    for fault, words in zip(
        faults,
        ["layer 'reqests'; did you mean 'requests'", "column 'phon'; did you mean 'phone'", "no column 'fone'",
         "layer 'areas'", "made of column 'id'", "no key", "log of cases 'main'"],
        strict=True,
    ):  # fmt: skip
        assert words in fault, (words, faults)


def test_a_policy_that_fits_is_not_refused(city):
    read(
        rule(layers='"*"', when='"2024"') + rule(layers='"requests"', hide='"phone"', position='"cell:1km"')
    ).check(city)


def test_the_digest_is_that_of_all_that_the_policy_says():
    same, other = read(rule()), read(rule(do='"count"'))
    assert same.digest == read(rule()).digest != other.digest
    assert len(same.digest) == 64
    zhao, li = (same.grants(Principal(name)) for name in ("zhao", "li"))
    assert zhao.digest != li.digest
    assert li.digest == same.grants(Principal("wang")).digest


def test_no_secret_is_shown():
    policy = read(f'secret = "{"s" * 40}"\n' + rule())
    assert "sss" not in repr(policy) + repr(policy.grants(Principal("zhao")))
