"""Documents say the same in JSON and in XML, whatever characters texts have."""

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import NotFound
from stcloud.saas.web.open311.document import FORMATS, format_of, written

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@given(
    st.lists(st.fixed_dictionaries({"code": st.integers(), "description": st.none() | _TEXTS}), max_size=3)
)
def test_both_formats_say_the_same(errors):
    assert json.loads(written(errors, FORMATS["json"], "errors")) == errors
    root = ET.fromstring(written(errors, FORMATS["xml"], "errors"))
    assert root.tag == "errors"
    assert [child.tag for child in root] == ["error"] * len(errors)
    for child, error in zip(root, errors, strict=True):
        assert child.findtext("code") == str(error["code"])
        text = child.findtext("description")
        wanted = error["description"] or ""
        if wanted.isprintable():
            assert text == wanted


def test_lists_within_documents_have_members_of_their_name():
    document = {
        "service_code": "1",
        "attributes": [{"variable": True, "values": [{"key": "a", "name": "A"}]}],
    }
    text = written(document, FORMATS["xml"], "service_definition").decode()
    assert "<attributes><attribute><variable>true</variable><values><value><key>a</key>" in text


def test_another_format_is_no_route():
    with pytest.raises(NotFound) as raised:
        format_of("yaml")
    assert raised.value.kind == "no-route"
