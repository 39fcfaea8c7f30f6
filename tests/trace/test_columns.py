"""Column names of a table are distinct, whatever the program calls its keys."""

from __future__ import annotations

import pytest

from gpttrace import sync
from gpttrace.testing import InstalledBpftrace


@pytest.mark.kernel
def test_a_key_called_like_the_value_column_gives_way(host_bpftrace: InstalledBpftrace) -> None:
    result = sync.run(
        'BEGIN { $count = 7; @[$count, "text"] = count(); exit(); }', bpftrace=host_bpftrace.path, keep=False
    )
    table = result.table("@")

    assert table.names == ("count_2", "value", "count")
    assert list(table.rows()) == [(7, "text", 1)]
