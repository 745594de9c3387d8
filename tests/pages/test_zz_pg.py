import pytest
from desk.database import Database
from tests.pages.test_people import *
from tests.pages.test_health import TestSums, TestSetAside
@pytest.fixture
async def database(postgres_url):
    d=Database(postgres_url)
    yield d
    await d.close()
