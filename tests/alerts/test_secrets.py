import pytest

from overheard.alerts.channels import NotDeliveredError
from overheard.alerts.secrets import read_secret


def test_where_no_place_is_named_it_is_said_which_keys_name_one() -> None:
    with pytest.raises(NotDeliveredError, match=r"the secret of crm; .*`_env`.*`_file`.*docs/alerts\.md"):
        read_secret("the secret of crm", "", "")
