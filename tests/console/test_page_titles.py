"""Every page from the menu says where one is; its entry in the menu has the same name."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.console.conftest import OpenPage, html_of
from webcare.console import chrome
from webcare.domain import Role

MENU = [door for door in chrome._DOORS if door.place == "menu"]


@pytest.mark.parametrize("door", MENU, ids=[door.path for door in MENU])
def test_a_page_of_the_menu_has_its_name_as_its_title(open_page: OpenPage, door: chrome.Door) -> None:
    page: AppTest = open_page(door.path, Role.ADMIN)
    assert not page.exception
    assert f'<h1 class="wc-page">{door.title}</h1>' in html_of(page)


def test_the_menu_holds_nothing_of_its_own_name() -> None:
    assert "Desk" not in {door.title for door in MENU}
