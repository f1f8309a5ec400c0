"""The short form of the fault table: every fault, each against one exchange in turn."""

import pytest

from tests.data.fault_table import ROWS, SIX, cell, text_of


@pytest.mark.parametrize("number", range(len(ROWS)), ids=lambda number: ROWS[number].fault)
async def test_a_fault_is_survived(number, tmp_path):
    row, exchange = ROWS[number], SIX[number % len(SIX)]
    outcome = await cell(row, exchange, tmp_path)
    assert outcome.wrong == []
    assert outcome.garbage == outcome.early == 0
    assert "1 of 1 survived; 0 garbage rows" in text_of({(row.fault, row.expected, exchange.id): outcome})
